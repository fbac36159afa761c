"""The feeds that a web page names: what it declares for programs, and what it links to for people. Pure, never raises.

In comes the text of a page and its address; out come absolute http(s) addresses, in the order of the page, once each.
They were written by a stranger: whoever asks for one has to say that it is learnt.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aggregator.parse.links import absolute
from aggregator.parse.tags import Tag, tags

READ = 1_000_000
"""Characters of a page that are read; declarations stand at its head."""
TYPES = frozenset(
    f"application/{kind}" for kind in ("rss+xml", "atom+xml", "feed+json", "rdf+xml", "xml")
) | {"text/xml"}  # fmt: skip
_OPAQUE = frozenset({"script", "style", "textarea", "title", "template", "iframe", "xmp"})
_ENDINGS = (".rss", ".atom", "/rss", "/atom", "/feed", "rss.xml", "atom.xml", "feed.xml", "feed.json", "rss.aspx")


@dataclass(frozen=True, slots=True)
class Alternates:
    """`declared`: by `<link rel=alternate>` with a feed's type. `linked`: its address looks like a feed's."""

    declared: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def alternates(page: str, url: str) -> Alternates:
    """The feeds that the page at `url` names."""
    base = url
    declared: dict[str, None] = {}
    linked: dict[str, None] = {}
    for tag in tags(page[:READ], _OPAQUE):
        if tag.closing or tag.name not in ("link", "a", "base"):
            continue
        found = tag.attributes
        link = absolute(found.get("href", ""), base).partition("#")[0]
        if not link:
            continue
        if tag.name == "base":
            base = link if base == url else base
        elif _is_declared(found.get("rel", ""), found.get("type", "")):
            declared[link] = None
        elif _looks_like_one(tag, link):
            linked[link] = None
    return Alternates(tuple(declared), tuple(link for link in linked if link not in declared))


def _is_declared(rel: str, kind: str) -> bool:
    relations = rel.lower().split()
    known = kind.partition(";")[0].strip().lower() in TYPES
    return ("alternate" in relations and known) or ("feed" in relations and (known or not kind))


def _looks_like_one(tag: Tag, link: str) -> bool:
    return tag.name == "a" and urlsplit(link).path.lower().rstrip("/").endswith(_ENDINGS)
