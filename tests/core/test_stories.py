"""The labelled set: short lives of feeds, each as RSS and as Atom, each with the exact events that it must give.

`tests/data/stories/*.toml` holds them and says at its head how to read them. What is parsed is real bytes, what decides
is the real code; only the store is a fold in memory (`bench.watcher`). Every row of the list of quirks and traps must
stand in a story, or be named as proved elsewhere (by tests that exist) or as waiting for a part that is not there yet.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest

from aggregator.outcome import ParsedFeed, ParseFailed
from aggregator.parse.feed import parse
from bench.watcher import MONDAY, Watcher, capture_at, profile
from store.events import (
    CaptureDigest,
    Event,
    FeedBaselined,
    FeedGap,
    FeedReissued,
    ItemAbsent,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tests" / "data" / "stories").glob("*.toml"))
BOOKS = [tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES]
STORIES: list[dict[str, Any]] = [story for book in BOOKS for story in book["story"]]
SAYS = ("It agreed.", "It declined.", "It waits.", "It left.", "It came back.")
"""The last sentence of versions 1, 2, 3, ... where a story gives no text."""


def cases() -> Iterator[Any]:
    for story in STORIES:
        for form in story.get("forms", ["rss", "atom"]):
            yield pytest.param(story, form, id=f"{'+'.join(story['rows'])}: {story['name']} ({form})")


@pytest.mark.parametrize(("story", "form"), list(cases()))
def test_a_feed_tells_exactly_this(story: dict[str, Any], form: str) -> None:
    life = Life(story, form)
    for number, line in enumerate(story["polls"].strip().splitlines()):
        step, arrow, expected = line.partition("->")
        told = life.step(step.split(), polls=bool(arrow))
        assert told == expected.split(), f"line {number + 1}: {line}"


class Life:
    """One feed, played to a watcher; polls are ten minutes apart, as is `every`."""

    def __init__(self, story: Mapping[str, Any], form: str) -> None:
        self.story, self.form = story, form
        self.now: datetime = MONDAY + timedelta(days=2)
        self.pages: dict[str, str] = {}
        settings = {key: value for key, value in story.get("feed", {}).items() if key in ("identity", "language")}
        self.watcher = Watcher(profile(**settings), pages=lambda probe: (self.pages.get(probe.url, "standing"), True))
        self.shown: ParsedFeed | None = None
        self.names: dict[str, str] = {}
        self.anew: dict[CaptureDigest, ParsedFeed] = {}

    def step(self, words: list[str], *, polls: bool) -> list[str]:
        """Play one line of a story; what was told."""
        if not polls:
            for word in words:
                if word.startswith("+"):
                    self.now += timedelta(hours=float(word[1:-1]))
                else:
                    name, verdict = word.split("=")
                    self.pages[self.entry(name)["link"]] = verdict
            return []
        self.now += timedelta(minutes=10)
        if words == ["304"]:
            return self.poll(self.shown)
        parsed = parse(self.body(words), "application/xml", "https://ministry.example/feed")
        if isinstance(parsed, ParseFailed):
            return [f"!{parsed.reason}"]
        read = otherwise(parsed) if "otherparser" in words else parsed
        self.watcher.anew = {} if "lost" in words else self.anew
        told = self.poll(read)
        self.anew[capture_at(self.now)] = otherwise(parsed)
        return told

    def poll(self, shown: ParsedFeed | None) -> list[str]:
        """The words for what a good answer brought."""
        refused = len(self.watcher.refused)
        events = self.watcher.poll(shown, self.now)
        problems = self.watcher.refused[refused:]
        self.shown = self.shown if problems else shown
        return [f"!{reason}" for reason in problems] + [word for event in events if (word := self.say(event))]

    def body(self, words: list[str]) -> bytes:
        """The bytes of a document: `@name` for one given whole, else entries, newest first."""
        if words and words[0].startswith("@"):
            return str(self.story["bodies"][words[0][1:]]).encode()
        entries = [word for word in words if word not in ("broken", "otherparser", "lost") and not word.startswith("†")]
        gone = [self.entry(word[1:]) for word in words if word.startswith("†")]
        made = RENDER[self.form]([self.entry(name) for name in entries], gone, self.now)
        if "broken" in words:
            made = made.replace("</title>", " & more</title>", 1)
        return made.encode()

    def entry(self, name: str) -> dict[str, Any]:
        """What the entry of this token says: `a` version 1 of letter a, `a2` its second version."""
        letter, version = name[0], int(name[1:] or 1)
        hour = ord(letter) - ord("a")
        given = self.story.get("entries", {})
        fields = {
            "id": f"urn:story:{letter}",
            "link": f"https://ministry.example/{letter}",
            "title": f"On {letter}",
            "text": f"The ministry spoke about {letter}. {SAYS[(version - 1) % len(SAYS)]}",
            "published": MONDAY + timedelta(hours=hour),
            "updated": None,
        }
        return fields | given.get("every", {}) | given.get(letter, {}) | given.get(name, {})

    def letter(self, item: ItemId) -> str:
        """The letter of an item: its first title ends with it, or the story names it by title or text."""
        first = self.watcher.versions[item][0].content
        title, text = self.watcher.texts[first.title], self.watcher.texts[first.text]
        for name in self.story.get("letters", "abcdefghijklmnopqrstuvwxyz"):
            said = self.entry(name)
            if said["title"] == title and (text in said["text"] or said["text"] in text):
                return str(name)
        raise AssertionError(f"which entry is {title!r}: {text!r}?")

    def say(self, event: Event) -> str:
        """One word for an event."""
        match event:
            case FeedBaselined(items=items):
                return f"first:{items}"
            case ItemPublished(baseline=True):
                return ""
            case ItemPublished():
                return f"+{self.letter(event.item)}{'~' * event.backdated}{_held(event.hold)}"
            case ItemRevised():
                flags = f"({','.join(event.flags)})" if event.flags else ""
                back = f"={event.reverts_to}" if event.reverts_to else ""
                return f"{self.letter(event.item)}:{event.kind}{event.to_version}{flags}{back}{_held(event.hold)}"
            case ItemReextracted():
                return f"{self.letter(event.item)}:righted({','.join(event.fields)})"
            case ItemAbsent() | ItemDelisted() | ItemRestored() | ItemRekeyed():
                sign = {ItemAbsent: "-", ItemDelisted: "?", ItemRestored: "^", ItemRekeyed: "~"}[type(event)]
                return f"{sign}{self.letter(event.item)}"
            case ItemWithdrawn(grade=grade):
                return f"x{self.letter(event.item)}:{grade}"
            case FeedReissued():
                return f"reissued:{event.reason}"
            case FeedGap():
                return f"gap:{event.left}/{event.new}"
        raise AssertionError(event)


def otherwise(parsed: ParsedFeed) -> ParsedFeed:
    """The same document as another parser of ours reads it: it sees a sign at the end of each text."""
    entries = tuple(replace(entry, text=f"{entry.text} ¶") for entry in parsed.entries)
    return replace(parsed, parser="another/9", entries=entries)


def _held(hold: str) -> str:
    return f"!{hold}" if hold else ""


# --- bytes ------------------------------------------------------------------------------------------------------------


def rss(entries: list[dict[str, Any]], gone: list[dict[str, Any]], now: datetime) -> str:
    assert not gone, "tombstones are Atom's"
    items = "".join(
        "<item>"
        + _element("guid", entry["id"], ' isPermaLink="false"')
        + _element("link", entry["link"])
        + _element("title", entry["title"])
        + _element("description", entry.get("html") or escape(entry["text"]))
        + _element("author", entry.get("author", ""))
        + _enclosure('<enclosure length="1" type="video/mp4" url="{}"/>', entry)
        + _element("pubDate", _when(entry["published"], format_datetime))
        + "</item>"
        for entry in entries
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Ministry</title>'
        f"<link>https://ministry.example/</link><lastBuildDate>{format_datetime(now)}</lastBuildDate>{items}"
        "</channel></rss>"
    )


def atom(entries: list[dict[str, Any]], gone: list[dict[str, Any]], now: datetime) -> str:
    items = "".join(
        "<entry>"
        + _element("id", entry["id"])
        + (f'<link href="{escape(entry["link"])}"/>' if entry["link"] else "")
        + _enclosure('<link rel="enclosure" type="video/mp4" href="{}"/>', entry)
        + _element("title", entry["title"])
        + _element("content", entry.get("html") or escape(entry["text"]), ' type="html"')
        + (f"<author>{_element('name', entry['author'])}</author>" if entry.get("author") else "")
        + _element("published", _when(entry["published"], datetime.isoformat))
        + _element("updated", _when(entry["updated"], datetime.isoformat))
        + "</entry>"
        for entry in entries
    )
    stones = "".join(f'<at:deleted-entry ref="{escape(entry["id"])}" when="{now.isoformat()}"/>' for entry in gone)
    return (
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>Ministry</title><id>urn:story</id>'
        f"<updated>{now.isoformat()}</updated>{stones}{items}</feed>"
    )


RENDER = {"rss": rss, "atom": atom}


def _element(name: str, text: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{escape(text)}</{name}>" if text else ""


def _enclosure(form: str, entry: Mapping[str, Any]) -> str:
    return form.format(escape(entry["enclosure"])) if "enclosure" in entry else ""


def _when(given: object, form: Any) -> str:
    return str(form(given)) if isinstance(given, datetime) else str(given or "")


# --- the list ---------------------------------------------------------------------------------------------------------


def test_every_row_has_its_place() -> None:
    rows = {row for book in BOOKS for row in book["rows"]}
    told = {row for story in STORIES for row in story["rows"]}
    elsewhere = {row for book in BOOKS for row in book.get("elsewhere", {})}
    waiting = {row for book in BOOKS for row in book.get("waiting", {})}
    assert told | elsewhere | waiting == rows
    assert not told & waiting
    assert not elsewhere & waiting


@pytest.mark.parametrize("row", [(row, test) for book in BOOKS for row, test in book.get("elsewhere", {}).items()])
def test_what_is_proved_elsewhere_is_proved_by_a_test_that_exists(row: tuple[str, str]) -> None:
    path, _, name = row[1].partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")
