"""A carrier without a store: plays polls through the deciding functions and folds their events in memory.

Used by the replay of real histories and by the stories in tests/core. It is also the shortest example of the calls that
the real carrier makes, in their order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from aggregator.deciding.decide import Decision, decide, decide_pages
from aggregator.deciding.memory import FeedMemory, dump, recall
from aggregator.deciding.normalise import FeedProfile
from aggregator.deciding.plan import Loaded, Refused, look_at, survey
from aggregator.deciding.revise import faces_wanted
from aggregator.deciding.upgrade import catch_up, to_read_anew
from aggregator.outcome import Observation, PageProbe, PageSeen, ParsedEntry, ParsedFeed
from store.chain import text_digest
from store.events import (
    CaptureDigest,
    Event,
    FeedBaselined,
    FeedId,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemState,
    ItemWithdrawn,
    Key,
    Position,
    ReadingEvent,
    TextDigest,
)
from store.ports import KnownItem, Version

Pages = Callable[[PageProbe], tuple[str, bool]]
"""A world of pages: for a probe, the verdict about the item's page, and whether the sibling's stands."""


def every_page_stands(_: PageProbe) -> tuple[str, bool]:
    """The world in which nothing is ever taken down."""
    return "standing", True


def every_page_is_missing(_: PageProbe) -> tuple[str, bool]:
    """The world of false 404s: each page asked for is missing, each control stands."""
    return "missing", True


@dataclass
class Watcher:
    """One feed and all that is known of it. `anew`: documents of the past as a newer parser of ours reads them."""

    profile: FeedProfile
    pages: Pages = every_page_stands
    stored: str = ""
    baselined: FeedBaselined | None = None
    last_good_at: datetime | None = None
    body: ParsedFeed | None = None
    open: bool = False
    events: list[Event] = field(default_factory=list)
    items: dict[ItemId, KnownItem] = field(default_factory=dict)
    aliases: dict[Key, ItemId] = field(default_factory=dict)
    versions: dict[ItemId, list[Version]] = field(default_factory=dict)
    texts: dict[TextDigest, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    probes: list[PageProbe] = field(default_factory=list)
    anew: Mapping[CaptureDigest, ParsedFeed] = field(default_factory=dict)

    @property
    def memory(self) -> FeedMemory:
        """What was remembered, through its JSON and back."""
        return recall(self.stored, self.baselined)

    def poll(self, document: ParsedFeed | None, at: datetime) -> list[Event]:
        """One good poll: a document, or None for a 304. Gives the events of the whole pass, page probes included."""
        if document is not None and document == self.body:
            document = None
        if document is None and not self.open:
            self.last_good_at = at
            return []
        look = look_at(
            self.profile, self.memory, Observation(self.profile.id, at, document, capture_at(at)), self.last_good_at
        )
        if isinstance(look, Refused):
            self.refused.append(look.problem.reason)
            self.stored = dump(look.memory)
            self.open = True
            return []
        aliases = {key: self.aliases[key] for key in look.keys if key in self.aliases}
        wanted = look.items | set(aliases.values())
        plan = survey(look, aliases, {item: self.items[item] for item in wanted if item in self.items})
        versions = {item: tuple(self.versions[item]) for item in plan.versions}
        digests = plan.digests | faces_wanted(versions.values())
        loaded = Loaded(
            texts={digest: self.texts[digest] for digest in digests if digest in self.texts},
            versions=versions,
            salts={item: salt_of(item) for item in plan.new},
        )
        anew = {capture: self.anew[capture] for capture in to_read_anew(plan, versions) if capture in self.anew}
        caught_up = catch_up(plan, loaded, anew)
        decision = decide(caught_up.plan, caught_up.loaded)
        events = self.add(caught_up.events, caught_up.texts, at) + self._keep(decision, at)
        self.last_good_at = at
        if document is not None:
            self.body = None if decision.reread else document
        if decision.probes:
            self.probes += decision.probes
            answers = [self._ask(probe, at) for probe in decision.probes]
            events += self._keep(decide_pages(self.profile, self.memory, answers), at)
        return events

    def _ask(self, probe: PageProbe, at: datetime) -> PageSeen:
        verdict, stands = self.pages(probe)
        return PageSeen(probe.item, probe.url, at, verdict, verdict, stands)

    def _keep(self, decision: Decision, at: datetime) -> list[Event]:
        self.stored = dump(decision.memory)
        self.open = decision.open
        return self.add(decision.events, decision.texts, at)

    def add(self, events: Sequence[Event], texts: Sequence[tuple[ItemId, str]], at: datetime) -> list[Event]:
        """Append events, and store the texts that they name."""
        for item, text in texts:
            self.texts[TextDigest(text_digest(salt_of(item), text))] = text
        for event in events:
            self.events.append(event)
            self._fold(event, at)
        return list(events)

    def _fold(self, event: Event, at: datetime) -> None:
        match event:
            case FeedBaselined():
                self.baselined = event
            case ItemPublished():
                self.items[event.item] = KnownItem(
                    event.item, event.feed, "published", 1, event.content, salt_of(event.item), at, at, event.capture,
                    event.parser,
                )  # fmt: skip
                self.versions[event.item] = [self._version(1, event, at)]
                self._alias(event.keys, event.item)
            case ItemRevised():
                known = self.items[event.item]
                assert (known.version, known.version + 1) == (event.from_version, event.to_version)
                self.items[event.item] = replace(
                    known,
                    version=event.to_version,
                    content=event.content,
                    changed_at=at,
                    capture=event.capture,
                    parser=event.parser,
                )
                self.versions[event.item].append(self._version(event.to_version, event, at))
                self._alias(event.keys, event.item)
            case ItemCompleted() | ItemReextracted():
                known = self.items[event.item]
                assert known.version == event.version
                self.items[event.item] = replace(
                    known, content=event.content, capture=event.capture, parser=event.parser
                )
                self.versions[event.item].append(self._version(event.version, event, at))
            case ItemRekeyed():
                self._alias(event.keys, event.item)
            case ItemAbsent():
                self._move(event.item, "absent", {"published"})
            case ItemDelisted():
                self._move(event.item, "delisted", {"absent"})
            case ItemWithdrawn():
                self._move(event.item, "withdrawn", {"published", "absent", "delisted"})
            case ItemRestored():
                self._move(event.item, "published", {event.was})
            case _:
                pass

    def _version(self, number: int, event: ReadingEvent, at: datetime) -> Version:
        return Version(number, Position(len(self.events)), at, event)

    def _move(self, item: ItemId, state: ItemState, allowed: set[str]) -> None:
        known = self.items[item]
        assert known.state in allowed, f"{item} is {known.state}, cannot become {state}"
        self.items[item] = replace(known, state=state)

    def _alias(self, keys: Sequence[Key], item: ItemId) -> None:
        for key in keys:
            self.aliases.setdefault(key, item)


def title_of(watcher: Watcher, item: ItemId, texts: Mapping[TextDigest, str] | None = None) -> str:
    """The latest title of an item."""
    return (texts or watcher.texts)[watcher.items[item].content.title]


def salt_of(item: ItemId) -> bytes:
    """The salt of an item, the same in every run."""
    return sha256(item.encode()).digest()[:16]


def capture_at(at: datetime) -> CaptureDigest:
    """The capture of the document shown at that time."""
    return CaptureDigest(f"sha256:{sha256(at.isoformat().encode()).hexdigest()}")


# --- building documents -----------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
"""Where stories begin."""


def entry(name: str, text: str = "", **given: Any) -> ParsedEntry:
    """An entry called `name`; `hours` (default 0) after MONDAY is its claimed date, None for none. Any field may be
    given.
    """
    hours = given.pop("hours", 0)
    at = None if hours is None else MONDAY + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "guid": f"urn:x:{name}",
        "link": f"https://example.org/page/{name}",
        "title": f"Statement {name}",
        "text": text or f"The minister spoke about {name} and said that forty trucks will cross each week.",
        "markup": "",
        "author": "",
        "categories": (),
        "language": "",
        "published": at.isoformat() if at else "",
        "updated": "",
        "published_at": at,
        "updated_at": None,
    }
    return ParsedEntry(**(fields | given))


def document(*entries: ParsedEntry, **given: Any) -> ParsedFeed:
    """A well-formed document of these entries, in this order."""
    fields: dict[str, Any] = {
        "format": "rss20",
        "title": "Ministry",
        "link": "https://example.org/",
        "language": "en",
        "entries": entries,
        "tombstones": (),
        "well_formed": True,
        "problem": "",
        "parser": "test/1",
    }
    return ParsedFeed(**(fields | given))


def profile(**given: Any) -> FeedProfile:
    """A feed's settings, polled every ten minutes."""
    fields: dict[str, Any] = {
        "id": FeedId("ministry"), "url": "https://example.org/feed", "every": timedelta(minutes=10)
    }  # fmt: skip
    return FeedProfile(**(fields | given))
