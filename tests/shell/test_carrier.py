"""One poll carried into a real store: a scripted site on loopback, a clock in our hand."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event

import pytest

from aggregator.carrier import PollReport, Watched
from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import FetchRequest
from store.database import SqlStore
from store.events import FeedId, FeedRenamed, FeedUnwatched, ItemPublished, ItemWithdrawn, Position, feed_stream
from store.ports import StoreUnavailable
from tests.shell.desk import START, Desk, at_work, play
from tests.shell.loopback import Answer, serving, tagged

FEED = FeedId("ministry")


def rss(*titles: str) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><guid>urn:{title}</guid><link>http://site.invalid/{title}</link>"
        f"<pubDate>Sat, 21 Nov 2026 0{8 - n}:00:00 GMT</pubDate><description>About {title}.</description></item>"
        for n, title in enumerate(titles)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>m</title>{items}</channel></rss>'.encode()


@dataclass
class Site:
    """Answers by path; `asked` keeps the headers of each request."""

    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Callable[[str], Answer] = lambda _: (404, b"", {})
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def publish(self, *titles: str) -> None:
        self.answers["/feed"] = (200, rss(*titles), {})

    def respond(self, path: str, asked: Mapping[str, str]) -> Answer:
        self.asked.append((path, dict(asked)))
        return tagged(self.answers.get(path) or self.otherwise(path), asked)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    with serving(served.respond) as served.port:
        yield served


@dataclass(kw_only=True)
class Ministry(Desk):
    """One feed, or several, and how its polls went."""

    async def poll(self, after: timedelta = timedelta(minutes=10), feed: FeedId = FEED) -> PollReport:
        self.now += after
        return await self.carrier.look(feed)

    def kinds(self) -> list[str]:
        return [event.KIND for event in self.events()]


def desk(store: SqlStore, *urls: str, first: FeedId = FEED, **own: object) -> AbstractAsyncContextManager[Ministry]:
    watched = {}
    for number, url in enumerate(urls):
        feed = first if number == 0 else FeedId(f"feed-{number}")
        request = replace(FetchRequest(url, timedelta(seconds=5), 1 << 20, "test"), **own)
        watched[feed] = Watched(FeedProfile(feed, url, timedelta(minutes=10), timezone="UTC"), request)
    return at_work(Ministry(store=store), watched)


def test_a_first_poll_is_a_baseline_and_an_unchanged_one_is_conditional_and_silent(site: Site, store: SqlStore) -> None:
    site.publish("b", "a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            assert (await here.poll()).recorded == 3
            assert await here.poll() == PollReport(FEED)
            assert here.kinds() == ["item.published/1", "item.published/1", "feed.baselined/1"]

    play(story)
    assert "if-none-match" not in site.asked[0][1]
    assert "if-none-match" in site.asked[1][1]


def test_validators_and_schedule_outlive_a_restart(site: Site, store: SqlStore) -> None:
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            planned = here.carrier.next_time(FEED, here.now)
        async with desk(store, site.url("/feed")) as again:
            assert again.carrier.due_times(START + timedelta(minutes=10))[FEED] == planned
            assert await again.poll(timedelta(minutes=20)) == PollReport(FEED)

    play(story)
    assert "if-none-match" in site.asked[-1][1]


def test_after_twelve_hours_the_document_is_fetched_without_validators(site: Site, store: SqlStore) -> None:
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            await here.poll(timedelta(hours=11))
            await here.poll(timedelta(hours=1))

    play(story)
    assert ["if-none-match" in headers for _, headers in site.asked] == [False, True, False]


def test_a_refused_document_leaves_no_validator_and_changes_nothing(site: Site, store: SqlStore) -> None:
    site.publish("c", "b", "a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            site.answers["/feed"] = (200, b"<html><title>Just a moment...</title></html>", {})
            assert (await here.poll()).failure == "challenge"
            site.answers["/feed"] = (200, rss(), {})
            assert (await here.poll()).failure == "emptied"
            site.publish("c", "b", "a")
            assert await here.poll() == PollReport(FEED)
            assert len(here.kinds()) == 4

    play(story)


def test_a_poll_whose_events_cannot_be_stored_is_not_acknowledged(site: Site, store: SqlStore) -> None:
    site.publish("a")

    async def publish_until_full(here: Ministry) -> None:
        for number in range(200):
            site.publish(*(f"n{number}-{each}" for each in range(3)), "a")
            await here.poll()

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            connection = store._writer._engine.connect()  # the size limit of a full disk
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.close()
            with pytest.raises(StoreUnavailable):
                await publish_until_full(here)
            before = here.kinds()
            connection = store._writer._engine.connect()
            connection.exec_driver_sql("PRAGMA max_page_count = 100000")
            connection.close()
            assert (await here.poll()).recorded > 0
            assert len(here.kinds()) > len(before)

    play(story)


def test_every_document_that_an_event_cites_is_kept_also_when_a_304_proves_what_it_showed(
    site: Site, store: SqlStore
) -> None:
    async def story() -> None:
        site.publish("d", "c", "b", "a")
        async with desk(store, site.url("/feed")) as sitting:
            await sitting.poll()
            site.publish("d", "b", "a")  # without "c": a suspicion, and no event yet
            await sitting.poll()
            await sitting.poll()
        with store.read() as tx:
            events = [recorded.event for recorded in tx.log.read(Position(0), 500)]
            cited = {event.KIND: event.capture for event in events if hasattr(event, "capture")}
            kept = {kind: tx.captures.get(digest) for kind, digest in cited.items()}
        assert kept.keys() >= {"feed.baselined/1", "item.published/1", "item.absent/1"}
        assert all(kept.values()), kept
        assert kept["item.absent/1"].body == rss("d", "b", "a")

    play(story)


def test_an_item_missing_from_the_middle_is_withdrawn_in_the_pass_in_which_its_page_says_410(
    site: Site, store: SqlStore
) -> None:
    def publish(*titles: str) -> None:
        body = rss(*titles).replace(b"http://site.invalid", site.url("").encode())
        site.answers["/feed"] = (200, body, {})

    publish("d", "c", "b", "a")
    site.answers |= {"/c": (410, b"", {}), "/b": (200, b"here", {}), "/a": (200, b"here", {}), "/d": (200, b"", {})}

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            publish("d", "b", "a")
            assert (await here.poll()).recorded == 0
            assert (await here.poll()).recorded == 2
            assert here.kinds()[-2:] == ["item.absent/1", "item.withdrawn/1"]

    play(story)


def test_a_statement_whose_page_is_what_the_site_answers_to_anything_is_withdrawn_after_six_hours(
    site: Site, store: SqlStore
) -> None:
    """The site knows no 404: to whatever is not there it says so with a 200."""
    names = ("fish-moves", "grain-moves", "oil-moves", "salt-moves")

    def publish(*listed: str) -> None:
        site.answers["/feed"] = (200, rss(*listed).replace(b"http://site.invalid", site.url("/news").encode()), {})

    site.answers |= {f"/news/{name}": (200, f"<h1>{name}</h1>".encode(), {}) for name in names if name != "grain-moves"}
    site.otherwise = lambda path: (200, f"<title>Ministry</title><p>We have no {path}.</p>".encode(), {})

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            publish(*names)
            await here.poll()
            publish("fish-moves", "oil-moves", "salt-moves")
            await here.poll()
            await here.poll()
            assert here.kinds()[-1] == "item.absent/1"
            await here.poll(timedelta(hours=3))
            assert here.kinds()[-1] == "item.absent/1"
            await here.poll(timedelta(hours=3))
            with store.read() as tx:
                withdrawn = tx.log.read(Position(0), 500)[-1].event
        assert isinstance(withdrawn, ItemWithdrawn)
        assert len(withdrawn.evidence) == 4
        assert withdrawn.evidence[-1].endswith(
            "its page: 200, as the site answers a made-up address (the same words, digits aside); "
            "the page of an entry still listed answered with a page of its own."
        )

    play(story)
    asked = [path for path, _ in site.asked if path.startswith("/news/")]
    made_up = [path for path in asked if path.removeprefix("/news/") not in names]
    assert (len(asked), len(made_up), len(set(made_up))) == (2 + 3 * 3, 3, 3)


def test_a_renamed_feed_is_no_new_feed(site: Site, store: SqlStore) -> None:
    new = FeedId("foreign-ministry")
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
        store.write(lambda tx: tx.log.append(feed_stream(new), [FeedRenamed(new, FEED)], now=START)).result()
        site.publish("b", "a")
        async with desk(store, site.url("/feed"), first=new) as renamed:
            await renamed.poll(timedelta(minutes=20), new)
            with store.read() as tx:
                last = tx.log.read(Position(0), 500)[-1].event
        assert isinstance(last, ItemPublished)
        assert (last.feed, last.baseline, last.hold) == (new, False, "")

    play(story)


def test_news_after_we_were_not_running_say_since_when_nobody_looked(site: Site, store: SqlStore) -> None:
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            await here.poll(timedelta(minutes=10))
            seen = here.now
            await here.ledger.flush()
            site.publish("b", "a")
        async with desk(store, site.url("/feed")) as later:
            later.now = seen
            await later.poll(timedelta(hours=2))
            site.publish("c", "b", "a")
            await later.poll(timedelta(minutes=20))
            with store.read() as tx:
                gone_by = [one.event for one in tx.log.read(Position(0), 500) if isinstance(one.event, FeedUnwatched)]
        assert gone_by == [FeedUnwatched(FEED, seen)]
        assert later.kinds()[2:4] == ["feed.unwatched/1", "item.published/1"]

    play(story)


def test_our_own_network_is_one_event_and_no_source_is_called_degraded(store: SqlStore) -> None:
    async def story() -> None:
        nowhere = [f"http://127.0.0.{host}:1/feed" for host in range(2, 7)]
        async with desk(store, *nowhere) as here:
            feeds = [FEED, *(FeedId(f"feed-{n}") for n in range(1, 5))]
            for _ in range(4):
                for feed in feeds:
                    wait = timedelta(minutes=10) if feed == FEED else timedelta(seconds=5)
                    assert (await here.poll(wait, feed)).failure == "connect"
                    await here.ledger.flush()
                    if here.ledger.network.lost:
                        assert not any(state.failing_since for state in here.ledger.states().values())
            assert here.kinds() == ["network.lost/1"]

    play(story)


def test_a_feed_redirected_to_another_origin_is_asked_there_with_its_validators(site: Site, store: SqlStore) -> None:
    site.answers["/old"] = (302, b"", {"Location": f"http://localhost:{site.port}/feed"})
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/old")) as here:
            await here.poll()
            site.asked.clear()
            await here.poll()

    play(story)
    conditional = [(path, "if-none-match" in headers) for path, headers in site.asked]
    assert conditional == [("/old", False), ("/feed", True)]


def test_a_permanent_redirect_is_followed_as_ours_after_seven_days(site: Site, store: SqlStore) -> None:
    site.answers["/old"] = (301, b"", {"Location": "/feed"})
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/old")) as here:
            for _ in range(16):
                await here.poll(timedelta(hours=12))
            assert here.kinds().count("feed.moved/1") == 1
            site.asked.clear()
            await here.poll()
        async with desk(store, site.url("/old")) as again:
            again.now = START + timedelta(days=9)
            await again.poll()

    play(story)
    assert [path for path, _ in site.asked] == ["/feed", "/feed"]


def test_credentials_stay_where_the_operator_meant_them_also_after_a_move(site: Site, store: SqlStore) -> None:
    site.answers["/old"] = (301, b"", {"Location": f"http://localhost:{site.port}/feed"})
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/old"), headers={"X-Api-Key": "secret"}, auth=("user", "secret")) as here:
            for _ in range(16):
                await here.poll(timedelta(hours=12))
            site.asked.clear()
            await here.poll()

    play(story)
    ((path, headers),) = site.asked
    assert path == "/feed"
    assert headers.keys().isdisjoint({"authorization", "x-api-key"})


def test_a_move_within_the_operators_origin_keeps_the_credentials(site: Site, store: SqlStore) -> None:
    site.answers["/old"] = (301, b"", {"Location": "/feed"})
    site.publish("a")

    async def story() -> None:
        url = site.url("/old").replace("127.", "user:secret@127.")
        async with desk(store, url, headers={"X-Api-Key": "secret"}) as here:
            for _ in range(17):
                await here.poll(timedelta(hours=12))

    play(story)
    path, headers = site.asked[-1]
    assert path == "/feed"
    assert headers.keys() >= {"authorization", "x-api-key"}


def test_an_address_that_was_adopted_is_given_up_when_what_it_sends_is_refused_three_times(
    site: Site, store: SqlStore
) -> None:
    site.answers["/old"] = (301, b"", {"Location": "/feed"})
    site.publish("c", "b", "a")

    async def story() -> None:
        async with desk(store, site.url("/old")) as here:
            for _ in range(16):
                await here.poll(timedelta(hours=12))
            site.answers["/feed"] = (200, rss(), {})
            for _ in range(3):
                assert (await here.poll()).failure == "emptied"
            site.asked.clear()
            await here.poll()

    play(story)
    assert [path for path, _ in site.asked] == ["/old", "/feed"]


def test_what_was_only_counted_is_not_written_over_what_was_recorded_after_it(site: Site, store: SqlStore) -> None:
    site.publish("a")
    held, let_go = Event(), Event()

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            await here.poll()  # counted, not yet written
            site.publish("b", "a")
            store.write(lambda _: (held.set(), let_go.wait(20)))
            await asyncio.to_thread(held.wait, 20)
            recording = asyncio.create_task(here.poll())
            async with asyncio.timeout(20):
                while store._writer._queue.empty():  # noqa: ASYNC110 - the queue of a thread sets no event
                    await asyncio.sleep(0.005)
            flushing = asyncio.create_task(here.ledger.flush())
            await asyncio.sleep(0)
            let_go.set()
            await asyncio.gather(recording, flushing)
            remembered = here.ledger.states()[FEED]
        with store.read() as tx:
            assert tx.polls.all()[FEED] == remembered

    play(story)


def test_only_feeds_of_the_settings_are_remembered(site: Site, store: SqlStore) -> None:
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/feed")) as here:
            await here.poll()
            assert set(here.ledger.states()) == {FEED}
        async with desk(store, site.url("/feed"), first=FeedId("another")) as later:
            assert not later.ledger.states()

    play(story)


def test_an_unchanged_document_behind_a_temporary_redirect_costs_no_write(site: Site, store: SqlStore) -> None:
    site.answers["/old"] = (302, b"", {"Location": "/feed"})
    site.publish("a")

    async def story() -> None:
        async with desk(store, site.url("/old")) as here:
            await here.poll()
            before = store.commits
            assert await here.poll() == PollReport(FEED)
            assert store.commits == before

    play(story)
