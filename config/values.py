"""One setting's text into a value: durations, sizes, addresses, cron expressions, networks.

Each function takes what TOML gave and returns the value, or raises ValueError with a sentence that says what is wrong
and what would be right. The sentence never repeats a value that may be a secret. Pure: time zones are looked up in the
system's database, nothing else is touched.
"""

import base64
import codecs
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

Network = IPv4Network | IPv6Network

LONGEST = timedelta(days=36_500)
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?", re.ASCII)
_LOOSE_DURATION = re.compile(r"\s*(\d{1,6})\s*([a-zA-Z]*)\s*", re.ASCII)
_UNITS = {"": "s", "s": "s", "sec": "s", "second": "s", "m": "m", "min": "m", "minute": "m", "h": "h", "hr": "h"}
_UNITS |= {"hour": "h", "d": "d", "day": "d"}
_SIZE = re.compile(r"(\d{1,12})\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)", re.ASCII)
_FACTORS = {"B": 1, "kB": 1000, "KB": 1000, "KiB": 1 << 10, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|_?[\w.-]+")
_MAILBOX = re.compile(rf"[\w!#$%&'*+/=?^`{{|}}~-]+(?:\.[\w!#$%&'*+/=?^`{{|}}~-]+)*@{_LABEL}(?:\.{_LABEL})*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_OUR_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"}
)
_OUR_HEADERS |= {"if-none-match", "if-modified-since", "expect", "te", "upgrade", "user-agent"}
FEED_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the known word closest to this one, else ""."""
    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{found[0]}"?' if found else ""


def shown(value: object, limit: int = 60) -> str:
    """A value for a message: quoted, on one line, not too long."""
    text = _CONTROL.sub("�", str(value))
    return f'"{text[:limit]}…"' if len(text) > limit else f'"{text}"'


def text_of(value: object) -> str:
    """Text, as opposed to a number, a table and so on; without control characters."""
    if not isinstance(value, str):
        raise ValueError(f"wants a text in quotes, not {kind_of(value)}")  # noqa: TRY004 - pydantic wants ValueError
    if _CONTROL.search(value):
        raise ValueError("holds a line break or a control character; write it on one line")
    return value


def kind_of(value: object) -> str:
    """What a TOML value is, in words."""
    if isinstance(value, bool):
        return "true or false"
    names = ((str, "a text"), (int, "a number"), (float, "a fraction"), (dict, "a table"), (list, "a list"))
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def duration(value: object) -> timedelta:
    """`30s`, `5m`, `2h`, `7d`, and these together from large to small (`1h30m`)."""
    if isinstance(value, timedelta):
        return value
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)
    if text and isinstance(value, str) and (found := _DURATION.fullmatch(text)):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if span > LONGEST:
            raise ValueError(f"{shown(text)} is longer than {LONGEST.days}d")
        return span
    hint = "30s"
    if loose := _LOOSE_DURATION.fullmatch(text):
        unit = loose[2] if loose[2] == "s" else loose[2].lower().removesuffix("s")
        hint = loose[1] + _UNITS[unit] if unit in _UNITS else f"{int(loose[1]) * 7}d" if unit in ("w", "week") else hint
    raise ValueError(f'{shown(text)} is no duration; write it as "{hint}" (units: s, m, h, d)')


def positive_duration(value: object) -> timedelta:
    """A duration of at least a second."""
    span = duration(value)
    if span < timedelta(seconds=1):
        raise ValueError('must be at least "1s"')
    return span


def optional_duration(value: object) -> timedelta | None:
    """A duration, or "" for none."""
    return None if value is None or value == "" else positive_duration(value)


def first_fetch(value: object) -> str | timedelta:
    """`silent`, `all`, or how far back items of the first fetch may alert."""
    if value in ("silent", "all"):
        return str(value)
    try:
        return positive_duration(value)
    except ValueError:
        hint = nearest(value, ("silent", "all")) if isinstance(value, str) else ""
        raise ValueError(f'wants "silent", "all", or a duration such as "2d"{hint}') from None


def size(value: object) -> int:
    """A number of bytes from 1 KiB to 1 GiB: `10 MiB`, `500 kB`, or the bare number."""
    if isinstance(value, int) and not isinstance(value, bool):
        count = value
    elif found := _SIZE.fullmatch(text_of(value)):
        count = int(found[1]) * _FACTORS[found[2]]
    else:
        raise ValueError(f'{shown(value)} is no size; write it as "10 MiB" (units: B, kB, KiB, MB, MiB, GB, GiB)')
    if not 1 << 10 <= count <= 1 << 30:
        raise ValueError('must be from "1 KiB" to "1 GiB"')
    return count


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


def timezone(value: object) -> str:
    """A name of the IANA database, such as `Europe/Moscow`."""
    text = text_of(value)
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder of zones gives OSError
        hint = nearest(text, available_timezones())
        raise ValueError(f"there is no time zone {shown(text)}{hint or '; write one like Europe/Moscow'}") from None
    return text


def cron(value: object) -> str:
    """Five fields with cron's own meaning: minute hour day month weekday, where 0 and 7 are Sunday."""
    text = text_of(value)
    if not text:
        return ""
    fields = len(text.split())
    if fields != 5:
        raise ValueError(f'wants five fields (minute hour day month weekday), not {fields}, as in "*/5 8-22 * * 1-5"')
    try:
        next(CronSim(text, datetime(2024, 1, 1)))  # noqa: DTZ001 - only asks whether it ever comes due
    except CronSimError as error:
        raise ValueError(f"{shown(text)} is no cron expression: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError(f"{shown(text)} never comes due") from None
    return text


def mailbox(value: object) -> str:
    """Exactly one bare mail address: no display name, no list."""
    text = text_of(value)
    if "," in text or ";" in text:
        raise ValueError('must be one address; write a list as ["a@example.org", "b@example.org"]')
    if "<" in text:
        raise ValueError('must be a bare address, without a name: "desk@example.org"')
    if len(text) > 254 or not _MAILBOX.fullmatch(text):
        raise ValueError(f'{shown(text)} is no mail address; write it as "desk@example.org"')
    return text


def language(value: object) -> str:
    """A BCP 47 tag, or "" for unknown."""
    text = text_of(value)
    if text and not _LANGUAGE.fullmatch(text):
        raise ValueError(f'{shown(text)} is no language code; write it as "en", "ru" or "zh-Hans"')
    return text


def encoding(text: str) -> None:
    """Raise unless Python knows this text encoding."""
    try:
        b"aaaa".decode(codecs.lookup(text).name)
    except UnicodeError:
        return
    except LookupError:  # a codec that is no text encoding is one too
        raise ValueError('is no text encoding; write it as "utf-8" or "windows-1251"') from None


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


def feed_id(value: object) -> str:
    """A feed's id: small letters, digits and hyphens."""
    text = text_of(value)
    if not FEED_ID.fullmatch(text):
        hint = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:100]
        raise ValueError(f"{shown(text)} is no feed id: a-z, 0-9 and -" + (f'; write "{hint}"' if hint else ""))
    return text
