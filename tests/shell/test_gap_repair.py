"""A feed whose window rolled past us, and its older pages, on loopback; a real store, a clock in our hand."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest

from aggregator.carrier import PollReport, Watched
from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import FetchRequest
from store.database import SqlStore
from store.events import FeedGap, FeedId, FeedRepaired, ItemPublished
from tests.shell.desk import START, Desk, at_work, play
from tests.shell.loopback import Answer, serving

FEED = FeedId("ministry")


def rss(names: str, *, older: str = "", generator: str = "") -> bytes:
    """Entries of these letters, newest first, each letter a minute after the one before it."""
    items = "".join(
        f"<item><title>Statement {n}</title><guid>urn:{n}</guid><link>http://site.invalid/{n}</link>"
        f"<pubDate>{format_datetime(_date(n))}</pubDate><description>About {n}.</description></item>"
        for n in names
    )
    link = f'<atom:link rel="next" href="{older}"/>' if older else ""
    return (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>m</title>'
        f"{link}<generator>{generator}</generator>{items}</channel></rss>"
    ).encode()


def atom(names: str, *, older: str = "", generator: str = "") -> bytes:
    """The same as Atom, its older entries in an archive (RFC 5005)."""
    items = "".join(
        f"<entry><title>Statement {n}</title><id>urn:{n}</id><link href='http://site.invalid/{n}'/>"
        f"<updated>{_date(n).isoformat()}</updated><content>About {n}.</content></entry>"
        for n in names
    )
    link = f'<link rel="prev-archive" href="{older}"/>' if older else ""
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>m</title>{link}<generator>{generator}</generator>{items}</feed>'
    ).encode()


def _date(name: str) -> datetime:
    return START + timedelta(minutes=ord(name) - ord("d"))


@dataclass
class Site:
    """Answers by path and query; `asked` keeps the paths, `headers` what came with the last request of each."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    port: int = 0

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def shows(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def respond(self, path: str, asked: Mapping[str, str]) -> Answer:
        self.asked.append(path)
        self.headers[path] = dict(asked)
        return self.answers.get(path, (404, b"", {}))


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    with serving(served.respond) as served.port:
        yield served


@dataclass(kw_only=True)
class Ministry(Desk):
    """One feed, and what became of its gaps."""

    async def poll(self, after: timedelta = timedelta(minutes=10)) -> PollReport:
        self.now += after
        return await self.carrier.look(FEED)

    def told(self) -> tuple[list[str], list[FeedRepaired]]:
        """What was recovered late, by its letters, and how repairs ended."""
        events, late = self.events(), []
        with self.store.read() as tx:
            for event in events:
                if isinstance(event, ItemPublished) and event.mark:
                    late += [text[-1] for text in tx.texts.get({event.content.title}).values()]
        return late, [event for event in events if isinstance(event, FeedRepaired)]


def desk(
    store: SqlStore, url: str, *, allow: Sequence[str] = ("127.0.0.0/8",), **request: object
) -> AbstractAsyncContextManager[Ministry]:
    asked = replace(FetchRequest(url, timedelta(seconds=5), 1 << 20, "test"), **request)
    watched = Watched(FeedProfile(FEED, url, timedelta(minutes=10), timezone="UTC"), asked)

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    return at_work(Ministry(store=store), {FEED: watched}, allow=allow, resolve=resolve)


@pytest.mark.parametrize("write", [rss, atom])
def test_what_rolled_past_us_is_found_on_older_pages_in_the_same_look(
    write: Callable[..., bytes], site: Site, store: SqlStore
) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", write("dcba", older="/older/1"))
            await here.poll()
            site.shows("/feed", write("nmlk", older="/older/3"))
            site.shows("/older/3", write("jihg", older="/older/2"))
            site.shows("/older/2", write("fedc", older="/older/1"))
            report = await here.poll()
            late, repaired = here.told()
            assert late == ["g", "h", "i", "j", "e", "f"]
            (gap,) = [event for event in here.events() if isinstance(event, FeedGap)]
            assert repaired == [FeedRepaired(FEED, gap.since, 2, 6, True, "page 3 lists what was known before")]
            assert report.recorded == 4 + 1 + 6 + 1
            assert site.asked == ["/feed", "/feed", "/older/3", "/older/2"]
            assert (await here.poll()).recorded == 0
            assert len(site.asked) == 5

    play(story)


def test_the_document_of_each_recovered_statement_is_kept_and_that_of_other_pages_is_not(
    site: Site, store: SqlStore
) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"))
            site.shows("/2", rss("jk", older="/3"))
            site.shows("/3", rss("kj"))
            await here.poll()
            (late,) = [event for event in here.events() if isinstance(event, ItemPublished) and event.mark]
            with store.read() as tx:
                kept = tx.captures.get(late.capture)
            assert kept is not None
            assert (kept.body, kept.url) == (rss("jk", older="/3"), site.url("/2"))
            with store.read() as tx:
                assert tx.texts.get({late.content.text})

    play(story)


def test_wordpress_is_asked_by_number_and_one_that_ignores_it_is_asked_once(site: Site, store: SqlStore) -> None:
    maker = "https://wordpress.org/?v=6.8.1"

    async def story() -> None:
        async with desk(store, site.url("/feed/?cat=3")) as here:
            site.shows("/feed/?cat=3", rss("dcba", generator=maker))
            await here.poll()
            site.shows("/feed/?cat=3", rss("nmlk", generator=maker))
            site.shows("/feed/?cat=3&paged=2", rss("jihgfed", generator=maker))
            await here.poll()
            assert here.told()[0] == list("efghij")
            site.shows("/feed/?cat=3", rss("zyxw", generator=maker))
            site.shows("/feed/?cat=3&paged=2", rss("zyxw", generator=maker))
            await here.poll()
            late, (_, ignored) = here.told()
            assert len(late) == 6
            assert (ignored.complete, ignored.reason) == (False, "page 2 brings nothing new")

    play(story)
    assert site.asked.count("/feed/?cat=3&paged=2") == 2
    assert "/feed/?cat=3&paged=3" not in site.asked


def test_the_kremlin_is_asked_by_its_own_numbers(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url("/events/all/feed", "en.kremlin.ru")) as here:
            site.shows("/events/all/feed", atom("dcba"))
            await here.poll()
            site.shows("/events/all/feed", atom("nmlk"))
            site.shows("/events/all/feed/page/2", atom("jihg"))
            site.shows("/events/all/feed/page/3", atom("fedc"))
            await here.poll()
            assert here.told()[0] == list("ghijef")

    play(story)


def test_a_page_that_fails_is_tried_again_at_the_next_polls_even_of_an_unchanged_feed(
    site: Site, store: SqlStore
) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", rss("dcba", older="/2"), ETag='"1"')
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"), ETag='"2"')
            site.shows("/2", b"", 503)
            await here.poll()
            assert here.told() == ([], [])
            site.shows("/2", b"<html><title>Just a moment...</title></html>")
            await here.poll()
            assert here.told() == ([], [])
            assert site.headers["/feed"]["if-none-match"] == '"2"'
        async with desk(store, site.url()) as again:  # what is to be done outlives a restart
            again.now = START + timedelta(hours=1)
            site.answers["/feed"] = (304, b"", {})
            site.shows("/2", rss("jihgfed"))
            await again.poll()
            late, (repaired,) = again.told()
            assert late == list("efghij")
            assert repaired.complete
            asked = len(site.asked)
            await again.poll()
            assert site.asked[asked:] == ["/feed"]

    play(story)


def test_a_repair_that_fails_for_a_day_is_said_to_be_incomplete(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"))
            site.shows("/2", b"", 500)
            for hours in (1, 12, 11.9):
                await here.poll(timedelta(hours=hours))
            assert here.told() == ([], [])
            await here.poll()
            _, (repaired,) = here.told()
            assert (repaired.complete, repaired.reason) == (False, "page 2: http_500")
            asked = len(site.asked)
            await here.poll()
            assert site.asked[asked:] == ["/feed"]

    play(story)


def test_a_host_that_asked_to_be_left_alone_is_left_alone(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"))
            site.shows("/2", b"", 429, Retry_After="1800")
            await here.poll()
            await here.poll(timedelta(minutes=20))
            assert site.asked.count("/2") == 1
            await here.poll(timedelta(minutes=20))
            assert site.asked.count("/2") == 2

    play(story)


def test_the_operators_headers_go_to_pages_of_their_own_origin_and_to_no_other(site: Site, store: SqlStore) -> None:
    own = {"headers": {"X-Api-Key": "key"}, "auth": ("user", "secret")}
    token = b64encode(b"user:secret").decode()

    async def story() -> None:
        async with desk(store, site.url(), **own) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"))
            site.shows("/2", rss("jihg", older=site.url("/3", "elsewhere.example")))
            site.shows("/3", rss("fed"))
            await here.poll()
            assert here.told()[1][0].complete

    play(story)
    assert site.headers["/2"]["authorization"] == f"Basic {token}"
    assert site.headers["/2"]["x-api-key"] == "key"
    assert "authorization" not in site.headers["/3"]
    assert "x-api-key" not in site.headers["/3"]


def test_a_user_name_in_the_feeds_url_is_meant_for_its_older_pages_too(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url(host="user:secret@127.0.0.1")) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"))
            site.shows("/2", rss("jd"))
            await here.poll()

    play(story)
    assert site.headers["/2"]["authorization"] == f"Basic {b64encode(b'user:secret').decode()}"


@pytest.mark.parametrize("older", ["http://127.0.0.2:{}/2", "http://localhost:{}/2", "http://user@127.0.0.1:{}/2"])
def test_an_older_page_elsewhere_inside_is_refused(older: str, site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url(), allow=()) as here:
            site.shows("/feed", rss("dcba", older="/2"))
            await here.poll()
            site.shows("/feed", rss("nmlk", older=older.format(site.port)))
            await here.poll()
            _, (repaired,) = here.told()
            assert (repaired.complete, repaired.reason) == (False, "page 2: ssrf_blocked")

    play(story)
    assert site.asked == ["/feed", "/feed"]


def test_a_gap_repaired_changes_neither_validators_nor_what_the_next_poll_compares(site: Site, store: SqlStore) -> None:
    async def story() -> None:
        async with desk(store, site.url()) as here:
            site.shows("/feed", rss("dcba", older="/2"), ETag='"1"')
            await here.poll()
            site.shows("/feed", rss("nmlk", older="/2"), ETag='"2"')
            site.shows("/2", rss("jihgfed"), ETag='"page"')
            await here.poll()
            before = len(here.events())
            site.shows("/feed", rss("onml", older="/2"), ETag='"3"')
            await here.poll()
            assert site.headers["/feed"]["if-none-match"] == '"2"'
            (new,) = here.events()[before:]
            assert isinstance(new, ItemPublished)
            assert new.mark is None

    play(story)
