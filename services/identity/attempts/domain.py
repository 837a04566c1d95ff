"""How often a wrong password may be tried: for one account, from one network, and for one account from one network.

Only what fails counts, so that those who know their password are never in each other's way. Guesses for an account
from elsewhere do not keep its owner out: a network from which somebody has logged in to it is held to its own budget.
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

WINDOW = timedelta(minutes=15)
IPV6_PREFIX = 64
"""Whoever has one address of these many bits has all of them."""

FAMILIAR = timedelta(days=90)
"""How long after the last login from a network it is still familiar."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many attempts at once; what is used up comes back evenly over WINDOW."""

    attempts: int

    @property
    def cost_seconds(self) -> float:
        """After how long one attempt has come back."""
        return WINDOW.total_seconds() / self.attempts


@dataclass(frozen=True, slots=True)
class Limits:
    """What is allowed in each WINDOW."""

    per_account_and_address: Allowance
    """Wrong passwords for an account from one network."""
    per_account: Allowance
    """Wrong passwords for an account, wherever they come from."""
    per_address: Allowance
    """Wrong passwords from one network, whatever the accounts, and e-mail addresses that have an account already."""
    registrations: Allowance
    """Accounts made from one network."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What failures are counted under, and how many there may be."""

    key: bytes
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Trial:
    """What one attempt is held to, and what its failure counts against besides."""

    deciding: tuple[Budget, ...]
    counting: tuple[Budget, ...] = ()
    pair: bytes = b""
    """The account and the network together; a login makes the network familiar. Empty: it is no login."""


def login(limits: Limits, email: str, address: str, *, familiar: bool) -> Trial:
    """Return the trial of a login from an address, `familiar` or not; `email` is normalised."""
    own = Budget(pair(email, address), limits.per_account_and_address)
    shared = (Budget(of_account(email), limits.per_account), Budget(of_network(address), limits.per_address))
    return Trial((own,), shared, own.key) if familiar else Trial((own, *shared), (), own.key)


def password_change(limits: Limits, user_id: UUID) -> Trial:
    """Return the trial of the present password of a user who is logged in: nobody else can spend this budget."""
    return Trial((Budget(_key(f"change {user_id}"), limits.per_account_and_address),))


def registration(limits: Limits, address: str) -> tuple[Budget, Budget]:
    """Return what an account that is made counts against, and what an e-mail address that is taken does."""
    made = Budget(_key(f"registrations {network(address)}"), limits.registrations)
    return made, Budget(of_network(address), limits.per_address)


def mail(limits: Limits, address: str) -> Budget:
    """Return what counts that a mail was asked for without logging in."""
    return Budget(_key(f"mails {network(address)}"), limits.per_address)


def pair(email: str, address: str) -> bytes:
    """Return what stands for an account, which need not exist, and a network together."""
    return _key(f"account {email} address {network(address)}")


def of_account(email: str) -> bytes:
    """Return what failures for an account are counted under, whether there is one or not; `email` is normalised."""
    return _key(f"account {email}")


def of_network(address: str) -> bytes:
    """Return what failures from a network are counted under."""
    return _key(f"address {network(address)}")


def network(address: str) -> str:
    """Return the network of an address: the address itself, or its /64 in IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if (mapped := ip.ipv4_mapped) is None:
            return str(ipaddress.ip_network((int(ip), IPV6_PREFIX), strict=False))
        ip = mapped
    return str(ip)


def _key(text: str) -> bytes:
    # Not the text itself: nobody has to keep the addresses of people who have no account.
    return sha256(text.encode()).digest()
