"""Settings that name a place on a network: URLs, hosts, addresses to listen on, mailboxes, and what headers may hold.

As in `config.values`: each function takes what TOML gave, and returns the value or raises ValueError with a sentence
that says what is wrong and what would be right. Those for secrets never repeat what they were given. Pure: nothing is
resolved or asked.
"""

import base64
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from config.values import shown, text_of

Network = IPv4Network | IPv6Network

_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_HOST = re.compile(r"\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*\.?")
_MAILBOX = re.compile(rf"[\w!#$%&'*+/=?^`{{|}}~-]+(?:\.[\w!#$%&'*+/=?^`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_OUR_HEADERS = {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
_OUR_HEADERS |= {"if-none-match", "if-modified-since", "expect", "te", "upgrade", "user-agent"}


def web_url(value: object) -> str:
    """An absolute http or https URL with a host, and without a user name or password inside."""
    text = text_of(value)
    if not text:
        raise ValueError('is empty; write a URL such as "https://example.org/feed.xml"')
    if re.search(r"\s", text) or "\\" in text:
        raise ValueError("is no URL: it holds a blank or a backslash; write %20 for a blank")
    parts = _split(text)
    if parts.scheme not in ("http", "https"):
        if re.match(r"[\w-]+(\.[\w-]+)+(:\d+)?(/|$)", text):
            raise ValueError(f'is no whole URL; write "https://{text[:200]}"')
        raise ValueError("must begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user name or password; take it out of the URL and write it as a SECRET of its own")
    if not parts.hostname:
        raise ValueError('names no host; write a URL such as "https://example.org/feed.xml"')
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is no URL: {error}") from None
    if port == 0:
        raise ValueError("is no URL: there is no port 0")
    host = parts.hostname or ""
    if host and ":" not in host and not _HOST.fullmatch(host):
        raise ValueError(f"is no URL: {shown(host)} is no host name")
    return parts


def base_url(value: object) -> str:
    """The URL that links in alerts begin with; "" lets it follow `listen`. Without a slash at the end."""
    if value == "":
        return ""
    text = web_url(value)
    if "?" in text or "#" in text:
        raise ValueError("must not hold ? or #: links in alerts are made by adding to it")
    return text.rstrip("/")


def host(value: object) -> str:
    """A host name or an address, without a port."""
    text = text_of(value)
    bare = text.removeprefix("[").removesuffix("]")
    if ":" in bare:
        try:
            ip_address(bare)
        except ValueError:
            raise ValueError(f"{shown(text)} is no host name; write the port apart, as `port`") from None
        return bare
    if not text or not _HOST.fullmatch(text):
        raise ValueError(f'{shown(text)} is no host name; write it as "mail.example.org"')
    return text


def listen(value: object) -> str:
    """`HOST:PORT`, `[IPV6]:PORT`, or "" for no listener. Port 0 takes a free one."""
    text = text_of(value)
    if not text:
        return ""
    name, colon, port = text.rpartition(":")
    good_name = bool(name) and (name == "localhost" or _is_address(name))
    if not colon or not good_name or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f'{shown(text)} is no address to listen on; write it as "127.0.0.1:8321" or "[::1]:8321"')
    return text


def _is_address(name: str) -> bool:
    bracketed = name.startswith("[") and name.endswith("]")
    try:
        address = ip_address(name[1:-1] if bracketed else name)
    except ValueError:
        return False
    return bracketed == (address.version == 6)


def listen_host(address: str) -> str:
    """The host of a `listen` address, without brackets."""
    return address.rpartition(":")[0].removeprefix("[").removesuffix("]")


def inner_address(url: str) -> IPv4Address | IPv6Address | None:
    """The address that a URL names outright, if it is one of this machine or of a private network."""
    host = urlsplit(url).hostname or ""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
    return None if address.is_global else address


def is_loopback(address: str) -> bool:
    """Whether a `listen` address is reachable from this machine only."""
    name = listen_host(address)
    return name == "localhost" or ip_address(name).is_loopback


def network(value: object) -> Network:
    """`10.0.0.0/8` or a single address."""
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    text = text_of(value)
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'{shown(text)} is no network; write it as "10.0.0.0/8"') from None
    raise ValueError(f'{shown(text)} has bits set behind the slash; write "{meant}"')


def mailbox(value: object) -> str:
    """Exactly one bare mail address: no display name, no list."""
    text = text_of(value)
    if "," in text or ";" in text:
        raise ValueError('must be one address; write a list as ["a@example.org", "b@example.org"]')
    if "<" in text:
        raise ValueError('must be a bare address, without a name: "desk@example.org"')
    if len(text) > 254 or not _MAILBOX.fullmatch(text):
        raise ValueError('is no mail address; write it as "desk@example.org"')  # it may be nearly somebody's
    return text


def header_name(value: object) -> str:
    """What can stand before the colon of an HTTP header (RFC 9110, 5.1) and is not ours to set."""
    name = text_of(value)
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{shown(name)} is no header name")
    if name.lower() in _OUR_HEADERS or name.lower().startswith("webhook-"):
        raise ValueError(f"{shown(name)} is set by the program; take it out")
    return name


def header_text(text: str) -> None:
    """Raise unless this can be the value of an HTTP header: visible ASCII and blanks inside."""
    if not text or text != text.strip() or not text.isascii() or not text.isprintable():
        raise ValueError("is no header value; use ASCII characters, without blanks at the ends")


def token(text: str) -> None:
    """Raise unless this can be sent as a bearer token."""
    if not re.fullmatch(r"[!-~]{8,}", text):
        raise ValueError("must be at least 8 visible ASCII characters, without blanks")


def proxy(text: str) -> None:
    """Raise unless this is the URL of an HTTP proxy; it may hold a user name and password."""
    try:
        parts = _split(text)
    except ValueError:
        parts = _split("")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise ValueError('is no URL of a proxy; write it as "http://proxy.example.org:3128"')


def secret_url(text: str) -> None:
    """Raise unless this is a URL as `web_url` wants it, without repeating any of it."""
    try:
        web_url(text)
    except ValueError as error:
        told = str(error)
        safe = told.startswith(("holds a user", "must begin", "names no host", "is empty"))
        raise ValueError(told if safe else 'is no URL; write one such as "https://hooks.example.org/path"') from None


def signing_secret(text: str) -> None:
    """Raise unless this is a Standard Webhooks secret: `whsec_` and the base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True) if text.startswith("whsec_") else b""
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError('is no signing secret: "whsec_" and the base64 of 24 to 64 random bytes')
