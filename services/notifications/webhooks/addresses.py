"""Which addresses messages are sent to: those of the public internet alone.

A member of an organization chooses the host, and whoever has its name chooses its addresses. So each address that the
name has is judged by this table, whatever the version of Python knows (its `is_global` has changed more than once). It
lists the registries of special-purpose addresses of IANA (RFC 6890), and what clouds answer at for their own machines.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IPV4_REFUSED = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, and the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers, and metadata of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # what one cloud's machines ask about themselves
        "169.254.0.0/16",  # link-local, and metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and metadata of one cloud
        "192.0.2.0/24",  # for documents
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # for documents
        "203.0.113.0/24",  # for documents
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

IPV6_GLOBAL = IPv6Network("2000::/3")
"""All that is given out as global unicast. So mapped and compatible IPv4, NAT64, unique local, link-local, site-local,
multicast, loopback and unspecified addresses are refused as they are not in it."""

IPV6_REFUSED = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # for documents
        "2002::/16",  # 6to4, which has an IPv4 address within
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # for documents
    )
)


def may_be_sent_to(address: str, *, allow_loopback: bool = False) -> bool:
    """Tell whether messages may be sent to an address, written as a resolver gives it.

    `allow_loopback`: in development, to this machine as well. What is no address is refused.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return False
    if allow_loopback and known in (IPv4Network("127.0.0.0/8") if known.version == 4 else IPv6Network("::1/128")):
        return True
    if isinstance(known, IPv4Address):
        return not any(known in network for network in IPV4_REFUSED)
    return _is_global(known)


def _is_global(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    return address in IPV6_GLOBAL and not any(address in network for network in IPV6_REFUSED)
