"""Which addresses a URL learnt from the network may reach. Pure: no look-ups, no sockets.

What the operator wrote may point anywhere. A redirect target or an item's link was written by a stranger, so it never
reaches a private, loopback, link-local or otherwise internal address unless `allow_networks` says so. In goes a URL
(read strictly, before anything is resolved) or an address (just before it is dialled); out comes a yes, or a reason in
words. The second check is the one that holds against rebinding; the first keeps away what two readers read differently.
"""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# `ipaddress.is_global` lets 12 of 28 internal addresses through on Python 3.11, so the list is our own.
_DENIED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud host's own service: public in number only
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# For IPv6 the rule is turned round: only global unicast is public, less the blocks in it that are not.
_GLOBAL_V6 = IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: any IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_PLAIN_AUTHORITY = re.compile(
    r"https?://(\[[0-9a-f:.]+\]|[^\s\\/?#@:%\[\]<>\"'`{}|^,;!$&()*+=~\x00-\x20\x7f]+)(?::[0-9]{1,5})?(?:[/?#]|\Z)",
    re.IGNORECASE,
)
_ENDS_IN_NUMBER = re.compile(r"(?:\A|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")


class AddressGuard:
    """Judges what learnt URLs may reach. `allow` are the networks that the operator opened to them."""

    def __init__(self, allow: Sequence[Network] = ()) -> None:
        self._allow = tuple(allow)

    def permits(self, address: str) -> bool:
        """May this IP address be dialled for a learnt URL? What is no address is not permitted."""
        try:
            known = ip_address(address)
        except ValueError:
            return False
        inner = _unwrapped(known)
        if any(known in network or inner in network for network in self._allow):
            return True
        return _is_public(inner)

    def objection(self, url: str) -> str:
        """Why a learnt absolute http(s) URL is refused before anything is resolved, or "" if it is not."""
        if odd := odd_spelling(url):
            return odd
        host = _host(url)
        if host == "localhost" or host.endswith(".localhost"):
            return "" if self.permits("127.0.0.1") or self.permits("::1") else "it points to this machine"
        if ":" in host or _ENDS_IN_NUMBER.search(host):
            return "" if self.permits(host) else "it points into a private network"
        return ""


def odd_spelling(url: str) -> str:
    """Why an absolute http(s) URL from the network might be read differently by two readers, or "".

    Only a plain host and port pass: no user name, no backslash, no escapes in the host, no letters that fold to others,
    no address in any but its usual spelling (`127.1`, `0x7f000001`, `127。0。0。1` are refused).
    """
    plain = _PLAIN_AUTHORITY.match(url)
    if plain is None:
        return "its host is not written plainly"
    host = plain[1].lower()
    folded = unicodedata.normalize("NFKC", host).replace("\u3002", ".")
    if folded != host and folded.isascii():
        return "its host is spelt in disguised letters"
    if _ENDS_IN_NUMBER.search(folded.rstrip(".")) and not _is_dotted_quad(folded):
        return "its address is spelt in an unusual way"
    return ""


def _host(url: str) -> str:
    """The host of a plainly written URL: lower case, without brackets and without the root's dot."""
    plain = _PLAIN_AUTHORITY.match(url)
    return plain[1].lower().strip("[]").rstrip(".") if plain else ""


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that a v4-mapped or well-known NAT64 address carries; any other address itself.

    NAT64 must be looked into, not refused: on an IPv6-only network every public IPv4 site is reached through it.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _DENIED_V4)
    return address.scope_id is None and address in _GLOBAL_V6 and not any(address in block for block in _DENIED_V6)


def _is_dotted_quad(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True
