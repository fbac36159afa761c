"""Settings change under a running program: all of them or nothing, and nobody is asked twice or forgotten (39, 66)."""

import asyncio
import base64
import gc
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from aggregator.clock import utc_now
from aggregator.notify import Notifier
from aggregator.parts import Parts
from aggregator.reload import Reloader
from aggregator.settings import load
from aggregator.watching import Watching
from aggregator.web.health import Readiness
from aggregator.wiring import Program, build
from alerts.channels.webhook import WebhookChannel
from store.database import SqlStore
from store.events import ChannelId, FeedId, Position
from store.ports import StoreUnavailable, Verdict
from tests.acceptance.conftest import Ministry, Statement, open_ministry

SETTINGS = """
include = ["rules.d/*.toml"]
[store]
url = "sqlite:///log.db"
[fetch]
every = "1h"
allow_networks = ["127.0.0.0/8"]
[web]
listen = ""
[feeds.ministry]
url = "{base}/feed.xml"
[rules.syria]
match = 'Syria'
notify = ["hook"]
[channels.hook]
type = "webhook"
url = "{base}/hook"
"""
ELSEWHERE = '[feeds.elsewhere]\nurl = "{base}/feed.xml"\n'
STATEMENTS = tuple(Statement(f"s{n}", f"Statement {n} on Syria", "The convoy left.", n) for n in range(9))


@dataclass
class Desk:
    """A program whose settings lie in a folder, and what it says of them."""

    folder: Path
    ministry: Ministry
    store: SqlStore
    program: Program
    watching: Watching
    reloader: Reloader
    asked: asyncio.Event
    notes: list[dict[str, Any]]
    readiness: Readiness = field(default_factory=Readiness)

    def write(self, text: str, name: str = "feedwitness.toml") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("{base}", self.ministry.base), encoding="utf-8")

    async def reload(self, text: str | None = None) -> dict[str, Any]:
        """As HUP does; what other processes hear of it."""
        if text is not None:
            self.write(text)
        self.asked.set()
        await self.reloader.turn(self.watching)
        return self.notes[-1]

    async def due(self, feed: str = "ministry") -> None:
        """The feed's time has come: it is looked at, what was seen is judged, what is to be told is sent."""
        self.watching._agenda.put(FeedId(feed), utc_now())
        await self.looks()
        while await asyncio.to_thread(self.program.reactor.run_once):
            pass
        await self.program.deliverer.drain_once(utc_now())

    async def looks(self) -> None:
        """Look at whatever is due."""
        await self.watching.dispatch()
        await asyncio.gather(*self.watching._flying.values())

    def told(self) -> list[str]:
        return [one["data"]["item"]["title"] for one in self.ministry.received]

    def kinds(self) -> list[str]:
        with self.store.read() as tx:
            return [recorded.event.KIND for recorded in tx.log.read(Position(0), 500)]

    def outbox(self) -> list[tuple[str, str, str]]:
        with self.store.views() as views:
            return [(one.channel, one.state, one.reason) for one in views.deliveries()]

    def gauge(self) -> float | None:
        return self.program.metrics.registry.get_sample_value("feedwitness_settings_ok")


@pytest.fixture
def ministry() -> Iterator[Ministry]:
    with open_ministry() as here:
        here.publish(STATEMENTS[0])
        yield here


@asynccontextmanager
async def desk(folder: Path, ministry: Ministry, store: SqlStore, settings: str = SETTINGS) -> AsyncIterator[Desk]:
    (folder / "feedwitness.toml").write_text(settings.replace("{base}", ministry.base), encoding="utf-8")
    started = load("feedwitness.toml", {}, folder)
    assert not started.mistakes, started.mistakes
    asked, notes, console, readiness = asyncio.Event(), list[dict[str, Any]](), StringIO(), Readiness()
    async with build(started, store, console=console) as program:
        await program.start()
        watching = Watching(program, recorded=lambda: None, failed=pytest.fail)
        reloader = Reloader(
            program,
            started,
            read=lambda: load("feedwitness.toml", {}, folder),
            asked=asked,
            note=lambda text: notes.append(json.loads(text)),
            readiness=readiness,
            notifier=Notifier({}),
            console=console,
            pause_seconds=0.01,
        )
        watching.begin()
        yield Desk(folder, ministry, store, program, watching, reloader, asked, notes, readiness)


@pytest.fixture
def play(tmp_path: Path, ministry: Ministry, store: SqlStore) -> Callable[..., None]:
    """Play a story at such a desk."""

    def played(story: Callable[[Desk], Any], settings: str = SETTINGS) -> None:
        async def at_desk() -> None:
            async with desk(tmp_path, ministry, store, settings) as here:
                await story(here)

        asyncio.run(at_desk())

    return played


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100 << 20)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "syntax": (lambda path: path.write_text("[feeds.a\n"), ":1:"),
    "duplicate key": (lambda path: path.write_text('[feeds.a]\nurl = "http://a.x"\nurl = "http://b.x"\n'), ":3:"),
    "unknown key": (lambda path: path.write_text('[feeds.a]\nurl = "http://a.x"\nevrey = "5m"\n'), ":3:1: unknown key"),
    "wrong type": (lambda path: path.write_text('[feeds.a]\nurl = "http://a.x"\ntags = 5\n'), ":3:"),
    "nan": (lambda path: path.write_text('[feeds.a]\nurl = "http://a.x"\nevery = nan\n'), ":3:"),
    "100 MB": (too_large, "is larger than 32 MiB"),
    "query": (lambda path: path.write_text("[rules.syria]\nmatch = 'Syria AND'\n"), ":2:"),
    "gone": (lambda path: path.unlink(), "does not exist"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_of_wrong_settings_nothing_is_taken_and_everybody_hears_why(
    play: Callable[..., None], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    spoil, told = BROKEN[kind]

    async def story(here: Desk) -> None:
        parts, kinds = here.program.parts, here.kinds()
        spoil(here.folder / "feedwitness.toml")
        note = await here.reload()
        assert here.program.parts is parts
        assert here.kinds() == kinds
        assert here.gauge() == 0
        assert here.readiness.remarks == {"settings_rejected"}
        assert note["mistakes"][0].startswith("feedwitness.toml")
        assert told in note["mistakes"][0]
        assert any(note["mistakes"][0] in line for line in caplog.messages)
        note = await here.reload(SETTINGS)
        assert (here.gauge(), note["rejected_at"], here.readiness.remarks) == (1, "", set())

    with caplog.at_level(logging.ERROR, "feedwitness"):
        play(story)


def test_a_rule_rings_for_what_comes_and_never_for_what_was_there(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        await here.due()
        here.ministry.say("old", "Trucks", "Twelve trucks left.", 20)
        await here.due()
        assert here.told() == []
        here.write("[rules.trucks]\nmatch = 'trucks'\nnotify = ['hook']\n", "rules.d/trucks.toml")
        await here.reload()
        await here.due()
        assert here.told() == []
        here.ministry.say("new", "More trucks", "Twenty.", 21)
        await here.due()
        assert here.told() == ["More trucks"]
        (here.folder / "rules.d" / "trucks.toml").unlink()
        await here.reload()
        here.ministry.say("last", "Even more trucks", "Thirty.", 22)
        await here.due()
        assert here.told() == ["More trucks"]

    play(story)


def test_the_same_settings_read_again_leave_no_trace_and_keep_what_is_under_way(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        channel, kinds = here.program.parts.channels[ChannelId("hook")], here.kinds()
        due = here.watching._agenda.when(FeedId("ministry"))
        await here.reload()
        assert here.program.parts.channels[ChannelId("hook")] is channel
        assert here.kinds() == kinds
        assert here.watching._agenda.when(FeedId("ministry")) == due

    play(story)


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_a_new_feed_is_looked_at_and_one_that_is_gone_or_off_is_not(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        agenda = here.watching._agenda
        await here.reload(SETTINGS + ELSEWHERE)
        assert agenda.when(FeedId("elsewhere")) is not None
        await here.reload(SETTINGS + ELSEWHERE + "enabled = false\n")
        assert agenda.when(FeedId("elsewhere")) is None
        await here.reload(SETTINGS + ELSEWHERE)
        assert agenda.when(FeedId("elsewhere")) is not None
        await here.reload(SETTINGS)
        assert agenda.when(FeedId("elsewhere")) is None
        assert agenda.when(FeedId("ministry")) is not None

    play(story)


def test_a_feed_that_comes_back_is_known_from_before(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        await here.reload(SETTINGS + ELSEWHERE)
        await here.due("elsewhere")
        baselines = here.kinds().count("feed.baselined/1")
        await here.reload(SETTINGS)
        assert FeedId("elsewhere") not in here.program.ledger.states()
        await here.reload(SETTINGS + ELSEWHERE)
        assert here.program.ledger.state(FeedId("elsewhere")).last_good_at is not None
        await here.due("elsewhere")
        assert here.kinds().count("feed.baselined/1") == baselines

    play(story)


def test_another_cadence_counts_from_now_on(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        await here.due()
        await here.reload(SETTINGS.replace('every = "1h"', 'every = "10s"'))
        due = here.watching._agenda.when(FeedId("ministry"))
        assert due is not None
        assert (due - utc_now()).total_seconds() < 16

    play(story)


def test_a_feed_that_failed_is_asked_at_once_when_its_address_is_mended(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        await here.due()
        assert here.program.ledger.state(FeedId("ministry")).reason == "http_404"
        await here.reload(SETTINGS)
        await here.looks()
        assert "feed.baselined/1" in here.kinds()

    play(story, SETTINGS.replace("feed.xml", "fed.xml"))


def test_a_look_under_way_ends_by_the_settings_of_its_start_and_its_feed_is_not_asked_twice(
    play: Callable[..., None],
) -> None:
    async def story(here: Desk) -> None:
        before = here.program.carrier.feeds
        here.watching._agenda.put(FeedId("ministry"), utc_now())
        await here.watching.dispatch()
        (flying,) = here.watching._flying.values()
        await asyncio.sleep(0)  # it has begun
        await here.reload(SETTINGS.replace('every = "1h"', 'every = "2h"'))
        assert here.program.carrier.feeds != before
        assert (here.watching._agenda.when(FeedId("ministry")) is None) != flying.done()
        await flying
        assert here.watching._agenda.when(FeedId("ministry")) is not None
        assert here.kinds().count("feed.baselined/1") == 1

    play(story)


def test_a_feed_taken_out_while_it_is_looked_at_is_recorded_and_not_asked_again(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        here.watching._agenda.put(FeedId("ministry"), utc_now())
        await here.watching.dispatch()
        (flying,) = here.watching._flying.values()
        await asyncio.sleep(0)
        await here.reload(SETTINGS.replace("feeds.ministry", "feeds.other"))
        await flying
        assert here.kinds().count("feed.baselined/1") == 1
        assert here.watching._agenda.when(FeedId("ministry")) is None

    play(story)


def test_a_renamed_feed_keeps_all_that_is_known_of_it_even_what_was_only_counted(play: Callable[..., None]) -> None:
    renamed = SETTINGS.replace("[feeds.ministry]", '[feeds.office]\nformerly = ["ministry"]')

    async def story(here: Desk) -> None:
        await here.due()
        await here.due()  # the second is a 304 or the same document: it is only counted
        known = here.program.ledger.state(FeedId("ministry"))
        await here.reload(renamed)
        now = here.program.ledger.state(FeedId("office"))
        assert (now.goods, now.body, now.last_good_at) == (known.goods, known.body, known.last_good_at)
        here.ministry.publish(STATEMENTS[1])
        await here.due("office")
        assert here.told() == [STATEMENTS[1].title]
        assert here.kinds().count("feed.baselined/1") == 1

    play(story)


# --- channels ---------------------------------------------------------------------------------------------------------


def test_what_waits_for_a_channel_that_is_taken_out_is_held_at_once(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        await here.due()
        here.ministry.hook = 503
        here.ministry.publish(STATEMENTS[1])
        await here.due()
        assert ("hook", "pending", "retry") in here.outbox()
        await here.reload(SETTINGS.replace("channels.hook", "channels.pager").replace('["hook"]', '["pager"]'))
        assert ("hook", "held", "channel-removed") in here.outbox()
        here.ministry.hook = 200
        here.ministry.publish(STATEMENTS[2])
        await here.due()
        assert here.told() == [STATEMENTS[2].title]

    play(story)


def test_somebody_taken_out_of_to_while_a_mail_to_them_is_under_way_is_not_tried_again(
    play: Callable[..., None],
) -> None:
    mail = SETTINGS.replace('type = "webhook"\nurl = "{base}/hook"', 'type = "email"\nhost = "127.0.0.1"\nport = 1')
    mail += 'from = "watch@example.org"\nsecurity = "none"\nto = ["stays@example.org", "leaves@example.org"]\n'
    soon = timedelta(minutes=1)

    async def story(here: Desk) -> None:
        await here.due()
        here.ministry.publish(STATEMENTS[1])
        await here.due()
        flying = here.store.write(lambda tx: tx.outbox.claim(utc_now() + soon, 9, soon)).result()
        await here.reload(mail.replace(', "leaves@example.org"', ""))
        failed = Verdict("pending", "connection lost", "disconnected", utc_now())
        assert len(flying) == 2
        assert all(here.store.write(lambda tx, one=one: tx.outbox.settle(one, failed)).result() for one in flying)
        await here.program.deliverer.drain_once(utc_now() + soon)
        with here.store.views() as views:
            assert {one.recipient: (one.state, one.reason) for one in views.deliveries()} == {
                "stays@example.org": ("pending", "retry"),
                "leaves@example.org": ("held", "recipient-removed"),
            }

    play(story, mail)


def test_while_rules_come_into_force_the_channels_of_both_settings_are_known(play: Callable[..., None]) -> None:
    known: list[set[ChannelId]] = []

    class Watched:
        """Looks at what is known in the very moment that the log changes."""

        def __init__(self, here: Desk) -> None:
            self.here = here

        def write(self, job: Callable[..., Any]) -> Any:
            program = self.here.program
            known.append(set(program.composer._forms) & set(program.deliverer._channels))
            return self.here.store.write(job)

    async def story(here: Desk) -> None:
        here.program.store = Watched(here)  # type: ignore[assignment]
        await here.reload(SETTINGS.replace("channels.hook", "channels.pager").replace('["hook"]', '["pager"]'))
        assert known == [{"hook", "pager"}]
        assert set(here.program.deliverer._channels) == {"pager"}

    play(story)


def test_a_secret_that_is_rotated_in_its_file_signs_the_next_message(play: Callable[..., None]) -> None:
    signed = SETTINGS + 'secret = { file = "key" }\n'
    keys = ["whsec_" + base64.b64encode(bytes([n]) * 24).decode() for n in (1, 2)]

    async def story(here: Desk) -> None:
        here.write(keys[0], "key")
        await here.reload(signed)
        here.write(keys[1], "key")
        await here.reload()
        channel = here.program.parts.channels[ChannelId("hook")]
        assert isinstance(channel, WebhookChannel)
        assert channel._target.secrets == (keys[1],)

    play(story)


# --- what cannot be taken ---------------------------------------------------------------------------------------------


def test_store_and_web_need_a_restart_and_the_rest_is_taken(
    play: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    other = SETTINGS.replace("log.db", "other.db").replace('listen = ""', 'listen = "127.0.0.1:1"')

    async def story(here: Desk) -> None:
        note = await here.reload(other + ELSEWHERE)
        assert note["restart"] == ["store", "web"]
        assert here.readiness.remarks == {"restart_needed"}
        assert here.program.settings.store.path == here.folder / "log.db"
        assert FeedId("elsewhere") in here.program.carrier.feeds
        assert "[store] and [web] changed, which needs a restart" in caplog.text
        assert (await here.reload(SETTINGS))["restart"] == []
        assert here.readiness.remarks == set()

    with caplog.at_level(logging.INFO, "feedwitness"):
        play(story)


def test_a_store_that_cannot_take_the_new_settings_leaves_the_old_ones_and_they_are_tried_again(
    play: Callable[..., None],
) -> None:
    class Full:
        def write(self, _: object) -> None:
            raise StoreUnavailable("store_full", "no room")

    async def story(here: Desk) -> None:
        parts = here.program.parts
        here.program.store = Full()  # type: ignore[assignment]
        with pytest.raises(StoreUnavailable):
            await here.reload(SETTINGS + ELSEWHERE)
        here.program.store = here.store
        assert here.program.parts is parts
        assert here.program.composer._forms == parts.forms
        async with asyncio.timeout(10):
            while FeedId("elsewhere") not in here.program.carrier.feeds:
                await here.reloader.turn(here.watching)  # nobody asks again

    play(story)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_file_that_changed_is_read_when_it_has_been_quiet_and_not_before(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        here.write(SETTINGS + ELSEWHERE)
        await here.reloader.turn(here.watching)
        assert FeedId("elsewhere") not in here.program.carrier.feeds
        here.write(SETTINGS + ELSEWHERE + "# the second half\n")
        await here.reloader.turn(here.watching)
        assert FeedId("elsewhere") not in here.program.carrier.feeds
        await here.reloader.turn(here.watching)
        assert FeedId("elsewhere") in here.program.carrier.feeds
        heard = len(here.notes)
        await here.reloader.turn(here.watching)
        await here.reloader.turn(here.watching)
        assert len(here.notes) == heard

    play(story)


def test_a_new_file_in_a_folder_of_rules_counts(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        here.write("[rules.new]\nmatch = 'x'\n", "rules.d/new.toml")
        await here.reloader.turn(here.watching)
        await here.reloader.turn(here.watching)
        assert "new" in here.program.settings.rules

    play(story)


def test_wrong_settings_are_told_once_and_not_at_every_look(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        here.write("[feeds.a\n")
        for _ in range(5):
            await here.reloader.turn(here.watching)
        assert sum(bool(note["mistakes"]) for note in here.notes) == 1
        (here.folder / "feedwitness.toml").rename(here.folder / "away")
        here.write(SETTINGS)
        for _ in range(2):
            await here.reloader.turn(here.watching)
        assert here.notes[-1]["mistakes"] == []

    play(story)


def test_reloads_leave_nothing_behind(play: Callable[..., None]) -> None:
    async def story(here: Desk) -> None:
        for n in range(6):
            here.write(f"[rules.r]\nmatch = 'x{n}'\nnotify = ['hook']\n", "rules.d/r.toml")
            await here.reload()
        gc.collect()
        assert sum(isinstance(one, Parts) for one in gc.get_objects()) <= 2  # the first ones, and those in force

    play(story)
