"""Whole lives of feeds through the real store: what the carrier's half of a poll records, once and for all.

Laws over random documents: what was polled twice is recorded once, a rebuild says what live said, and the store holds
what the same life gives without one.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator import health
from aggregator.deciding.decide import Decision
from aggregator.deciding.gate import PollProblem
from aggregator.health import Health
from aggregator.outcome import Observation, ParsedFeed
from aggregator.record import record_poll
from aggregator.shown.chapters import chapters_of
from aggregator.shown.volatile import LookedPast, looked_past
from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.database import SqlStore, open_store
from store.events import CaptureDigest, Event, Position
from store.ports import ItemFilter, PollState, Transaction
from store.rebuild import rebuild

EVERY = timedelta(minutes=10)
PROFILE = profile()
TEXTS = ["It agreed.", "It declined.", "It agreed.\nRead 7 times.", "It agreed.\nRead 8 times.", "Он согласен.", ""]
documents = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(TEXTS)), min_size=2, max_size=6, unique_by=lambda pair: pair[0]
).map(lambda pairs: document(*(entry(name, text, hours=ord(name) - 97) for name, text in sorted(pairs)[::-1])))
lives = st.lists(documents, min_size=1, max_size=7)


@pytest.fixture
def fresh(tmp_path: Path, empty_store: Path) -> Callable[[], SqlStore]:
    """Opens a store with nothing in it, a new one each time."""
    number = iter(range(10_000))

    def opened() -> SqlStore:
        path = tmp_path / f"{next(number)}.db"
        path.write_bytes(empty_store.read_bytes())
        return open_store(f"sqlite:///{path}", migrate=True)

    return opened


def poll(store: SqlStore, shown: ParsedFeed | None, number: int) -> Sequence[Event]:
    """One good poll, as the carrier has it recorded; the events of the item's life that it gave."""
    at = MONDAY + timedelta(days=3) + number * EVERY

    def job(tx: Transaction) -> Sequence[Event]:
        before = tx.polls.all().get(PROFILE.id, PollState(PROFILE.id))

        def verdict(found: Decision | PollProblem) -> Health:
            if isinstance(found, PollProblem):
                return health.after_failure(PROFILE, before, found.reason, at)
            return health.after_good(PROFILE, before, at, new=found.new > 0)

        recording = record_poll(
            tx,
            PROFILE,
            Observation(PROFILE.id, at, shown, CaptureDigest("sha256:0")),
            last_good_at=before.last_good_at,
            capture=None,
            redirects=(),
            verdict=verdict,
        )
        return [recorded.event for recorded in recording.events]

    return store.write(job).result(timeout=30)


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Kind and item of what happened to items."""
    return [(event.KIND, event.item) for event in events if event.KIND.startswith("item.") and hasattr(event, "item")]


def seen(store: SqlStore) -> list[object]:
    """All that the read tables say of items, with their histories."""
    with store.views() as views:
        rows = list(views.items(ItemFilter(), texts=True))
        return [(row, chapters_of(views, row.id)) for row in rows]


def log_of(store: SqlStore) -> Iterator[Event]:
    with store.views() as views:
        yield from (recorded.event for recorded in views.tx.log.read(Position(0), 10_000))


SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@SLOW
@given(lives)
def test_what_is_polled_twice_is_recorded_once(fresh: Callable[[], SqlStore], life: list[ParsedFeed]) -> None:
    with fresh() as store:
        for number, shown in enumerate(life):
            poll(store, shown, 2 * number)
            again = told(poll(store, shown, 2 * number + 1))
            assert not [kind for kind, _ in again if kind.startswith(("item.published", "item.revised"))]


@SLOW
@given(lives)
def test_a_rebuild_says_what_the_life_said(fresh: Callable[[], SqlStore], life: list[ParsedFeed]) -> None:
    with fresh() as store:
        for number, shown in enumerate(life):
            poll(store, shown, number)
        live = seen(store)
        rebuild(store)
        assert seen(store) == live
        assert not [kind for kind, _ in told(poll(store, life[-1], len(life))) if kind.startswith("item.published")]


@SLOW
@given(lives)
def test_the_store_holds_what_the_same_life_gives_without_one(
    fresh: Callable[[], SqlStore], life: list[ParsedFeed]
) -> None:
    watcher = Watcher(PROFILE, pages=lambda _: ("unreachable", False))
    with fresh() as store:
        for number, shown in enumerate(life):
            new = None if shown == watcher.body else shown  # the carrier tells by the bytes
            events = watcher.poll(new, MONDAY + timedelta(days=3) + number * EVERY)
            assert told(poll(store, new, number)) == told(events)
        assert told(list(log_of(store))) == told(watcher.events)


def test_what_is_looked_past_is_told_with_how_often_it_changed(store: SqlStore) -> None:
    for number in range(9):
        texts = {"a": f"It agreed.\nRead {number} times.", "b": "It declined."}
        poll(store, document(*(entry(name, text, hours=ord(name) - 97) for name, text in texts.items())), number)
    began = MONDAY + timedelta(days=3)
    with store.views() as views:
        item = next(row.id for row in views.items(ItemFilter()) if row.title.endswith(" a"))
        other = next(row.id for row in views.items(ItemFilter()) if row.title.endswith(" b"))
        passed = looked_past(views, PROFILE.id)
        assert passed == looked_past(views, PROFILE.id, item)
        assert looked_past(views, PROFILE.id, other) == []
        details = [chapter.details for chapter in chapters_of(views, item) if "volatile" in chapter.headline]
    assert passed == [LookedPast(item, 1, began + 5 * EVERY, 8, began + 8 * EVERY)]
    assert details == [("changed: text", "nothing changed but what changes with every document")]


def test_a_block_of_the_site_is_explained_in_the_history(store: SqlStore) -> None:
    def shown(*bare: str) -> ParsedFeed:
        share = {name: "" if name in bare else "\nShare this." for name in "fedcba"}
        return document(*(entry(name, f"It was {name}.{tail}", hours=ord(name) - 97) for name, tail in share.items()))

    poll(store, shown("a", "b"), 0)
    poll(store, shown("a"), 1)
    with store.views() as views:
        item = next(row.id for row in views.items(ItemFilter()) if row.title.endswith(" b"))
        chapter = chapters_of(views, item)[-1]
    assert "held: template" in chapter.headline
    assert chapter.details[1].startswith("nothing but a block that many entries of the feed have")
