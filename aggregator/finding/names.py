"""Ids for feeds that have none yet, and tags from the names of folders. Pure.

An id is for ever, so it has to be one that a person would choose, and the same whenever the same list is read: it
depends on the feed's own title and address, and on which ids are taken, never on the order of the list.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import unquote, urlsplit, urlunsplit

Named = tuple[str, str]
"""A feed's title ("" = none) and its address."""

RESERVED = frozenset({"discover", "import", "export"})
"""What follows `feeds` on a command line, and would hide a feed of that name."""
LONGEST = 40
_FILLERS = frozenset(
    re.findall(r"\w+", "www feed feeds rss rss2 atom xml rdf json index default all latest php aspx asp html htm")
)
_WORDS = re.compile(r"[^a-z0-9]+")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Known:
    """Feeds that have an id. `used`: those of the settings; `shipped`: those that come with the program, with the file
    of each; both by their address as `same` has it. `former` ids are as taken as present ones.
    """

    used: Mapping[str, str] = field(default_factory=dict)
    shipped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    former: Collection[str] = ()


def ids_for(feeds: Sequence[Named], known: Known) -> list[str]:
    """An id for each, in the given order, of addresses that differ and are not in use. A feed that comes with the
    program gets the id that it has there; of the others none gets one that is taken, and no two the same.
    """
    chosen: dict[int, str] = {}
    used = {*known.used.values(), *known.former}
    for number, (_, url) in enumerate(feeds):
        at_home, _ = known.shipped.get(same(url), ("", ""))
        if at_home and at_home not in used:
            chosen[number] = at_home
    used |= {*RESERVED, *(name for name, _ in known.shipped.values())}
    for spell in (_short, _with_host):
        _settle(feeds, spell, chosen, used)
    for number, feed in enumerate(feeds):
        if number not in chosen:
            chosen[number] = _with_digest(feed, used)
            used.add(chosen[number])
    return [chosen[number] for number in range(len(feeds))]


def same(url: str) -> str:
    """An address as it is compared: host and scheme in small letters, no fragment, no default port, a path."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    host = parts.hostname or ""
    if port and (parts.scheme, port) not in (("http", 80), ("https", 443)):
        host = f"{host}:{port}"
    return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))


def tag_of(name: str) -> str:
    """The name of a folder as a tag: small letters of any script, digits and hyphens; "" if nothing is left."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _NO_WORD.sub("-", folded).strip("-")[:100].rstrip("-")


def tags_of(names: Iterable[str]) -> tuple[str, ...]:
    """The tags of these names, once each."""
    return tuple(dict.fromkeys(filter(None, map(tag_of, names))))


def _settle(feeds: Sequence[Named], spell: Callable[[Named], str], chosen: dict[int, str], used: set[str]) -> None:
    """Give this spelling to all that are alone with it; two that would share it get neither."""
    spelled = {number: spell(feed) for number, feed in enumerate(feeds) if number not in chosen}
    often = Counter(spelled.values())
    alone = {number: name for number, name in spelled.items() if name and often[name] == 1 and name not in used}
    chosen |= alone
    used |= set(alone.values())


def _short(feed: Named) -> str:
    title, url = feed
    return _slug(title) or _slug(_place(url))


def _with_host(feed: Named) -> str:
    title, url = feed
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return _slug(f"{host} {title}") if _slug(title) else _slug(" ".join([host, *_words_of_path(url)]))


def _with_digest(feed: Named, used: Collection[str]) -> str:
    digest = sha256(feed[1].encode("utf-8", "replace")).hexdigest()
    stem = _short(feed) or "feed"
    return next(name for length in range(6, 65) if (name := f"{stem}-{digest[:length]}") not in used)


def _slug(text: str) -> str:
    """Small Latin letters, digits and hyphens, cut between words; "" for a text that is mostly in another script."""
    plain = unicodedata.normalize("NFKD", text).replace("ß", "ss").replace("ø", "o").replace("ł", "l").casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    letters = sum(letter.isalnum() for letter in bare)
    name = _WORDS.sub("-", bare).strip("-")
    if len(name.replace("-", "")) * 2 < letters or len(name) < 2:
        return ""
    return name if len(name) <= LONGEST else name[: LONGEST + 1].rpartition("-")[0].rstrip("-") or name[:LONGEST]


def _host(url: str) -> str:
    """The name of the site without `www.` and its last label: `whitehouse` of www.whitehouse.gov."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return host if host.replace(".", "").isdigit() else host.rpartition(".")[0] or host


def _place(url: str) -> str:
    """The site, and what of its path says more than that it is a feed."""
    return " ".join([_host(url), *_words_of_path(url)])


def _words_of_path(url: str) -> list[str]:
    return [word for word in _WORDS.split(unquote(urlsplit(url).path).casefold()) if word not in _FILLERS]
