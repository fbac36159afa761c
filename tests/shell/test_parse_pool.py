"""The parse child can hang, swell, die or be killed: that costs one document its parse, and nobody else anything."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.outcome import ParsedFeed, ParseFailed, ParseOutcome
from aggregator.parse.feed import parse
from aggregator.parse.pool import ParsePool

FEEDS = Path(__file__).parents[1] / "data" / "feeds"
URL = "https://source.example/feed"
GOOD = (FEEDS / "kremlin-like.atom.xml").read_bytes()
ENDLESS = b"<rss><channel><item><author>" + b"a" * 120_000 + b"</author></item></channel></rss>"
"""A regular expression of feedparser takes a minute for this author."""
SWELLING = b"<rss><channel>&bad <a " + b"x" * 7_500_000 + b"</channel></rss>"
"""The stack of another takes 1.2 GB for this attribute."""
SHORT = timedelta(seconds=0.5)
"""A deadline long enough for every ordinary document here."""


@contextlib.asynccontextmanager
async def pool(size: int = 1, deadline: timedelta = timedelta(seconds=20)) -> AsyncIterator[ParsePool]:
    it = ParsePool(size, deadline)
    try:
        yield it
    finally:
        await it.close()


async def read(it: ParsePool, body: bytes) -> ParseOutcome:
    return await it.parse(body, "text/xml", URL)


def children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task").glob("*/children")
    pids = [int(pid) for path in found for pid in path.read_text().split()]
    return [pid for pid in pids if b"aggregator.parse.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(fact: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not fact():  # noqa: ASYNC110 - what the kernel knows has no event to wait for
            await asyncio.sleep(0.005)


async def started(parent: int) -> int:
    await until(lambda: children(parent))
    return children(parent)[0]


def computing(pid: int) -> bool:
    return Path(f"/proc/{pid}/syscall").read_text() == "running\n"


def test_what_the_child_reads_is_what_the_parser_reads():
    async def story() -> None:
        async with pool(2) as it:
            names = sorted(FEEDS.iterdir())
            outcomes = await asyncio.gather(*(read(it, path.read_bytes()) for path in names))
            assert outcomes == [parse(path.read_bytes(), "text/xml", URL) for path in names]
            zoned = await it.parse(GOOD.replace(b"+04:00", b""), "", URL, encoding="utf-8", timezone="Asia/Tokyo")
            assert isinstance(zoned, ParsedFeed)
            assert zoned.entries[0].published_at is not None
            assert zoned.entries[0].published_at.hour == 12

    asyncio.run(story())


def test_children_start_only_when_they_are_needed():
    async def story() -> None:
        async with pool(2) as it:
            assert children(os.getpid()) == []
            for _ in range(3):
                await read(it, GOOD)
            assert len(children(os.getpid())) == 1
        assert children(os.getpid()) == []

    asyncio.run(story())


def test_a_document_that_never_ends_is_stopped_and_the_others_are_read_meanwhile():
    async def story() -> None:
        async with pool(2, SHORT) as it:
            await asyncio.gather(read(it, GOOD), read(it, GOOD))
            begun = time.monotonic()
            endless = asyncio.create_task(read(it, ENDLESS))
            others = [await read(it, GOOD) for _ in range(5)]
            assert not endless.done()
            assert all(isinstance(outcome, ParsedFeed) for outcome in others)
            outcome = await endless
            assert isinstance(outcome, ParseFailed)
            assert outcome.reason == "parse_timeout"
            assert time.monotonic() - begun < 3
            assert isinstance(await read(it, GOOD), ParsedFeed)

    asyncio.run(story())


def test_waiting_for_a_busy_child_is_not_counted_as_parsing():
    async def story() -> None:
        async with pool(1, SHORT) as it:
            outcomes = await asyncio.gather(read(it, ENDLESS), read(it, ENDLESS), read(it, GOOD))
            assert [getattr(outcome, "reason", "read") for outcome in outcomes] == [*["parse_timeout"] * 2, "read"]

    asyncio.run(story())


@pytest.mark.long
def test_a_document_that_wants_all_memory_gets_none_of_ours():
    async def story() -> None:
        async with pool() as it:
            outcome = await read(it, SWELLING)
            assert isinstance(outcome, ParseFailed)
            assert outcome.reason == "parse_memory"
            assert isinstance(await read(it, GOOD), ParsedFeed)

    asyncio.run(story())


def test_a_child_that_dies_at_work_costs_one_parse():
    async def story() -> None:
        async with pool() as it:
            task = asyncio.create_task(read(it, ENDLESS))
            pid = await started(os.getpid())
            await until(lambda: computing(pid))  # importing or parsing: either way it dies before it answers
            os.kill(pid, signal.SIGKILL)
            outcome = await task
            assert isinstance(outcome, ParseFailed)
            assert outcome.reason == "parser_died"
            assert isinstance(await read(it, GOOD), ParsedFeed)

    asyncio.run(story())


def test_a_child_that_dies_idle_costs_nothing():
    async def story() -> None:
        async with pool() as it:
            await read(it, GOOD)
            (pid,) = children(os.getpid())
            os.kill(pid, signal.SIGKILL)
            process = it._pool._children[0]._process
            await until(lambda: gone(pid) and process.returncode is not None)  # gone, and our loop has heard of it
            assert isinstance(await read(it, GOOD), ParsedFeed)

    asyncio.run(story())


def test_a_cancelled_parse_does_not_answer_the_next_one():
    async def story() -> None:
        async with pool() as it:
            await read(it, GOOD)
            task = asyncio.create_task(read(it, ENDLESS))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await read(it, GOOD) == parse(GOOD, "text/xml", URL)

    asyncio.run(story())


def test_a_closed_pool_parses_nothing_more():
    async def story() -> None:
        it = ParsePool()
        task = asyncio.create_task(read(it, ENDLESS))
        pid = await started(os.getpid())
        await it.close()
        outcomes = [await task, await read(it, GOOD)]
        assert [getattr(outcome, "reason", "") for outcome in outcomes] == ["parser_died"] * 2
        assert gone(pid)

    asyncio.run(story())


def test_the_child_has_limits_no_secrets_and_no_terminal(monkeypatch):
    monkeypatch.setenv("FEEDWITNESS_TOKEN", "very-secret")

    async def story() -> None:
        async with pool() as it:
            await read(it, GOOD)
            (pid,) = children(os.getpid())
            place = Path(f"/proc/{pid}")
            limits = {line[:26].strip(): line[26:].split()[:2] for line in (place / "limits").read_text().splitlines()}
            assert limits["Max address space"] == [str(1024**3)] * 2
            assert limits["Max file size"] == limits["Max core file size"] == ["0", "0"]
            assert limits["Max open files"] == ["16", "16"]
            assert b"very-secret" not in (place / "environ").read_bytes()
            assert [(place / "fd" / name).readlink() for name in "012"] == [Path(os.devnull)] * 3
            assert os.getsid(pid) == pid

    asyncio.run(story())


def test_the_child_starts_in_a_folder_that_shadows_its_modules(tmp_path, monkeypatch):
    for name in ("config", "store", "aggregator", "feedparser", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    monkeypatch.chdir(tmp_path)

    async def story() -> None:
        async with pool() as it:
            assert isinstance(await read(it, GOOD), ParsedFeed)

    asyncio.run(story())


def test_the_child_imports_feedparser_and_this_room_only():
    code = "import sys, aggregator.parse.child; print(*sys.modules)"
    listed = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "feedparser" in listed
    heavy = {"pydantic", "sqlmodel", "sqlalchemy", "httpx", "apscheduler", "rich", "typer", "asyncio", "selectolax"}
    assert heavy.isdisjoint(listed)
    assert {name.split(".")[0] for name in listed if name.startswith(("config", "alerts"))} <= {"configparser"}


PARENT = """
import asyncio, sys
from datetime import timedelta
from aggregator.parse.pool import ParsePool
async def main():
    pool = ParsePool(1, timedelta(seconds=0.2))
    await pool.parse(b"<rss/>", "", "https://a.example/")
    if sys.argv[1] == "busy":
        body = b"<rss><channel><item><author>" + b"a" * 120_000 + b"</author></item></channel></rss>"
        task = asyncio.create_task(pool.parse(body, "", "https://a.example/"))
        await asyncio.sleep(0.2)
    print("ready", flush=True)
    await asyncio.sleep(0 if sys.argv[1] == "busy" else 60)
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_no_child_outlives_a_killed_parent(state):
    with subprocess.Popen([sys.executable, "-c", PARENT, state], stdout=subprocess.PIPE, text=True) as parent:
        wait_until(lambda: children(parent.pid) or parent.poll() is not None)
        pids: Iterable[int] = children(parent.pid)
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
    assert pids
    for pid in pids:
        wait_until(lambda pid=pid: gone(pid), 10)
