"""Which entry is which item: the identity policy of a feed, hashed keys, item ids, and links made comparable.

Pure. In come the entries of one document, out come names that stay the same when the same entry is listed again. The
policy is fixed once per feed, from its first document with entries (`choose_policy`), because a choice made anew for
each document could flip, and every flip would turn known items into news. Dates never decide what is new; they join
an identity only where nothing else tells entries apart.
"""

import re
from base64 import b32encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from aggregator.deciding.memory import IdentityPolicy
from aggregator.outcome import ParsedEntry
from store.events import FeedId, ItemId, Key

_GUID_TIMESTAMP = re.compile(r"#\d{4}-\d\d-\d\d[Tt ][\d:.,]+(?:[Zz]|[+-]\d\d:?\d\d)?$")
"""GOV.UK appends `#<updated>` to its Atom ids: each edit would be another item."""

_TRACKING = re.compile(
    r"(?:utm_\w*|fbclid|gclid|dclid|yclid|ysclid|msclkid|igshid|mc_cid|mc_eid|mkt_tok|_ga|_gl|cmpid|ns_\w+|xtor"
    r"|at_medium|at_campaign|wt\.mc_id|phpsessid|jsessionid|_wpnonce|nonce)",
    re.IGNORECASE,
)
_TELLTALE = {"ref": ("rss", "feed"), "source": ("rss", "feed"), "from": ("rss", "feed"), "src": ("rss", "feed")}
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)

ENOUGH_DISTINCT = 0.9
"""Share of entries that a guid (or link) must tell apart before a feed is identified by it: 0.9 % of real feeds repeat
a guid inside one document, mostly once or twice; House Clerk repeats one for all."""


def choose_policy(wish: str, entries: Sequence[ParsedEntry]) -> IdentityPolicy:
    """The policy for a feed whose settings say `wish` (auto, guid, link, title), by its first entries.

    "" while there are no entries to judge by. `dated`: guid and link repeat, so the claimed date joins them.
    """
    for policy in ("guid", "link", "title"):
        if wish == policy:
            return policy
    if not entries:
        return ""
    if _tells_apart([strip_timestamp(entry.guid) for entry in entries]):
        return "guid"
    if _tells_apart([comparable_link(entry.link) for entry in entries]):
        return "link"
    named = [entry for entry in entries if (entry.guid or entry.link) and (entry.published or entry.updated)]
    return "dated" if len(named) >= ENOUGH_DISTINCT * len(entries) else "title"


def _tells_apart(names: Sequence[str]) -> bool:
    present = [name for name in names if name]
    return min(len(present), len(set(present))) >= ENOUGH_DISTINCT * len(names)


def strip_timestamp(guid: str) -> str:
    """A guid without surrounding blanks and without a trailing `#<ISO timestamp>`."""
    return _GUID_TIMESTAMP.sub("", guid.strip())


@lru_cache(maxsize=8192)
def clean_link(link: str) -> str:
    """A link fit for showing and asking: without parameters that only say how the reader came here. "" stays ""."""
    if not link:
        return ""
    try:
        parts = urlsplit(link)
        query = parts.query
        if query:
            pairs = parse_qsl(query, keep_blank_values=True)
            kept = [(name, value) for name, value in pairs if not _is_tracking(name, value)]
            query = query if len(kept) == len(pairs) else urlencode(kept)
        fragment = "" if _is_tracking(*_pair(parts.fragment)) else parts.fragment
        path = _SESSION_IN_PATH.sub("", parts.path)
        return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))
    except ValueError:
        return link


@lru_cache(maxsize=8192)
def comparable_link(link: str) -> str:
    """A link as an alias: cleaned, canonical, the same for http and https, with and without `www.` or a final slash.

    Fragments stay: on pages that hold many statements they are what tells them apart.
    """
    if not link:
        return ""
    try:
        parts = urlsplit(str(canonicalize_url(clean_link(link), keep_fragments=True)))
        host = (parts.hostname or "").removeprefix("www.")
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
    except ValueError:
        return link
    tail = urlunsplit(("", "", parts.path.rstrip("/") or "/", parts.query, parts.fragment))
    return f"{host}{port}{tail}"


def is_home_page(comparable: str) -> bool:
    """The comparable link names a whole site: it cannot tell one statement from another."""
    return comparable.partition("/")[1:] == ("/", "")


def host_of(link: str) -> str:
    """The host that a link names, lower case, "" where there is none."""
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _is_tracking(name: str, value: str) -> bool:
    return bool(_TRACKING.fullmatch(name)) or value.lower() in _TELLTALE.get(name.lower(), ())


def _pair(fragment: str) -> tuple[str, str]:
    name, _, value = fragment.partition("=")
    return name, value


def key(kind: str, *parts: str) -> Key:
    """An alias: its kind, and 32 hex digits of the SHA-256 of what it names, length-prefixed."""
    digest = sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return Key(f"{kind}:{digest.hexdigest()[:32]}")


def item_id(feed: FeedId, identity: Key) -> ItemId:
    """The id for ever of an item first seen under this key."""
    return ItemId(f"{feed}/{b32encode(sha256(identity.encode()).digest()[:10]).decode().lower()}")
