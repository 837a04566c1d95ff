"""How often a password may be tried: for one account, and from one address."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

WINDOW = timedelta(minutes=15)
IPV6_PREFIX = 64
"""Whoever has one address of these many bits has all of them."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many attempts at once; what is used up comes back evenly over WINDOW."""

    attempts: int

    @property
    def cost(self) -> timedelta:
        """After how long one attempt has come back."""
        return WINDOW / self.attempts


def of_account(email: str) -> bytes:
    """Return what attempts on an account are counted under, whether there is one or not; `email` is normalised."""
    # Not the address itself: nobody has to keep those of people who have no account.
    return sha256(f"account {email}".encode()).digest()


def of_address(address: str) -> bytes:
    """Return what attempts from an address are counted under: the address, or its network in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return sha256(f"address {address}".encode()).digest()
    if isinstance(ip, ipaddress.IPv6Address):
        if (mapped := ip.ipv4_mapped) is None:
            return sha256(f"address {ipaddress.ip_network((int(ip), IPV6_PREFIX), strict=False)}".encode()).digest()
        ip = mapped
    return sha256(f"address {ip}".encode()).digest()
