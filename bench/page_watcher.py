"""Visits to pages without a network or a store: plays them through the deciding functions, beside a `Watcher`'s polls.

It is also the shortest example of the calls that a real visit makes, in their order.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.page.decide import decide_page, texts_wanted, wants_control, wants_former
from aggregator.page.known import KnownPage, PageDecision
from aggregator.page.memory import dump, recall
from aggregator.page.sight import PageSight, PageVerdict
from aggregator.page.text import PageOutcome, PageText, PageUnread
from bench.watcher import Watcher
from store.events import CaptureDigest, Event, Grade, ItemId, ItemWithdrawn

Answer = PageOutcome | PageVerdict | str | None
"""What a page shows: a text in the extractor of the day, a text read otherwise or why there is none, a verdict about a
page that does not stand, or None for a 304.
"""
Former = Callable[[str], PageOutcome | None]
"""The extractor of the day reads a capture again that was read as this text."""

EXTRACTOR = "test/1"
VERDICTS = ("gone", "missing", "unreachable")
ANOTHER_PAGE = "Another statement\nOf something else entirely spoke the spokeswoman, at another place and time."


def nothing_kept(_: str) -> None:
    """No capture is kept any longer."""


@dataclass
class PageWatcher:
    """The pages behind the items of one feed. `control` is what the page of a listed item shows when asked,
    `control_before` what was known of it.
    """

    feed: Watcher
    control: Answer = ANOTHER_PAGE
    control_before: str | None = None
    former: Former = nothing_kept
    extractor: str = EXTRACTOR
    stored: dict[ItemId, str] = field(default_factory=dict)
    decisions: list[PageDecision] = field(default_factory=list)
    controls: int = 0

    def visit(self, item: ItemId, shown: Answer, at: datetime, **known: str) -> list[Event]:
        """Look at one page, and fold what that proves. `known`: fields of `KnownPage`, such as `hold`."""
        page = self._known(item, known.get("hold", ""))
        memory = recall(self.stored.get(item, ""))
        verdict, read = self._seen(shown)
        sight = PageSight(item, at, verdict, detail_of(verdict), CaptureDigest(f"sha256:{at.isoformat()}"), read)
        if wants_former(page, sight, memory):
            sight = replace(sight, former=self.former(page.page_text or ""))
        if wants_control(page, sight, memory):
            self.controls += 1
            said, text = self._seen(self.control)
            control = text if isinstance(text, PageText) else None
            sight = replace(sight, control=control, control_stands=said == "standing")
            sight = replace(sight, control_before=self.control_before)
        decision = decide_page(page, sight, memory)
        self.decisions.append(decision)
        self.stored[item] = dump(decision.memory)
        return self.feed.add(decision.events, decision.texts, at)

    def _known(self, item: ItemId, hold: str) -> KnownPage:
        known, readings = self.feed.items[item], self.feed.versions[item]
        wanted = texts_wanted(known, readings)
        return KnownPage(
            item=known,
            readings=readings,
            texts={digest: self.feed.texts[digest] for digest in wanted if digest in self.feed.texts},
            listed=any(entry.item == item for entry in self.feed.memory.window),
            hold=hold,
            grade=self._grade(item),
        )

    def _grade(self, item: ItemId) -> Grade | None:
        if self.feed.items[item].state != "withdrawn":
            return None
        gone = [event for event in self.feed.events if isinstance(event, ItemWithdrawn) and event.item == item]
        return gone[-1].grade

    def _seen(self, shown: Answer) -> tuple[PageVerdict, PageOutcome | None]:
        match shown:
            case None | PageText() | PageUnread():
                return "standing", shown
            case "gone" | "missing" | "unreachable":
                return shown, None
            case text:
                return "standing", PageText(text, text.split("\n", 1)[0], "en", self.extractor)


def detail_of(verdict: PageVerdict) -> str:
    """What a server answers."""
    return {"standing": "200", "gone": "410 Gone", "missing": "404 Not Found", "unreachable": "timeout"}[verdict]
