"""Pages visited for real: a scripted site on loopback, a real store, extractor and reactor, a clock in our hand."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.carrier import Watched
from aggregator.deciding.normalise import FeedProfile
from aggregator.erase import erase, find_captures
from aggregator.outcome import FetchRequest
from aggregator.page.looking import Paged
from aggregator.page.plan import FOLLOWED
from aggregator.page.pool import PagePool
from aggregator.page.record import Recording
from aggregator.page.visiting import Visiting, pause_for
from alerts.facts import AlertFacts
from alerts.react import Reactor
from store.database import open_store
from store.events import (
    AlertHeld,
    AlertRaised,
    ChannelId,
    FeedId,
    ItemCompleted,
    ItemRevised,
    ItemWithdrawn,
    RuleDefined,
    RuleId,
    rule_stream,
)
from store.ports import Delivery, Visit
from tests.shell.desk import START, Desk, at_work, play
from tests.shell.loopback import Answer, serving, tagged

FEED = FeedId("ministry")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SYRIA = RuleDefined(
    RuleId("syria"), "Syria", {}, None, ("appeared", "changed", "dropped", "withdrawn", "restored"),
    (ChannelId("desk"),), "normal", "wording",
)  # fmt: skip
AID = "The ministry sent 12 tonnes of aid to Syria on the day before yesterday, and more is on its way by sea."
CLOSING = "The minister thanked all who had come to the capital, and said that the work would go on in the winter."


def page(headline: str, *blocks: str) -> bytes:
    text = "".join(f"<p>{block}</p>" for block in (*blocks, CLOSING))
    frame = "<nav><a href='/'>Home</a></nav><main><article><h1>{}</h1>{}</article></main><footer>Ministry</footer>"
    return f"<html><head><title>{headline}</title></head><body>{frame.format(headline, text)}</body></html>".encode()


@dataclass
class Site:
    """A feed and the pages behind it. `asked` keeps the path and headers of each request."""

    port: int = 0
    listed: list[str] = field(default_factory=list)
    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    anything: tuple[int, str, bytes] = (404, "text/html", b"<p>no such page</p>")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def publish(self, name: str, *blocks: str) -> None:
        """A statement of which the feed gives a lead only."""
        self.listed.insert(0, name)
        self.say(name, *blocks)

    def say(self, name: str, *blocks: str) -> None:
        self.pages[name] = (200, "text/html; charset=utf-8", page(f"Statement {name}", *blocks))

    def answer(self, name: str, status: int, body: bytes = b"", kind: str = "text/html") -> None:
        self.pages[name] = (status, kind, body)

    def looks(self, name: str) -> list[dict[str, str]]:
        return [headers for path, headers in self.asked if path == f"/{name}"]

    def document(self) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{name}</guid><title>Statement {name}</title>"
            f"<link>{self.url('/' + name)}</link><description>A statement was made.</description></item>"
            for name in self.listed
        )
        return f"<rss version='2.0'><channel><title>m</title>{items}</channel></rss>".encode()

    def respond(self, path: str, asked: Mapping[str, str]) -> Answer:
        self.asked.append((path, dict(asked)))
        feed = (200, "application/rss+xml", self.document())
        status, kind, body = feed if path == "/feed" else self.pages.get(path.removeprefix("/"), self.anything)
        return tagged((status, body, {"Content-Type": kind, **self.headers}), asked)


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    with serving(served.respond) as served.port:
        yield served


class Nobody:
    def deliveries(self, facts: AlertFacts) -> list[Delivery]:
        return []


@dataclass(kw_only=True)
class Ministry(Desk):
    """One feed whose pages are visited, one rule, and what it told."""

    paged: Paged
    visiting: Visiting = field(init=False)
    reactor: Reactor = field(init=False)
    lost: bool = False

    async def poll(self, after: timedelta = 10 * MINUTE) -> None:
        self.now += after
        await self.carrier.look(FEED)
        self.react()
        await self.visiting.follow()

    async def visit(self, after: timedelta = timedelta(0)) -> list[str]:
        """Visit what is due then; what came of it."""
        self.now += after
        found: list[Recording] = []
        while due := self.due():
            found.append(await self.visiting.look(due[0], self.paged))
        self.react()
        return [recording.outcome for recording in found]

    def react(self) -> None:
        while self.reactor.run_once():
            pass

    def due(self) -> list[Visit]:
        with self.store.read() as tx:
            return list(tx.visits.due(self.now, 1))

    def visits(self) -> dict[str, Visit]:
        with self.store.read() as tx:
            return {visit.url.rpartition("/")[2]: visit for visit in tx.visits.of(FEED)}

    def told(self) -> list[str]:
        return [event.transition for event in self.events(AlertRaised)]  # type: ignore[attr-defined]


@asynccontextmanager
async def desk(
    tmp_path: Path, site: Site, setting: str = "fulltext", *, inside: bool = True, **own: object
) -> AsyncIterator[Ministry]:
    request = replace(FetchRequest(site.url("/feed"), timedelta(seconds=5), 1 << 20, "test"), **own)  # type: ignore[arg-type]
    revisit = (15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY)
    profile = FeedProfile(FEED, request.url, 10 * MINUTE, timezone="UTC", page=setting, revisit=revisit)  # type: ignore[arg-type]
    paged = Paged(profile, request)
    with open_store(f"sqlite:///{tmp_path / 'log.db'}", migrate=True) as store:
        store.write(lambda tx: tx.log.append(rule_stream(SYRIA.rule), [SYRIA], now=START)).result()
        ministry = Ministry(store=store, paged=paged)
        watched = {FEED: Watched(profile, request)}
        async with at_work(ministry, watched, allow=["127.0.0.0/8"] if inside else []) as here:
            reader = PagePool()
            here.reactor = Reactor(store, Nobody(), {}, now=lambda: here.now)
            here.visiting = Visiting(
                store, here.manners, reader, {FEED: paged},
                now=lambda: here.now, lost=lambda: here.lost, per_host=1000,
            )  # fmt: skip
            try:
                await here.visiting.plan()
                yield here
            finally:
                await reader.close()


def test_a_topic_that_only_the_page_names_appears_once_that_is_read(tmp_path: Path, site: Site) -> None:
    site.publish("old", "It is about trade with the neighbours in the north, and about the roads there.")

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            assert await here.visit() == ["completed"]
            site.publish("aid", AID)
            await here.poll()
            assert here.told() == []
            assert await here.visit() == ["completed"]
            assert here.told() == ["appeared"]
            assert await here.visit(15 * MINUTE) == ["same", "same"]
            assert here.told() == ["appeared"]
            completed = here.events(ItemCompleted)
            assert [each.hold for each in completed] == ["first-fetch", ""]
            with here.store.read() as tx:
                assert tx.captures.get(completed[1].capture).body == site.pages["aid"][2]

    play(story)


def test_what_the_page_of_a_first_fetch_says_is_no_news(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            assert here.told() == []
            assert [held.reason for held in here.events(AlertHeld)] == ["first-fetch"]

    play(story)


def test_a_page_that_is_edited_while_its_feed_is_silent_is_told_and_its_topic_may_go(
    tmp_path: Path, site: Site
) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            site.say("aid", AID.replace("12", "120"))
            assert await here.visit(15 * MINUTE) == ["edited"]
            (edit,) = here.events(ItemRevised)
            assert (edit.fields, edit.kind, edit.flags) == (("page",), "wording", ("number",))
            assert here.told() == ["changed"]
            assert here.visits()["aid"].since == here.now, "an edit begins the offsets anew"
            site.say("aid", AID.replace("12", "120").replace("Syria", "the region"))
            await here.visit(15 * MINUTE)
            assert here.told() == ["changed", "dropped"]

    play(story)


def test_a_statement_that_rolled_off_is_withdrawn_when_its_page_is_gone(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site, "matched") as here:
            await here.poll()
            site.publish("Syria-talks", "The ministry spoke with Syria today about the return of those who had fled.")
            await here.poll()
            assert (here.told(), here.visits().keys()) == (["appeared"], {"Syria-talks"})
            assert await here.visit() == ["completed"]
            for name in ("one", "two"):
                site.publish(name, "It is about trade with the neighbours in the north, and about the roads.")
            site.listed = ["two", "one"]
            await here.poll()
            await here.poll(DAY)
            assert await here.visit() == ["same"]
            site.answer("Syria-talks", 410)
            assert await here.visit(7 * DAY) == ["gone"]
            (withdrawn,) = here.events(ItemWithdrawn)
            assert withdrawn.grade == "page-gone"
            assert here.told() == ["appeared", "withdrawn"]

    play(story)


@pytest.mark.parametrize(
    "words", ["Here is our new site. Look for what you want in the list of all that we have.", "Gone"]
)
def test_a_site_that_says_not_found_with_a_200_withdraws_what_rolled_off(
    tmp_path: Path, site: Site, words: str
) -> None:
    site.publish("statement-aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            site.listed = []
            for name in ("statement-roads", "statement-bread"):
                site.publish(name, f"It is about {name} in the north, and about what was said of it in the house.")
            await here.poll()
            await here.visit()
            site.anything = (200, "text/html", f"<html><title>Not found</title><p>{words}</p></html>".encode())
            del site.pages["statement-aid"]
            outcomes = [outcome for _ in range(4) for outcome in await here.visit(4 * HOUR) if outcome == "missing"]
            assert len(outcomes) >= 3
            (withdrawn,) = here.events(ItemWithdrawn)
            assert "as the site answers a made-up address" in " ".join(withdrawn.evidence)
            assert here.events(ItemRevised) == []

    play(story)


def test_a_statement_that_left_the_middle_is_withdrawn_by_its_feed_and_once(tmp_path: Path, site: Site) -> None:
    for name in ("old", "older", "aid"):
        site.publish(name, AID, f"This one is about {name}.")

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            site.listed.remove("older")
            site.answer("older", 410)
            await here.poll()
            assert "gone" in await here.visit(15 * MINUTE)
            assert here.events(ItemWithdrawn) == [], "missing so far in one document only"
            await here.poll()
            await here.visit(HOUR)
            assert len(here.events(ItemWithdrawn)) == 1

    play(story)


def test_a_wall_against_robots_and_one_text_for_all_change_nothing(tmp_path: Path, site: Site) -> None:
    for name in ("old", "aid", "talks"):
        site.publish(name, AID, f"This one is about {name} and about what was said of it in the house on that day.")

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            recorded = len(here.events(object))
            wall = b"<html><head><title>Just a moment...</title></head><body><p>Checking your browser before accessing"
            for name in site.listed:
                site.answer(
                    name, 200, wall + b"</p><script src='/cdn-cgi/challenge-platform/x'></script></body></html>"
                )
            assert set(await here.visit(15 * MINUTE)) == {"challenge"}
            maintenance = page(
                "Dear visitors", "This site is being worked on, and will be back on Monday as you know it."
            )
            for name in site.listed:
                site.answer(name, 200, maintenance)
            assert await here.visit(2 * HOUR)
            assert await here.visit(DAY)
            assert len(here.events(object)) == recorded
            assert {visit.reason for visit in here.visits().values()} == {"block-page"}

    play(story)


def test_pages_are_asked_as_strangers_and_only_for_what_is_new(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        own = {"headers": {"X-Desk": "secret"}, "auth": ("user", "hidden")}
        async with desk(tmp_path, site, **own) as here:
            await here.poll()
            await here.visit()
            await here.visit(15 * MINUTE)

    play(story)
    feed = next(headers for path, headers in site.asked if path == "/feed")
    assert ("x-desk" in feed, "authorization" in feed) == (True, True)
    first, second = site.looks("aid")
    assert not {"x-desk", "authorization", "if-none-match"} & first.keys()
    assert "if-none-match" in second
    assert first["accept"].startswith("text/html")
    assert first["user-agent"] == "test"


def test_a_page_in_a_private_network_is_not_reached(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site, inside=False) as here:
            await here.poll()
            assert await here.visit() == ["ssrf_blocked"]
            assert site.looks("aid") == []
            visit = here.visits()["aid"]
            assert (visit.failures, visit.reason, visit.next_at) == (1, "ssrf_blocked", visit.since + 15 * MINUTE)

    play(story)


def test_what_is_no_web_page_is_only_looked_at_for_whether_it_stands(tmp_path: Path, site: Site) -> None:
    site.publish("report")
    site.answer("report", 200, b"%PDF-1.7 " + b"x" * 2000, "application/pdf")

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            assert await here.visit() == ["not_html"]
            assert here.visits()["report"].next_at == here.now + DAY
            assert await here.visit(DAY) == ["same"]
            visit = here.visits()["report"]
            assert (visit.reason, visit.failures, len(site.looks("report"))) == ("not_html", 0, 2)

    play(story)
    assert "if-none-match" in site.looks("report")[1]


def test_a_page_that_is_too_large_is_not_read(tmp_path: Path, site: Site) -> None:
    site.publish("aid")
    site.answer("aid", 200, b"<p>" + b"long " * 400_000)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            assert await here.visit() == ["too_large"]
            assert here.visits()["aid"].next_at == here.now + DAY

    play(story)


def test_a_host_that_asks_for_time_is_left_alone_by_all_its_pages(tmp_path: Path, site: Site) -> None:
    for name in ("one", "two"):
        site.publish(name, AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            site.headers = {"Retry-After": "7200"}
            for name in site.listed:
                site.answer(name, 503)
            outcomes: list[str] = []

            def recorded(one: Recording) -> None:
                outcomes.append(one.outcome)
                here.now += timedelta(seconds=1)

            assert await here.visiting.visit_due(recorded, MINUTE) == []
            assert outcomes == ["http_503"]
            failed = next(visit for visit in here.visits().values() if visit.failures)
            assert failed.next_at == here.now + 2 * HOUR - timedelta(seconds=1)
            assert len(site.looks("one")) + len(site.looks("two")) == 1

    play(story)


def test_our_own_network_is_not_the_fault_of_a_page(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            here.lost = True
            site.answer("aid", 502)
            await here.visit()
            visit = here.visits()["aid"]
            assert (visit.failures, visit.next_at) == (0, here.now + 5 * MINUTE)

    play(story)


def test_an_edit_in_the_feed_while_a_page_is_on_its_way_brings_another_look(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            (begun,) = here.due()
            here.now += MINUTE
            here.store.write(lambda tx: tx.visits.save([replace(begun, next_at=here.now)])).result()
            assert (await here.visiting.look(begun, here.paged)).outcome == "completed"
            assert here.visits()["aid"].next_at == here.now
            moved = replace(here.visits()["aid"], url=site.url("/elsewhere"))
            (again,) = here.due()
            here.store.write(lambda tx: tx.visits.save([moved])).result()
            assert (await here.visiting.look(again, here.paged)).outcome == "superseded"
            assert here.visits()["elsewhere"] == moved

    play(story)


def test_settings_that_ended_a_visit_meanwhile_keep_it_ended(tmp_path: Path, site: Site) -> None:
    site.publish("aid", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            (begun,) = here.due()
            here.visiting.use({}, 2)
            await here.visiting.plan()
            await here.visiting.look(begun, here.paged)
            assert (here.visits()["aid"].next_at, here.visits()["aid"].reason) == (None, "off")
            here.visiting.use({FEED: here.paged}, 2)
            await here.visiting.plan()
            assert here.visits()["aid"].next_at == here.now + 15 * MINUTE

    play(story)


def test_an_item_that_is_erased_leaves_nothing_of_its_page_and_all_of_the_others(tmp_path: Path, site: Site) -> None:
    for name in ("one", "two"):
        site.publish(name, AID, f"This is {name}.")

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            await here.visit()
            visits = here.visits()
            one, two = visits["one"].item, visits["two"].item
            captures = {each.item: each.capture for each in here.events(ItemCompleted)}
            found = await find_captures(here.store, one, here.paged.profile, "")
            here.store.write(
                lambda tx: erase(tx, one, here.paged.profile, found, who="w", why="y", now=here.now)
            ).result()
            with here.store.read() as tx:
                assert [tx.captures.get(captures[item]) is None for item in (one, two)] == [True, False]
                left = tx.visits.get([one])[one]
                assert (left.url, left.memory, left.next_at, left.reason) == ("", "", None, "erased")
                about = tx.items.get([one])[one].content
                assert tx.texts.get([about.text, about.page.text]) == {}
            assert await here.visit(15 * MINUTE) == ["same"], "the other one's"

    play(story)


def test_an_item_that_is_erased_while_its_page_is_on_the_way_is_not_read(tmp_path: Path, site: Site) -> None:
    site.publish("one", AID)

    async def story() -> None:
        async with desk(tmp_path, site) as here:
            await here.poll()
            (begun,) = here.due()
            found = await find_captures(here.store, begun.item, here.paged.profile, "")
            here.store.write(
                lambda tx: erase(tx, begun.item, here.paged.profile, found, who="w", why="y", now=here.now)
            ).result()
            assert (await here.visiting.look(begun, here.paged)).outcome == "superseded"
            assert here.events(ItemCompleted) == []

    play(story)


def test_only_what_alerted_somebody_is_followed_and_for_thirty_days(tmp_path: Path, site: Site) -> None:
    async def story() -> None:
        async with desk(tmp_path, site, "matched") as here:
            await here.poll()
            site.publish("aid", AID)
            site.publish("Syria", AID)
            await here.poll()
            assert here.visits().keys() == {"Syria"}
            assert await here.visit() == ["completed"]
            assert here.visits()["Syria"].until == here.now + FOLLOWED
            looks = 0
            for _ in range(40):
                looks += len(await here.visit(DAY))
            assert looks == 25, "after a day and a week, then daily"
            assert here.visits()["Syria"].next_at is None

    play(story)


def test_the_pause_is_a_second_and_shorter_where_more_requests_are_allowed() -> None:
    assert [pause_for(per_host).total_seconds() for per_host in (1, 2, 4, 200)] == [1, 1, 0.5, 0.01]
