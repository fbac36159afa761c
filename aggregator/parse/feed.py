"""The bytes of a feed document -> `ParsedFeed`, or a `ParseFailed` with a named reason. Pure; never raises.

The only module that calls feedparser (RSS 0.9x-2.0, RDF, Atom 0.3 and 1.0, CDF); JSON Feed is read next door. It may
take seconds of CPU and much memory for a hostile body, so the daemon calls it in the child process of `pool`.

feedparser gets a stream, never bytes or str: it would open the file or the URL that a body names. It does not get the
document's URL: it would rewrite identifiers by it. It gets UTF-8 with a harmless prolog, so its own guesses about
encodings and DOCTYPEs, which are wrong or endless for some inputs, have nothing to do.
"""

import copy
import io
import re
from dataclasses import replace
from typing import Any
from xml.sax import SAXException

import feedparser
from feedparser.util import FeedParserDict

from aggregator.outcome import ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse import jsonfeed, limits
from aggregator.parse.encoding import Decoded, decode
from aggregator.parse.entry import Context, Fields, read_entry, stored, title_of
from aggregator.parse.gate import Document, examine
from aggregator.parse.links import absolute
from aggregator.parse.reuse import Memory, Split, split
from aggregator.parse.tombstones import read_tombstones
from aggregator.parse.visible import language_tag, one_line

PARSER = f"feedwitness-1 feedparser-{feedparser.__version__}"
"""What read a document: an event says it, because another reading of the same bytes is no news."""

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_FORMATS = {"rss10": "rdf", "rss090": "rdf"}
_FORMATS_BY_ROOT = {"rss": "rss", "feed": "atom", "rdf": "rdf", "channel": "cdf"}
_REFERENCE = re.compile(r"&#(?:(\d{1,5000})|[xX]([0-9a-fA-F]{1,5000}));?")
_FRAGILE = re.compile(r"</?(?:gml|georss|psc|cc|creativeCommons|width|height)\b[^<>]*>", re.IGNORECASE)
"""Elements whose handlers in feedparser raise on odd values; none of them carries anything that we read."""
_REFERENCES = re.compile(rf"(?:{_REFERENCE.pattern})+")


def parse(
    body: bytes, content_type: str, url: str, encoding: str = "", timezone: str = "", memory: Memory | None = None
) -> ParseOutcome:
    """`url` is where the body came from; `encoding` and `timezone` are the operator's own words about this feed.

    `memory` spares the work for entries read before; the outcome is the same with it and without.
    """
    try:
        decoded = decode(body, content_type, encoding)
        document = examine(decoded.text)
        if isinstance(document, ParseFailed):
            return document
        if document.kind == "json":
            return jsonfeed.read(document.text, url, timezone, PARSER, decoded.problem)
        if memory is None or not memory.meets_again(url):
            return _whole(document, url, timezone, decoded)
        parts = split(document.text, document.root)
        if parts is None or len(parts.entries) > limits.ENTRIES:
            return _whole(document, url, timezone, decoded)
        return _unseen(document, parts, memory, url, timezone, decoded)
    except MemoryError:
        return ParseFailed("parse_memory", "the document needs more memory than a parse may have")


def shorten_copies() -> None:
    """Teach feedparser's dictionary to copy itself: it deep-copies one of plain strings for every text it reads.

    Same result, 7 % of the time of a parse. For a process of its own: it changes the class for everybody.
    """

    def deep_copied(given: Fields, memo: dict[int, Any]) -> FeedParserDict:
        plain = (str, int, bool, type(None))
        return FeedParserDict(
            (key, value if type(value) in plain else copy.deepcopy(value, memo)) for key, value in dict.items(given)
        )

    FeedParserDict.__deepcopy__ = deep_copied


def settle_on_expat() -> None:
    """Keep feedparser from searching the whole path, for each document, for an XML parser that is never there.

    Same result, 5 % of the time of a poll in the child; and a package that is installed beside us changes no reading.
    """
    feedparser.api.PREFERRED_XML_PARSERS.clear()


def _whole(document: Document, url: str, timezone: str, decoded: Decoded) -> ParseOutcome:
    result = _feedparsed(document.text)
    return result if isinstance(result, ParseFailed) else _read(result, document, url, timezone, decoded)


def _unseen(
    document: Document, parts: Split, memory: Memory, url: str, timezone: str, decoded: Decoded
) -> ParseOutcome:
    """Only what memory does not hold is read. Where that gives another number of entries, the whole is."""
    keys = parts.keys(url, timezone)
    known = memory.recall(keys)
    if known:
        rest = replace(document, text=parts.without(set(known)))
        outcome = _whole(rest, url, timezone, decoded)
        if not isinstance(outcome, ParsedFeed) or len(outcome.entries) + len(known) != len(keys):
            return _whole(document, url, timezone, decoded)
        new = iter(outcome.entries)
        outcome = replace(outcome, entries=tuple(known[at] if at in known else next(new) for at in range(len(keys))))
    else:
        outcome = _whole(document, url, timezone, decoded)
    if isinstance(outcome, ParsedFeed) and outcome.well_formed and len(outcome.entries) == len(keys):
        memory.remember(keys, outcome.entries)
    return outcome


def _feedparsed(text: str) -> Fields | ParseFailed:
    """What feedparser makes of it. Where it raises it is asked once more, without what it is known to raise on."""
    try:
        return _call(text)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - feedparser raises KeyError, TypeError, UnicodeError and more on bad input
        first = error
    mended = _FRAGILE.sub("", _REFERENCES.sub(_mended, text))
    if mended != text:
        try:
            return _call(mended)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            first = error
    return ParseFailed("parse_error", one_line(f"{type(first).__name__}: {first}"[: limits.PROBLEM]))


def _call(text: str) -> Fields:
    # A caption (media:description) beside a description would be taken for the entry's content.
    text = text.replace("<media:description", "<media:x-caption").replace("</media:description", "</media:x-caption")
    stream = io.BytesIO(text.encode("utf-8", "replace"))
    result: Any = feedparser.parse(stream, response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False)
    return dict(result)


def _mended(references: re.Match[str]) -> str:
    """Two halves of a surrogate pair become their character; what is no character goes; the rest stays."""
    codes = [
        int(digits or hexadecimal, 10 if digits else 16) if len(digits or hexadecimal) < 9 else -1
        for digits, hexadecimal in _REFERENCE.findall(references[0])
    ]
    if all(0 <= code < 0x110000 and not 0xD800 <= code < 0xE000 for code in codes):
        return references[0]
    wide = "".join(chr(code) for code in codes if 0 <= code < 0x110000)
    characters = wide.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return "".join(f"&#{ord(character)};" for character in characters)


def _read(result: Fields, document: Document, url: str, timezone: str, decoded: Decoded) -> ParseOutcome:
    """Blanks or junk around the document are no harm to it: they are a `problem`, but it is well-formed."""
    problem = decoded.problem or document.problem
    error = result.get("bozo_exception")
    strict = not isinstance(error, SAXException)
    if isinstance(error, SAXException):
        if "out of memory" in str(error):
            return ParseFailed("parse_memory", "the document needs more memory than a parse may have")
        problem = one_line(f"not well-formed: {error.getMessage()}")
    channel: Fields = result["feed"]
    entries: list[Fields] = result["entries"]
    if not strict and not entries and not channel:
        return ParseFailed("parse_error", problem[: limits.PROBLEM])
    if len(entries) > limits.ENTRIES:
        problem = f"{len(entries)} entries, the first {limits.ENTRIES} are read"
    version = str(result.get("version") or "")
    language = language_tag(str(stored(channel, "language") or ""))
    context = Context(url, language, timezone, atom=document.root == "feed")
    return ParsedFeed(
        format=_FORMATS.get(version, version) or _FORMATS_BY_ROOT[document.root],
        title=title_of(channel)[: limits.FEED_TITLE],
        link=limits.Limiter().link(absolute(str(stored(channel, "link") or ""), url)),
        language=language,
        entries=tuple(read_entry(entry, context) for entry in entries[: limits.ENTRIES]),
        tombstones=read_tombstones(document.text),
        well_formed=strict and not decoded.lossy,
        problem=problem[: limits.PROBLEM],
        parser=PARSER,
        older=limits.Limiter().link(_older(channel, url)),
        generator=one_line(str(stored(channel, "generator") or "")[: limits.GENERATOR]),
    )


def _older(channel: Fields, url: str) -> str:
    """Where the document says that its older entries are (RFC 5005: an archive before a page), "" if it does not."""
    links: list[Fields] = (stored(channel, "links") or [])[: limits.FEED_LINKS]
    for rel in ("prev-archive", "next"):
        for link in links:
            if str(stored(link, "rel") or "").strip().lower() == rel:
                return absolute(str(stored(link, "href") or ""), url)
    return ""
