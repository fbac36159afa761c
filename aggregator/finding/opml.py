"""OPML 2.0 in and out: the form in which feed readers hand on their lists. Pure.

Reading takes what readers of twenty years have written: wrong case, bare ampersands, two encodings at once, folders in
folders, a file that ends too early. It walks over tags and keeps no tree; entities of the document's own stay unread,
so a list can be large but not explode. It fails with `NoList`, whose words are for people. Writing gives well-formed
XML 1.0 whatever the titles hold; what is read back is the same list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import quoteattr

from aggregator.finding.names import tag_of, tags_of
from aggregator.parse.encoding import decode
from aggregator.parse.tags import Tag, tags

MOST_BYTES = 32 << 20
MOST_FEEDS = 20_000
DEEPEST = 20
"""Folders inside of each other that become tags; those further in do not."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SEPARATORS = re.compile("[,/]+")
_NEWLINES = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


class NoList(Exception):
    """This is no list of feeds that can be read; the message says what it is instead."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of a list, as written but for blanks around it. `tags` are those of its folders and categories."""

    url: str
    title: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedList:
    """What was read. `whole` False: the document ends before its root element closes."""

    feeds: tuple[Outline, ...]
    whole: bool


def read(body: bytes) -> FeedList:
    """The feeds of an OPML document, in its order, repeated ones included."""
    if len(body) > MOST_BYTES:
        raise NoList(f"it is larger than {MOST_BYTES >> 20} MiB")
    feeds: list[Outline] = []
    folders: list[str] = []
    root, whole = "", False
    for tag in tags(decode(body, "").text):
        root = root or tag.name
        if root != "opml":
            raise NoList(_no_opml(root))
        if tag.name == "opml":
            whole = tag.closing or tag.alone
        elif tag.name == "outline" and tag.closing:
            del folders[-1:]
        elif tag.name == "outline":
            _take(tag, feeds, folders)
    if not root:
        raise NoList("there is no XML in it")
    return FeedList(tuple(feeds), whole)


def _take(tag: Tag, feeds: list[Outline], folders: list[str]) -> None:
    found = tag.attributes
    title = (found.get("title") or found.get("text") or "").strip()
    url = found.get("xmlurl", "").strip()
    if url:
        if len(feeds) == MOST_FEEDS:
            raise NoList(f"it lists over {MOST_FEEDS} feeds; divide it")
        categories = _SEPARATORS.split(found.get("category", ""))
        named = tags_of([*folders[:DEEPEST], *categories[:DEEPEST]])
        feeds.append(Outline(url, title, found.get("language", "").strip(), named))
    if not tag.alone:
        folders.append("" if url else title)


def _no_opml(root: str) -> str:
    if root in ("rss", "feed", "rdf:rdf"):
        return "it is a feed itself, not a list of feeds: `feedwitness feeds discover` takes the address of one"
    return "it is a web page" if root == "html" else f"its root element is <{root[:40]}>, not <opml>"


def write(feeds: Iterable[Outline], title: str, at: datetime) -> str:
    """The document. Each feed stands in the folder of its first tag, all its tags are its categories; those without
    tags come first. `at` (aware) is when the list was made.
    """
    foldered: dict[str, list[Outline]] = {"": []}
    for feed in feeds:
        foldered.setdefault(feed.tags[0] if feed.tags else "", []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<opml version="2.0">',
        "  <head>",
        f"    <title>{_attribute(title)[1:-1]}</title>",
        f"    <dateCreated>{format_datetime(at)}</dateCreated>",
        "  </head>",
        "  <body>",
    ]
    for folder, inside in foldered.items():
        if not folder:
            lines += (f"    {_element(feed)}" for feed in inside)
            continue
        lines.append(f"    <outline text={_attribute(folder)}>")
        lines += (f"      {_element(feed)}" for feed in inside)
        lines.append("    </outline>")
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def _element(feed: Outline) -> str:
    name = feed.title or feed.url
    pairs = {"type": "rss", "text": name, "title": feed.title, "xmlUrl": feed.url, "language": feed.language}
    pairs["category"] = ",".join(filter(None, map(tag_of, feed.tags)))
    return f"<outline {' '.join(f'{key}={_attribute(value)}' for key, value in pairs.items() if value)}/>"


def _attribute(value: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", value), _NEWLINES)
