"""The bytes of a web page -> the text of the statement on it, or why there is none. Pure; only memory runs out of it.

What stands around the statement is taken away by what it is and how it is called (`chrome`), and the place of the
statement is found (`frame`). Where a site says which element is the statement, the text is all that a reader sees of
it. Where it does not, trafilatura sorts out what is left, in a document of its own (`alone`): so nothing outside of
that place can sway what is read in it.
"""

import re

import trafilatura
from trafilatura.settings import use_config

from aggregator.page.alone import alone
from aggregator.page.chrome import prune
from aggregator.page.frame import places
from aggregator.page.furniture import without_furniture
from aggregator.page.headline import Headline, Told, headline, told
from aggregator.page.names import set_of
from aggregator.page.text import PageOutcome, PageText, PageUnread
from aggregator.page.tree import Element, name_of, parse, shown_text, weight
from aggregator.parse import limits
from aggregator.parse.boilerplate import without_tail
from aggregator.parse.encoding import decode_page
from aggregator.parse.gate import Document, challenge_mark, examine
from aggregator.parse.limits import Limiter

EXTRACTOR = f"feedwitness-1 trafilatura-{trafilatura.__version__}"
AS_SEEN = f"{EXTRACTOR} as-seen"
"""All that a reader sees of the place, without trafilatura's opinion of it."""

LARGEST = 5_000_000
"""Characters of a page: ten times what a long report with its tables needs."""
SHORTEST = 30
"""Letters and figures, the headline not counted, below which a text is none."""
WALL = 1_500
"""Characters that a reader sees of a bot wall, or of an error page, at most."""
FIRST_LINES = 5
"""Lines in which the headline may stand below a date or the name of a section."""

FAR_LESS = 0.4
"""Share of the letters that a reader sees, below which trafilatura has missed the text."""
_HTML_TYPES = set_of("text/html application/xhtml+xml application/xml text/xml text/plain application/octet-stream")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|title|meta|main|article|div|p|table|h1|br)\b", re.IGNORECASE)
_START = 65_536
_ERROR = re.compile(
    r"""(?:(?:error|http|ошибка|erreur)?\W{0,3}(?:40\d|41\d|429|451|50\d)\b|access denied|forbidden"""
    r"""|request (?:blocked|rejected)"""
    r"""|service unavailable|bad gateway|gateway time-?out|too many requests|(?:page )?not found|page introuvable"""
    r"""|(?:site|under) maintenance|доступ (?:ограничен|запрещ[её]н)|страница не найдена|página no encontrada).*""",
    re.IGNORECASE,
)
_AS_HTML = {
    "head": "h2",
    "list": "ul",
    "item": "li",
    "quote": "blockquote",
    "code": "pre",
    "row": "tr",
    "cell": "td",
    "lb": "br",
}
"""The names that trafilatura gives to blocks, and those of HTML."""
_CONFIG = use_config()
_CONFIG.set("DEFAULT", "MIN_EXTRACTED_SIZE", "0")
_CONFIG.set("DEFAULT", "MIN_OUTPUT_SIZE", "0")


def extract(body: bytes, content_type: str, url: str, encoding: str = "") -> PageOutcome:
    """`content_type` is the value of the HTTP header; `url` is used in words for people only; `encoding` is the
    operator's, which wins over what the page says. Gives `extract_memory` when memory runs out.
    """
    try:
        if refusal := _not_a_page(body, content_type):
            return refusal
        text = decode_page(body, content_type, encoding).text
        return _read(text) if len(text) <= LARGEST else PageUnread("too_large", f"over {LARGEST:,} characters")
    except MemoryError:
        return PageUnread("extract_memory", f"{url[:200]} needs more memory than a page may have")
    except Exception as error:  # noqa: BLE001 - lxml and trafilatura raise many things on trees that nobody foresaw
        return PageUnread("extract_error", f"{type(error).__name__}: {error}"[: limits.PROBLEM].replace("\n", " "))


def _not_a_page(body: bytes, content_type: str) -> PageUnread | None:
    if not body.strip(b"\0\r\n\t \xef\xbb\xbf"):
        return PageUnread("empty", "the body is empty")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type not in _HTML_TYPES:
        return PageUnread("not_html", f"it is {media_type[:60]}")
    if body.startswith((b"%PDF-", b"PK\x03\x04", b"GIF8", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b")):
        return PageUnread("not_html", "it is a file of another kind, whatever its content type says")
    return None


def _read(text: str) -> PageOutcome:
    if not _HTML.search(text, 0, _START):
        return PageUnread("not_html", "no element of a web page stands in it")
    if isinstance(examine(text), Document):
        return PageUnread("not_html", "it is a feed, not a web page")
    root = parse(text)
    if root is None:
        return PageUnread("extract_error", "its elements are nested too deep")
    said = told(root)
    if refusal := _wall(text, root, said):
        return refusal
    for by_name in (True, False):
        tree = root if not by_name else parse(text)
        prune(tree, by_name=by_name)
        if found := _statement(tree, said):
            return found
    return PageUnread("too_short", "no text of a statement stands on it")


def _wall(text: str, root: Element, said: Told) -> PageUnread | None:
    """Ordinary pages carry the scripts of bot walls, and speak of errors. A wall says little else."""
    mark = challenge_mark(text)
    error = _ERROR.fullmatch(said.title)
    if not mark and not error:
        return None
    if len(shown_text([root])) > WALL:
        return None
    if mark:
        return PageUnread("challenge", f"a bot wall answered instead of the page ({mark!r})")
    return PageUnread("error_page", f"its title is {said.title[:80]!r}")


def _statement(tree: Element, said: Told) -> PageText | None:
    """The text at the best place that holds any."""
    named = headline(tree, said)
    for place in places(tree, named.element):
        text, extractor = (shown_text(place.elements), AS_SEEN) if place.exact else _sorted_out(place.elements)
        if weight(_below(text, named.text)) >= SHORTEST:
            return _tidied(text, named, said.language, extractor)
    return None


def _sorted_out(elements: list[Element]) -> tuple[str, str]:
    """What trafilatura takes for the statement, and the extractor's name; or all but the menus, if it misses most."""
    document = alone(elements)
    seen = shown_text([document])
    read = _by_trafilatura(document)
    return (read, EXTRACTOR) if weight(read) >= FAR_LESS * weight(seen) else (seen, AS_SEEN)


def _by_trafilatura(document: Element) -> str:
    found = trafilatura.bare_extraction(
        document, fast=True, favor_recall=True, include_comments=False, include_tables=True, config=_CONFIG
    )
    if found is None or isinstance(found, dict):
        return ""
    for element in found.body.iter():
        element.tag = _AS_HTML.get(name_of(element), element.tag)
    return shown_text([found.body])


def _tidied(text: str, named: Headline, language: str, extractor: str) -> PageText:
    limiter = Limiter()
    text = without_tail(without_furniture(_below(text, named.text)), named.text)
    if named.text:
        text = f"{named.text}\n{text}"
    return PageText(limiter.cut(text, limits.TEXT), named.text, language, extractor, limiter.truncated)


def _below(text: str, title: str) -> str:
    """The text without the headline among its first lines: it is put on top."""
    lines = text.split("\n")
    if title in lines[:FIRST_LINES]:
        lines.remove(title)
    return "\n".join(lines)
