"""The daemon's loops over a whole program: what keeps turning, what it says of itself, whom it leaves alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from aggregator import settings as translate
from aggregator.carrier import Carrier, PollReport
from aggregator.clock import utc_now
from aggregator.daemon import Daemon
from aggregator.one_pass import PassReport, one_pass
from aggregator.web.health import Pulse, Readiness
from aggregator.wiring import Program, build
from store.database import SqlStore
from store.events import FeedId


@dataclass
class Site:
    """Answers every path with `status`; `asked` counts the requests by path."""

    status: int = 404
    headers: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    port: int = 0


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            served.asked[self.path] += 1
            self.send_response(served.status)
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.port = server.server_address[1]
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


@dataclass
class Running:
    """A daemon at work, and the monotonic clock of its pulse, which stands until it is told."""

    program: Program
    time: float = 0.0
    pulse: Pulse = field(init=False)
    readiness: Readiness = field(default_factory=Readiness)

    def __post_init__(self) -> None:
        self.pulse = Pulse(limit=30, clock=lambda: self.time)


@asynccontextmanager
async def program_over(tmp_path: Path, store: SqlStore, *urls: str) -> AsyncIterator[Program]:
    path = tmp_path / "feedwitness.toml"
    tables = (f'[feeds.f{n}]\nurl = "{url}"\nevery = "5m"\n' for n, url in enumerate(urls))
    path.write_text('[web]\nlisten = ""\n' + "".join(tables), encoding="utf-8")
    loaded = translate.load(str(path), {}, tmp_path)
    assert not loaded.mistakes, loaded.mistakes
    async with build(loaded, store) as program:
        await program.start()
        yield program


@asynccontextmanager
async def running(tmp_path: Path, store: SqlStore, *urls: str) -> AsyncIterator[Running]:
    stop = asyncio.Event()
    async with program_over(tmp_path, store, *urls) as program:
        at_work = Running(program)
        daemon = asyncio.create_task(Daemon(program, at_work.pulse, at_work.readiness).run(stop))
        try:
            yield at_work
        finally:
            stop.set()
            await daemon


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the facts lie in threads and sockets, which set no event
            await asyncio.sleep(0.005)


def test_a_loop_that_has_nothing_to_do_for_long_is_not_stuck(tmp_path: Path, store: SqlStore) -> None:
    loops = {"dispatch", "flush", "count", "housekeeping", "react", "deliver", "pages"}

    async def play() -> None:
        async with running(tmp_path, store) as daemon:
            await until(lambda: daemon.pulse.expected.keys() == loops)
            daemon.time = 50
            await until(lambda: daemon.pulse.expected["dispatch"] > 50)
            await until(lambda: not {"deliver", "housekeeping"} & set(daemon.pulse.stuck()))  # at its next look

    asyncio.run(play())


def test_a_loop_that_hangs_is_stuck(tmp_path: Path, store: SqlStore) -> None:
    async def play() -> None:
        async with running(tmp_path, store) as daemon:
            await until(lambda: "deliver" in daemon.pulse.expected)
            let_go = Event()
            store.write(lambda _: let_go.wait(20))
            daemon.time = 100
            await until(lambda: daemon.pulse.expected["dispatch"] > 100)
            daemon.time = 200
            assert "deliver" in daemon.pulse.stuck()
            let_go.set()

    asyncio.run(play())


def test_all_feeds_of_a_host_leave_it_alone_when_it_asks_one_of_them_to(
    tmp_path: Path, store: SqlStore, site: Site
) -> None:
    site.status, site.headers = 503, {"Retry-After": "600"}

    async def play() -> None:
        urls = [f"http://127.0.0.1:{site.port}/{n}" for n in range(2)]
        async with program_over(tmp_path, store, *urls) as program:
            daemon = Daemon(program, Pulse(), Readiness())
            await program.carrier.look(FeedId("f0"))
            daemon._watching._agenda.put(FeedId("f1"), utc_now())
            await daemon._watching.dispatch()
            assert not daemon._watching._flying
            due = daemon._watching._agenda.when(FeedId("f1"))
            assert due is not None
            assert due > utc_now() + timedelta(seconds=500)

    asyncio.run(play())
    assert site.asked == {"/0": 1}


# --- one pass ---------------------------------------------------------------------------------------------------------


def test_a_bug_in_looking_at_one_feed_is_its_failure_and_not_the_others(
    tmp_path: Path, store: SqlStore, site: Site
) -> None:
    class Faulty(Carrier):
        async def look(self, feed: FeedId) -> PollReport:
            if feed == "f0":
                raise ZeroDivisionError
            return await super().look(feed)

    async def play() -> PassReport:
        urls = [f"http://127.0.0.1:{site.port}/{n}" for n in range(2)]
        async with program_over(tmp_path, store, *urls) as program:
            program.carrier.__class__ = Faulty
            return await one_pass(program, [FeedId("f0"), FeedId("f1")], lambda _, __: None)

    report = asyncio.run(play())
    assert [(one.feed, one.failure) for one in report.reports] == [("f0", "bug"), ("f1", "http_404")]


def test_a_feed_named_twice_is_asked_once(tmp_path: Path, store: SqlStore, site: Site) -> None:
    heard: list[tuple[int, int]] = []

    async def play() -> None:
        async with program_over(tmp_path, store, f"http://127.0.0.1:{site.port}/0") as program:
            await one_pass(program, [FeedId("f0"), FeedId("f0")], lambda done, of: heard.append((done, of)))

    asyncio.run(play())
    assert (site.asked, heard) == ({"/0": 1}, [(1, 1)])
