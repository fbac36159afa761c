"""Thousands of real and odd documents through the pool: none crashes or hangs it, and what bare feedparser reads from a
well-formed feed, we read too. Every kind of difference has a name and a reason here; one without a name fails.

The counts that docs/feeds.md quotes are printed with `pytest -s`.
"""

import asyncio
import calendar
import csv
import io
import os
import re
import sys
import unicodedata
import warnings
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.sax import SAXException

import feedparser
import pytest

from aggregator.outcome import ParsedEntry, ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse.pool import ParsePool

CORPUS = Path(os.environ.get("FEEDWITNESS_CORPUS", Path(__file__).parents[2] / ".." / "shared" / "corpus")) / "feeds"
URL = "https://base.example/feed"
NO_FEEDS = ("expectation", "http-headers")

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not CORPUS.is_dir(), reason="FEEDWITNESS_CORPUS names no corpus"),
]


def documents() -> list[tuple[str, str, bytes]]:
    with (CORPUS / "MANIFEST.tsv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return [(row["file"], row["kind"], (CORPUS / row["file"]).read_bytes()) for row in rows]


async def through_the_pool(bodies: list[bytes]) -> list[ParseOutcome]:
    pool = ParsePool(2, timedelta(seconds=20))
    try:
        return await asyncio.gather(*(pool.parse(body, "", URL) for body in bodies))
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def read() -> list[tuple[str, str, bytes, ParseOutcome]]:
    found = documents()
    outcomes = asyncio.run(through_the_pool([body for _, _, body in found]))
    return [(*document, outcome) for document, outcome in zip(found, outcomes, strict=True)]


def test_every_document_is_read_or_refused_with_a_reason(read):
    counts = Counter(
        (
            kind,
            outcome.reason if isinstance(outcome, ParseFailed) else "well-formed" if outcome.well_formed else "lenient",
        )
        for _, kind, _, outcome in read
    )
    for (kind, result), count in sorted(counts.items()):
        sys.stdout.write(f"{kind:26} {result:14} {count:5}\n")
    reasons = {outcome.reason for *_, outcome in read if isinstance(outcome, ParseFailed)}
    assert reasons <= {"empty", "html", "challenge", "not_a_feed", "cut", "parse_error"}


def test_well_formed_feeds_are_read_as_bare_feedparser_reads_them(read):
    differences: Counter[str] = Counter()
    unexplained: list[str] = []
    compared = entries = 0
    for name, kind, body, outcome in read:
        if kind in NO_FEEDS or (bare := bare_reading(body)) is None:
            continue
        if isinstance(outcome, ParseFailed):
            rule = refusal(outcome, bare)
            differences[rule] += 1
            unexplained += [f"{name}: {rule}"] if rule.startswith("?") else []
            continue
        compared += 1
        if len(outcome.entries) != len(bare["entries"]):
            unexplained.append(f"{name}: {len(bare['entries'])} entries, ours {len(outcome.entries)}")
            continue
        for theirs, ours in zip(bare["entries"], outcome.entries, strict=True):
            entries += 1
            for rule in compare(theirs, ours, outcome):
                differences[rule] += 1
                unexplained += [f"{name}: {rule}"] if rule.startswith("?") else []
    sys.stdout.write(f"\n{compared} well-formed feeds with {entries} entries compared\n")
    for rule, count in differences.most_common():
        sys.stdout.write(f"{count:6} {rule}\n")
    assert not unexplained, "\n".join(unexplained[:40])
    assert compared > 2_000
    assert entries > 9_000


def bare_reading(body: bytes) -> Any:
    """What feedparser alone reads, None where an XML parser objects or feedparser sees no feed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            bare = feedparser.parse(io.BytesIO(body))
        except Exception:  # noqa: BLE001 - it raises on some of these documents: nothing to compare
            return None
    well_formed = not isinstance(bare.get("bozo_exception"), SAXException)
    return bare if well_formed and (bare["entries"] or bare["version"]) else None


def refusal(outcome: ParseFailed, bare: Any) -> str:
    if outcome.reason == "not_a_feed" and "root element" in outcome.detail:
        return "document: another kind of document with a feed's namespace is no feed (Atom entry, APP service)"
    if outcome.reason == "html":
        return "document: a web page around a feed is a web page"
    return f"? refused as {outcome.reason}: {outcome.detail} ({bare['version']}, {len(bare['entries'])} entries)"


def compare(theirs: Any, ours: ParsedEntry, feed: ParsedFeed) -> list[str]:
    found = [
        identifier(dict.get(theirs, "id") or "", ours.guid),
        title(theirs, ours.title, feed),
        link(theirs, ours.link, feed),
        *(date(theirs, name, ours) for name in ("published", "updated")),
    ]
    return [rule for rule in found if rule]


def identifier(theirs: str, ours: str) -> str:
    if theirs == ours:
        return ""
    if blanks(theirs) == ours:
        return "id: blanks collapsed"
    return f"? id {theirs!r} {ours!r}"


def title(theirs: Any, ours: str, feed: ParsedFeed) -> str:
    given = dict.get(theirs, "title") or ""
    detail = dict.get(theirs, "title_detail") or {}
    if given == ours:
        return ""
    if blanks(given) == ours:
        return "title: blanks collapsed, invisible characters dropped, NFC"
    if detail.get("type") != "text/plain" and blanks(shown(given)) == blanks(ours):
        return "title: markup and references become text"
    if "<script" in given:
        return "title: a script is no title"
    if feed.problem.startswith("announced"):
        return "title: another guess at a wrongly announced encoding"
    return f"? title {given!r} {ours!r}"


def link(theirs: Any, ours: str, feed: ParsedFeed) -> str:
    given = dict.get(theirs, "link") or ""
    if given == ours:
        return ""
    alternates = [one.get("href") for one in dict.get(theirs, "links") or () if one.get("rel") == "alternate"]
    if not ours:
        if given == dict.get(theirs, "id") and given not in alternates and feed.format.startswith("atom"):
            return "link: an Atom id is no link"
        if not given.startswith(("http://", "https://")):
            return "link: only http and https are links"
    if not given and ours in alternates:
        return "link: an alternate that is not HTML is a link too"
    if feedparser.urls.urllib.parse.urljoin(URL, given.strip().replace(" ", "%20")) == ours:
        return "link: made absolute"
    if ours in alternates:
        return "link: the entry's alternate, not its id"
    return f"? link {given!r} {ours!r} {alternates}"


def date(theirs: Any, name: str, ours: ParsedEntry) -> str:
    given, parsed = dict.get(theirs, name) or "", dict.get(theirs, f"{name}_parsed")
    raw, moment = getattr(ours, name), getattr(ours, f"{name}_at")
    if raw != blanks(given):
        created = dict.get(theirs, "created")
        known = name == "published" and not given and raw == created
        return "date: created counts as published" if known else f"? {name} as given {given!r} {raw!r}"
    expected = datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
    if moment == expected:
        return ""
    if expected is not None and moment is None and not 1990 <= expected.year <= 2100:
        return "date: outside 1990-2100 is unreadable"
    if expected is None and moment is not None and not re.search(r"[+-]\d{4}$|[A-Z]{2,}$", given):
        return "date: RFC 5322 without a zone is read"
    if expected is not None and moment is not None and re.search(r"\b[A-Z]{3,4}$", given):
        return "date: a zone that feedparser does not know"
    return f"? {name} {given!r} {expected} {moment}"


def blanks(text: str) -> str:
    kept = (c for c in text if c.isspace() or (unicodedata.category(c) not in ("Cc", "Cs") and c not in "\u00ad\ufeff"))
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


class Words(HTMLParser):
    """The characters of a piece of HTML, as the standard library's parser sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += " " if tag in ("br", "p", "div", "li", "td") else ""


def shown(source: str) -> str:
    parser = Words()
    parser.feed(source)
    parser.close()
    return parser.words if parser.words or "<" in source else unescape(source)
