"""Which address holds what has left a feed's list: the page after the one that was read. Pure.

In comes a document and where it came from; out comes an `OlderPage` to ask next, or None where the feed offers none.
Known ways, in this order: the link that the document itself gives (RFC 5005 `prev-archive` or `next`, JSON Feed
`next_url`), the Kremlin's `…/feed/page/2`, and `?paged=2` where WordPress made the document. Addresses may point
anywhere: the document, which a stranger wrote, gave them, so whoever asks them has to ask as for all that was learnt.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aggregator.outcome import ParsedFeed

MOST_PAGES = 10
"""Older pages that are read for one gap."""

Way = Literal["linked", "kremlin", "wordpress"]
WAYS: tuple[Way, ...] = ("linked", "kremlin", "wordpress")

_KREMLIN_PATH = re.compile(r"(/(?:\S*/)?feed)(?:/page/\d+)?/?")


@dataclass(frozen=True, slots=True)
class OlderPage:
    """A page to ask. The feed's own document is page 1, so `number` is 2 or more; `way` is how its address is known."""

    url: str
    number: int
    way: Way


def first_page(url: str, document: ParsedFeed) -> OlderPage | None:
    """The page after the feed's own document, which came from `url`; None if the feed offers none."""
    if document.older and document.older != url:
        return OlderPage(document.older, 2, "linked")
    try:
        numbered = _numbered(url, _way(url, document), 2)
    except ValueError:
        return None
    return numbered if numbered and numbered.url != url else None


def page_after(page: OlderPage, document: ParsedFeed) -> OlderPage | None:
    """The page after this one, which gave `document`; None after the last, or where it leads back to itself."""
    if page.way != "linked":
        return _numbered(page.url, page.way, page.number + 1)
    if not document.older or document.older == page.url:
        return None
    return OlderPage(document.older, page.number + 1, "linked")


def _way(url: str, document: ParsedFeed) -> Way | None:
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "kremlin.ru" or host.endswith(".kremlin.ru"):
        return "kremlin"
    return "wordpress" if "wordpress" in document.generator.casefold() else None


def _numbered(url: str, way: Way | None, number: int) -> OlderPage | None:
    """The address of the page with this number. ValueError for what is no URL."""
    if way is None:
        return None
    parts = urlsplit(url)
    if way == "kremlin":
        feed = _KREMLIN_PATH.fullmatch(parts.path)
        return OlderPage(urlunsplit(parts._replace(path=f"{feed[1]}/page/{number}")), number, way) if feed else None
    pairs = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "paged"]
    return OlderPage(urlunsplit(parts._replace(query=urlencode([*pairs, ("paged", str(number))]))), number, way)
