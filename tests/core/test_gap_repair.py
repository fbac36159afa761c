"""After a gap: what the older pages of a feed show of what was missed, and where they end."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.deciding.decide import Decision
from aggregator.deciding.memory import dump
from aggregator.deciding.plan import Loaded, survey
from aggregator.deciding.repair import after_poll, given_up, gives_up, look_at, read
from aggregator.outcome import Observation, ParsedEntry, ParsedFeed
from bench.watcher import MONDAY, Watcher, capture_at, document, entry, profile, salt_of
from store.events import Event, FeedGap, FeedRepaired, ItemPublished

START = MONDAY + timedelta(hours=3, minutes=30)
TEN_MINUTES = timedelta(minutes=10)
FEED = "https://example.org/feed"


def listed(names: str, **given) -> list[ParsedEntry]:
    """Entries of these letters, each letter an hour after the one before it."""
    return [entry(name, **({"hours": ord(name) - 97} | given)) for name in names]


def page(number: int) -> str:
    return f"{FEED}?page={number}"


@dataclass
class Desk:
    """A feed that is watched, its older pages (or the reason why one cannot be had), and which of them were asked."""

    pages: dict[str, ParsedFeed | str] = field(default_factory=dict)
    watcher: Watcher = field(default_factory=lambda: Watcher(profile()))
    now: datetime = START
    asked: list[str] = field(default_factory=list)
    kept: list[bool] = field(default_factory=list)

    def poll(self, shown: ParsedFeed | None, later: timedelta = TEN_MINUTES) -> list[Event]:
        """One look, as the carrier takes it; the events of all of it."""
        self.now += later
        watcher, before = self.watcher, self.watcher.memory
        events = watcher.poll(shown, self.now)
        memory = after_poll(watcher.profile, before, watcher.memory, events, shown, FEED, self.now)
        watcher.stored, watcher.open = dump(memory), watcher.open or memory.repair is not None
        while (more := self._turn()) is not None:
            events += more
        return events

    def _turn(self) -> list[Event] | None:
        memory = self.watcher.memory
        if memory.repair is None:
            return None
        self.asked.append(memory.repair.page.url)
        found = self.pages.get(memory.repair.page.url, "http_404")
        if isinstance(found, ParsedFeed):
            return self._read(found)
        if not gives_up(memory.repair, found, self.now):
            return None
        done = given_up(self.watcher.profile.id, memory, memory.repair, found)
        return self.watcher._keep(Decision(done.events, done.memory), self.now)

    def _read(self, found: ParsedFeed) -> list[Event]:
        watcher = self.watcher
        observation = Observation(watcher.profile.id, self.now, found, capture_at(self.now))
        look = look_at(watcher.profile, watcher.memory, observation)
        aliases = {key: watcher.aliases[key] for key in look.keys if key in watcher.aliases}
        wanted = look.items | set(aliases.values())
        plan = survey(look, aliases, {item: watcher.items[item] for item in wanted if item in watcher.items})
        loaded = Loaded(salts={item: salt_of(item) for item in plan.new})
        reading = read(plan, loaded, watcher.memory.repair, found)
        self.kept.append(reading.keep)
        open_before = watcher.open
        events = watcher._keep(Decision(reading.events, reading.memory, reading.texts), self.now)
        watcher.open = open_before
        return events


def recovered(desk: Desk, events: Sequence[Event]) -> list[str]:
    """Titles of what was recovered late, in the order of the log, without their common first word."""
    late = [event for event in events if isinstance(event, ItemPublished) and event.mark == "recovered-late"]
    return [desk.watcher.texts[event.content.title].removeprefix("Statement ") for event in late]


def outcome(events: Sequence[Event]) -> tuple[int, int, bool, str]:
    (done,) = [event for event in events if isinstance(event, FeedRepaired)]
    return done.pages, done.recovered, done.complete, done.reason


@pytest.fixture
def desk() -> Desk:
    """A feed of four entries that was known up to `d`."""
    desk = Desk()
    desk.poll(document(*listed("dcba"), older=page(2)))
    return desk


NOW = document(*listed("nmlk"), older=page(2))


def test_what_was_missed_is_found_page_by_page_until_a_known_entry_is_met(desk: Desk) -> None:
    desk.pages = {page(2): document(*listed("jihg"), older=page(3)), page(3): document(*listed("fedc"), older=page(4))}
    events = desk.poll(NOW)
    assert recovered(desk, events) == ["g", "h", "i", "j", "e", "f"]
    assert desk.asked == [page(2), page(3)]
    assert outcome(events) == (2, 6, True, "page 3 lists what was known before")
    assert desk.watcher.memory.repair is None


def test_what_is_recovered_alerts_like_anything_new_and_carries_its_mark(desk: Desk) -> None:
    desk.pages = {page(2): document(*listed("jd"))}
    events = desk.poll(NOW)
    kinds = [type(event) for event in events]
    assert kinds.index(FeedGap) < kinds.index(FeedRepaired)
    (late,) = [event for event in events if isinstance(event, ItemPublished) and event.mark]
    assert (late.hold, late.baseline, late.surfaced, late.backdated) == ("", False, False, False)
    assert [event.mark for event in events if isinstance(event, ItemPublished) and event is not late] == [None] * 4


def test_what_claims_a_time_before_our_last_look_is_backdated_as_ever() -> None:
    desk = Desk(now=MONDAY + timedelta(hours=5))
    desk.poll(document(*listed("dcba"), older=page(2)))
    desk.pages = {page(2): document(entry("e", hours=9), entry("x", hours=4), *listed("dc"))}
    events = desk.poll(NOW, timedelta(hours=4))
    assert [event.backdated for event in events if isinstance(event, ItemPublished) and event.mark] == [True, False]


def test_below_what_was_known_nothing_is_news(desk: Desk) -> None:
    """The page goes on with what was published before we ever looked."""
    desk.pages = {page(2): document(*listed("ed"), entry("x", hours=-1), entry("y", hours=-2))}
    assert recovered(desk, desk.poll(NOW)) == ["e"]


def test_without_dates_the_place_alone_tells(desk: Desk) -> None:
    desk = Desk()
    desk.poll(document(*listed("dcba", hours=None), older=page(2)))
    desk.pages = {page(2): document(*listed("fedzy", hours=None))}
    events = desk.poll(document(*listed("nmlk", hours=None), older=page(2)))
    assert recovered(desk, events) == ["e", "f"]
    assert outcome(events)[2]


def test_a_list_with_the_oldest_first_is_read_from_its_end(desk: Desk) -> None:
    desk.pages = {page(2): document(entry("x", hours=-3), *listed("cdefg"))}
    assert recovered(desk, desk.poll(NOW)) == ["e", "f", "g"]


def test_a_list_in_no_order_is_read_by_its_dates(desk: Desk) -> None:
    desk.pages = {page(2): document(*listed("gdief"), entry("x", hours=-3))}
    assert sorted(recovered(desk, desk.poll(NOW))) == ["e", "f", "g", "i"]


def test_pages_that_are_older_than_all_that_was_listed_are_no_news() -> None:
    """The site took down what we knew, or never lists it again: its past is not what we missed."""
    desk = Desk()
    desk.poll(document(*listed("hgfe"), older=page(2)))
    desk.pages = {page(2): document(*listed("jdcb"), older=page(3)), page(3): document(*listed("a"))}
    events = desk.poll(NOW)
    assert recovered(desk, events) == ["j"]
    assert outcome(events) == (2, 1, False, "page 3 is older than what was listed before")


def test_a_feed_that_ignores_the_number_of_the_page_says_nothing_new() -> None:
    desk = Desk()
    desk.poll(document(*listed("dcba"), generator="WordPress"))
    shown = document(*listed("nmlk"), generator="WordPress")
    desk.pages = {f"{FEED}?paged=2": shown}
    assert outcome(desk.poll(shown)) == (1, 0, False, "page 2 brings nothing new")
    assert desk.asked == [f"{FEED}?paged=2"]


def test_an_entry_pinned_on_the_first_page_is_not_where_we_left_off() -> None:
    desk = Desk()
    pinned = entry("p", hours=-500)
    desk.poll(document(*listed("edcba"), pinned, older=page(2)))
    desk.pages = {page(2): document(pinned, *listed("jih"), older=page(3)), page(3): document(*listed("gfe"))}
    events = desk.poll(document(*listed("nmlk"), pinned, older=page(2)))
    assert recovered(desk, events) == ["h", "i", "j", "f", "g"]
    assert outcome(events)[2]


def test_one_known_entry_that_was_put_back_up_under_another_date_is_not_where_we_left_off(desk: Desk) -> None:
    bumped = entry("a", hours=8, published="2026-11-16T16:30:00+00:00")
    desk.pages = {
        page(2): document(*listed("jh"), bumped, *listed("g"), older=page(3)),
        page(3): document(*listed("fd")),
    }
    events = desk.poll(NOW)
    assert recovered(desk, events) == ["g", "h", "j", "f"]
    assert outcome(events)[2]


def test_dates_that_move_at_every_request_do_not_hide_where_we_left_off(desk: Desk) -> None:
    stamped = [entry(n, hours=60, published=f"now {k}") for k, n in enumerate("dcba")]
    desk.pages = {page(2): document(*listed("g", hours=70), *stamped, entry("z", hours=59))}
    assert recovered(desk, desk.poll(NOW)) == ["g"]


def test_known_statements_under_new_ids_are_not_recovered(desk: Desk) -> None:
    before = listed("fedcba")
    desk = Desk()
    desk.poll(document(*before, older=page(2)))
    again = [entry(n, guid=f"new:{n}", hours=ord(n) - 97) for n in "fedcba"]
    desk.pages = {page(2): document(*again)}
    events = desk.poll(document(*listed("utsrqp"), older=page(2)))
    assert recovered(desk, events) == []
    assert outcome(events) == (0, 0, False, "page 2 lists known statements under new names")


def test_ten_pages_are_the_most(desk: Desk) -> None:
    for number in range(2, 30):
        shown = [entry(f"{number}-{k}", hours=20 + (60 - number) / 2 - k / 10) for k in range(3)]
        desk.pages[page(number)] = document(*shown, older=page(number + 1))
    events = desk.poll(document(*listed("nmlk", hours=90), older=page(2)))
    assert outcome(events) == (10, 30, False, "10 older pages did not reach back to it")
    assert len(desk.asked) == 10


def test_the_last_page_ends_it(desk: Desk) -> None:
    desk.pages = {page(2): document(*listed("j"))}
    assert outcome(desk.poll(NOW)) == (1, 1, False, "page 2 names no older one")


@pytest.mark.parametrize("reason", ["http_404", "http_410", "ssrf_blocked", "bad_url"])
def test_what_another_try_would_not_mend_ends_it_at_once(desk: Desk, reason: str) -> None:
    desk.pages = {page(2): reason}
    assert outcome(desk.poll(NOW)) == (0, 0, False, f"page 2: {reason}")


@pytest.mark.parametrize("reason", ["http_503", "timeout", "challenge", "html"])
def test_what_fails_is_tried_again_for_a_day_and_goes_on_where_it_stopped(desk: Desk, reason: str) -> None:
    desk.pages = {page(2): document(*listed("jih"), older=page(3)), page(3): reason}
    assert recovered(desk, desk.poll(NOW)) == ["h", "i", "j"]
    assert desk.watcher.memory.repair is not None
    assert desk.poll(None, timedelta(hours=12)) == []
    desk.pages = {page(3): document(*listed("hgfed"))}
    events = desk.poll(None, timedelta(hours=11))
    assert recovered(desk, events) == ["e", "f", "g"]
    assert outcome(events) == (2, 6, True, "page 3 lists what was known before")
    assert desk.poll(None) == []


def test_after_a_day_it_is_said_to_be_incomplete(desk: Desk) -> None:
    desk.pages = {page(2): "http_503"}
    desk.poll(NOW)
    assert outcome(desk.poll(None, timedelta(hours=24))) == (0, 0, False, "page 2: http_503")
    assert desk.poll(None) == []


def test_a_second_gap_before_the_first_is_repaired_makes_one_of_both(desk: Desk) -> None:
    desk.pages = {page(2): "timeout"}
    desk.poll(NOW)
    since = desk.watcher.memory.repair.since
    desk.pages = {page(2): document(*listed("nmlk"), older=page(3)), page(3): document(*listed("fed"))}
    events = desk.poll(document(*listed("utsr"), older=page(2)), timedelta(hours=1))
    assert outcome(events)[:2] == (1, 0)  # a page of known ones brings nothing new
    (done,) = [event for event in events if isinstance(event, FeedRepaired)]
    assert done.since == since


def test_the_window_the_suspects_and_the_baseline_stay_as_they_are(desk: Desk) -> None:
    desk.pages = {page(2): document(*listed("jihgfed"))}
    desk.poll(NOW)
    memory = desk.watcher.memory
    assert [entry.item for entry in memory.window] == [
        event.item for event in reversed(desk.watcher.events) if isinstance(event, ItemPublished) and not event.mark
    ][:4]
    assert memory.suspects == ()
    assert desk.poll(document(*listed("onml"), older=page(2)))[0].mark is None
    assert not desk.asked[1:]


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (document(*listed("nmld"), older=page(2)), "no gap"),
        (document(*listed("nmlk")), "no older page"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_is_asked_without_a_gap_or_without_an_older_page(desk: Desk, shown: ParsedFeed, why: str) -> None:
    desk.poll(shown)
    assert desk.asked == []


def test_a_first_document_a_reissue_and_another_address_begin_no_repair(desk: Desk) -> None:
    assert Desk().poll(document(*listed("dcba"), older=page(2)))
    desk.poll(document(*[entry(n, guid=f"n:{n}", hours=ord(n) - 97) for n in "dcba"], older=page(2)))
    desk.watcher.profile = profile(url="https://elsewhere.example/feed")
    desk.poll(document(*listed("tsrq"), older=page(2)))
    assert desk.asked == []


def test_a_feed_at_a_new_address_that_shares_an_entry_with_the_old_one_begins_no_repair() -> None:
    desk, pinned = Desk(), entry("p", hours=-500)
    desk.poll(document(*listed("edcba"), pinned, older=page(2)))
    desk.watcher.profile = profile(url="https://elsewhere.example/feed")
    events = desk.poll(document(*listed("tsrq"), pinned, older=page(2)))
    assert [type(event) for event in events].count(FeedGap) == 1
    assert desk.asked == []


def test_a_page_that_lists_what_was_erased_is_read_and_not_kept(desk: Desk) -> None:
    known = desk.watcher.items
    (last,) = (item for item, each in known.items() if each.content.published == listed("d")[0].published)
    known[last] = replace(known[last], salt=b"")
    desk.pages = {page(2): document(*listed("fed"))}
    events = desk.poll(NOW)
    assert recovered(desk, events) == ["e", "f"]
    assert desk.kept == [False]


def test_a_new_beginning_drops_a_repair_that_is_open(desk: Desk) -> None:
    desk.pages = {page(2): "timeout"}
    desk.poll(NOW)
    desk.watcher.profile = profile(url="https://elsewhere.example/feed")
    desk.poll(document(*listed("zyxw")))
    assert desk.watcher.memory.repair is None


@settings(deadline=None)
@given(st.data())
def test_whatever_the_pages_hold_each_missed_statement_is_told_once_and_nothing_from_before(
    data: st.DataObject,
) -> None:
    """Statements by number, older ones first; pages of any size, which may overlap, and fail in passing."""
    size = data.draw(st.integers(2, 6), "entries of the feed")
    before, missed = data.draw(st.integers(0, 8), "before we looked"), data.draw(st.integers(0, 20), "missed")
    dated = data.draw(st.booleans(), "dated")
    last_known, newest = before + size, before + size + missed + size

    def shown(numbers: range, older: str) -> ParsedFeed:
        return document(*[entry(str(n), hours=n if dated else None) for n in reversed(numbers)], older=older)

    desk = Desk()
    desk.poll(shown(range(before, last_known), page(2)))
    top, number = newest - size, 2
    while top > 0 and number < 20:
        end = min(newest, top + data.draw(st.integers(0, 2), "listed on the page before too"))
        start = max(0, top - data.draw(st.integers(1, 8), "entries of the page"))
        desk.pages[page(number)] = shown(range(start, end), page(number + 1) if start else "")
        top, number = start, number + 1
    stuck = data.draw(st.sets(st.integers(2, 12)), "pages that fail at first")
    whole = dict(desk.pages)
    desk.pages |= {page(n): "timeout" for n in stuck if page(n) in whole}
    events = desk.poll(shown(range(newest - size, newest), page(2)))
    desk.pages = whole
    events += desk.poll(None)
    late = sorted(int(name) for name in recovered(desk, events))
    done = outcome(events)
    assert len(late) == len(set(late)) == done[1]
    assert set(late) <= set(range(last_known, newest - size))
    if done[2]:
        assert late == list(range(last_known, newest - size))
    assert done[2] == (done[0] <= 10 and not done[3].startswith("10 older pages"))
