"""Two feeds of one source, polled for real into a real store: what is shared, and what waits."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.carrier import Watched
from aggregator.deciding.identity import key
from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import FetchRequest
from store.database import SqlStore, open_store
from store.events import FeedBaselined, FeedId, Position, feed_stream
from store.walk import events
from tests.shell.desk import Desk, at_work, play
from tests.shell.loopback import Answer, serving, tagged

ALL, NEWS = FeedId("all"), FeedId("news")
EVERY = timedelta(minutes=10)


@dataclass
class Site:
    """A site with two feeds. `listed`: titles by feed, newest first; `texts`: what a statement says; `gone`: pages that
    answer 410; `tombs`: deleted entries by feed.
    """

    listed: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    tombs: dict[str, list[str]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def respond(self, path: str, asked: Mapping[str, str]) -> Answer:
        return tagged(self._answer(path.strip("/")), asked)

    def _answer(self, name: str) -> Answer:
        if name in self.down:
            return 503, b"", {}
        if name in self.listed:
            return 200, self._feed(name).encode(), {}
        self.asked.append(name)
        return (410, b"", {}) if name in self.gone else (200, b"<p>here it is</p>", {})

    def _feed(self, feed: str) -> str:
        entries = "".join(
            f"<entry><id>urn:{feed}:{name}</id><title>{name}</title><updated>2026-11-20T{10 + ord(name) - 97}:00:00Z"
            f'</updated><link href="http://127.0.0.1:{self.port}/{name}"/>'
            f"<content>{self.texts.get(name, f'About {name}.')}</content></entry>"
            for name in self.listed[feed]
        )
        tombs = "".join(
            f'<at:deleted-entry ref="urn:{feed}:{name}" when="2026-11-21T08:00:00Z"/>'
            for name in self.tombs.get(feed, ())
        )
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
            f"<id>urn:{feed}</id><title>{feed}</title><updated>2026-11-21T00:00:00Z</updated>{entries}{tombs}</feed>"
        )


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site(listed={"all": ["c", "b", "a"], "news": ["c", "b", "a"]})
    with serving(served.respond) as served.port:
        yield served


@dataclass(kw_only=True)
class Source(Desk):
    """Two feeds of one source, and what came of their polls."""

    async def poll(self, *feeds: FeedId) -> list[str]:
        """Poll these feeds, one after another, and say what came of it: kind, item and twin."""
        with self.store.read() as tx:
            before = tx.log.head().position
        self.now += EVERY
        for feed in feeds:
            self.now += timedelta(seconds=1)
            await self.carrier.look(feed)
        return self.log(before)

    def log(self, after: Position = Position(0)) -> list[str]:  # noqa: B008 - a plain number
        with self.store.read() as tx:
            names = {
                found: f"{feed}/{name}"
                for feed in (ALL, NEWS)
                for name in "abcdefg"
                for found in tx.items.find(feed, [key("guid", f"urn:{feed}:{name}")]).values()
            }
            told = []
            for one in events(tx.log, after):
                if isinstance(one.event, FeedBaselined):
                    continue
                twin = getattr(one.event, "twin", None)
                said = f" = {names[twin.item]} {twin.version}" if twin else ""
                told.append(f"{one.event.KIND[5:-2]} {names.get(getattr(one.event, 'item', ''), '')}{said}")
            return told


def desk(
    store: SqlStore, site: Site, *, shared: bool = True, idle: bool = False
) -> AbstractAsyncContextManager[Source]:
    watched = {}
    for feed, other in ((ALL, NEWS), (NEWS, ALL)):
        url = f"http://127.0.0.1:{site.port}/{feed}"
        siblings = (other,) if shared else ()
        profile = FeedProfile(
            feed, url, EVERY, timezone="UTC", siblings=siblings, idle=frozenset(siblings if idle else ())
        )
        watched[feed] = Watched(profile, FetchRequest(url, timedelta(seconds=5), 1 << 20, "test"))
    return at_work(Source(store=store), watched)


def test_a_statement_of_both_feeds_names_its_twin_in_the_second(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site) as here:
            told = await here.poll(ALL, NEWS)
            assert told[:3] == ["published all/a", "published all/b", "published all/c"]
            assert told[3:] == [f"published news/{name} = all/{name} 1" for name in "abc"]
            site.listed = {"all": ["d", "c", "b"], "news": ["d", "c", "b"]}
            assert await here.poll(NEWS, ALL) == ["published news/d", "published all/d = news/d 1"]

    play(story)


def test_an_edit_names_the_version_of_the_other_feed_that_says_the_same(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site) as here:
            await here.poll(ALL, NEWS)
            site.texts["b"] = "Twenty trucks."
            assert await here.poll(ALL, NEWS) == ["revised all/b", "revised news/b = all/b 2"]
            site.texts["b"] = "Two trucks."
            assert await here.poll(NEWS) == ["revised news/b"]
            assert await here.poll(ALL) == ["revised all/b = news/b 3"]

    play(story)


def test_gone_from_one_feed_while_the_other_lists_it_is_not_gone(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site) as here:
            await here.poll(ALL, NEWS)
            site.listed["news"], site.gone = ["c", "a"], {"b"}
            for _ in range(5):
                assert await here.poll(ALL, NEWS) == []
            assert site.asked == [], "nobody asks for its page"
            site.listed["all"] = ["c", "a"]
            assert await here.poll(ALL, NEWS) == ["absent news/b", "withdrawn news/b"]
            assert await here.poll(ALL, NEWS) == ["absent all/b", "withdrawn all/b = news/b 1"]
            site.listed = {"all": ["c", "b", "a"], "news": ["c", "b", "a"]}
            assert await here.poll(ALL, NEWS) == ["restored all/b", "restored news/b = all/b 1"]

    play(story)


def test_what_rolled_off_one_feed_is_no_evidence_and_keeps_nothing_waiting(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site) as here:
            await here.poll(ALL, NEWS)
            site.listed["all"], site.gone = ["e", "d", "c"], {"b"}
            await here.poll(ALL)
            site.listed["news"] = ["c", "a"]
            await here.poll(NEWS)
            assert await here.poll(NEWS) == ["absent news/b", "withdrawn news/b"]

    play(story)


def test_a_tombstone_waits_while_the_other_feed_lists_the_statement(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site) as here:
            await here.poll(ALL, NEWS)
            site.listed["news"], site.tombs["news"] = ["c", "a"], ["b"]
            for _ in range(3):
                assert await here.poll(ALL, NEWS) == []
            site.listed["all"], site.tombs["all"] = ["c", "a"], ["b"]
            assert await here.poll(ALL, NEWS) == ["withdrawn all/b", "withdrawn news/b = all/b 1"]

    play(story)


@pytest.mark.parametrize("way", ["off", "degraded"])
def test_a_feed_that_cannot_be_seen_keeps_nothing_waiting(site: Site, store: SqlStore, way: str) -> None:
    async def story() -> None:
        async with desk(store, site, idle=way == "off") as here:
            await here.poll(ALL, NEWS)
            site.listed["news"], site.gone, site.down = ["c", "a"], {"b"}, {"all"} if way == "degraded" else set()
            told = []
            for _ in range(4):
                told += await here.poll(ALL, NEWS)
            assert "withdrawn news/b" in told
            assert ("degraded " in told) == (way == "degraded")

    play(story)


def test_without_a_shared_source_each_feed_lives_alone(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site, shared=False) as here:
            await here.poll(ALL, NEWS)
            site.listed["news"], site.gone = ["c", "a"], {"b"}
            await here.poll(ALL, NEWS)
            assert await here.poll(ALL, NEWS) == ["absent news/b", "withdrawn news/b"]
            assert not [line for line in here.log() if "=" in line]

    play(story)


def test_a_source_whose_feeds_share_nothing_changes_nothing(site: Site, store: SqlStore, tmp_path: Path) -> None:
    async def life(into: SqlStore, *, shared: bool) -> list[str]:
        site.listed, site.gone, site.texts = {"all": ["c", "b", "a"], "news": ["g", "f", "e"]}, {"b", "f"}, {}
        async with desk(into, site, shared=shared) as here:
            await here.poll(ALL, NEWS)
            site.texts["e"] = "Edited."
            site.listed = {"all": ["d", "c", "a"], "news": ["g", "e"]}
            for _ in range(3):
                await here.poll(ALL, NEWS)
            with into.read() as tx:
                for feed in (ALL, NEWS):
                    assert tx.log.version(feed_stream(feed)) > 3
            return here.log()

    async def story() -> None:
        with open_store(f"sqlite:///{tmp_path / 'other.db'}", migrate=True) as other:
            assert await life(store, shared=True) == await life(other, shared=False)

    play(story)
