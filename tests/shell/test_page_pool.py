"""The process that reads web pages can hang, swell, die or be killed: that costs one page its text, nobody anything."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

import aggregator.page
from aggregator.page.extract import extract
from aggregator.page.pool import PagePool
from aggregator.page.text import PageOutcome, PageText, PageUnread
from aggregator.parse.pool import ParsePool

PAGES = Path(__file__).parents[1] / "data" / "pages"
URL = "https://ministry.example/statement"
GOOD = (PAGES / "un-like.en.html").read_bytes()
ENDLESS = f"<html><body><p {' '.join(f'a{number}=b' for number in range(200_000))}>x</p></body></html>".encode()
"""libxml2 compares each of these attributes with all the others."""


@contextlib.asynccontextmanager
async def pool(size: int = 1, deadline: timedelta = timedelta(seconds=20)) -> AsyncIterator[PagePool]:
    it = PagePool(size, deadline)
    try:
        yield it
    finally:
        await it.close()


async def read(it: PagePool, body: bytes) -> PageOutcome:
    return await it.extract(body, "text/html", URL)


def children() -> list[int]:
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = [int(pid) for path in found for pid in path.read_text().split()]
    return [pid for pid in pids if b"aggregator.page.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def computing(pid: int) -> bool:
    return Path(f"/proc/{pid}/syscall").read_text() == "running\n"


def reason(outcome: PageOutcome) -> str:
    return outcome.reason if isinstance(outcome, PageUnread) else "read"


def test_what_the_child_reads_is_what_the_extractor_reads():
    async def story() -> None:
        async with pool() as it:
            assert children() == []
            for path in sorted(PAGES.glob("*.html")):
                assert await read(it, path.read_bytes()) == extract(path.read_bytes(), "text/html", URL)
            assert await read(it, b"%PDF-1.7") == extract(b"%PDF-1.7", "text/html", URL)
            assert len(children()) == 1
            body = "<article><p>Посол вручил ноту министру, и министр принял её.</p></article>".encode("koi8-r")
            outcome = await it.extract(body, "text/html", URL, encoding="koi8-r")
            assert isinstance(outcome, PageText)
            assert outcome.text.startswith("Посол")
        assert children() == []

    asyncio.run(story())


def test_a_page_that_holds_the_extractor_is_stopped_and_the_next_one_is_read():
    async def story() -> None:
        async with pool(1, timedelta(seconds=1)) as it:
            outcomes = await asyncio.gather(read(it, ENDLESS), read(it, GOOD))
            assert [reason(outcome) for outcome in outcomes] == ["extract_timeout", "read"]

    asyncio.run(story())


def test_a_child_that_dies_at_work_costs_one_page():
    async def story() -> None:
        async with pool() as it:
            await read(it, GOOD)
            (pid,) = children()
            task = asyncio.create_task(read(it, ENDLESS))
            async with asyncio.timeout(20):
                while not computing(pid):  # noqa: ASYNC110 - what the kernel knows has no event to wait for
                    await asyncio.sleep(0.005)
            os.kill(pid, signal.SIGKILL)
            assert reason(await task) == "extractor_died"
            assert reason(await read(it, GOOD)) == "read"

    asyncio.run(story())


def test_a_closed_pool_reads_nothing_more():
    async def story() -> None:
        it = PagePool()
        await it.close()
        assert reason(await read(it, GOOD)) == "extractor_died"

    asyncio.run(story())


def test_the_child_has_limits_and_no_secrets(monkeypatch):
    monkeypatch.setenv("FEEDWITNESS_TOKEN", "very-secret")

    async def story() -> None:
        async with pool() as it:
            await read(it, GOOD)
            place = Path(f"/proc/{children()[0]}")
            limits = {line[:26].strip(): line[26:].split()[:2] for line in (place / "limits").read_text().splitlines()}
            assert limits["Max address space"] == [str(1024**3)] * 2
            assert limits["Max file size"] == limits["Max core file size"] == ["0", "0"]
            assert limits["Max open files"] == ["16", "16"]
            assert b"very-secret" not in (place / "environ").read_bytes()

    asyncio.run(story())


def test_without_the_extra_it_says_how_to_get_it_and_starts_nothing(monkeypatch):
    monkeypatch.setattr("aggregator.page.pool.available", lambda: False)

    async def story() -> None:
        async with pool() as it:
            outcome = await read(it, GOOD)
            assert isinstance(outcome, PageUnread)
            assert outcome.reason == "no_extra"
            assert 'pip install "feedwitness[fulltext]"' in outcome.detail
            assert children() == []

    asyncio.run(story())


def test_whether_pages_can_be_read_is_asked_without_loading_what_reads_them():
    assert aggregator.page.available()
    code = (
        "import sys, aggregator.page.pool as pool\n"
        "print(pool.available(), 'trafilatura' in sys.modules, 'lxml' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["True", "False", "False"]


def test_the_process_that_reads_feeds_never_loads_what_reads_pages():
    code = "import sys, aggregator.parse.child; print('trafilatura' in sys.modules, 'lxml' in sys.modules)"
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]


def test_feeds_and_pages_are_read_side_by_side():
    feed = (PAGES.parent / "feeds" / "kremlin-like.atom.xml").read_bytes()

    async def story() -> None:
        feeds = ParsePool()
        try:
            async with pool() as it:
                parsed, page = await asyncio.gather(feeds.parse(feed, "text/xml", URL), read(it, GOOD))
        finally:
            await feeds.close()
        assert not hasattr(parsed, "reason")
        assert reason(page) == "read"

    asyncio.run(story())


def article(inner: str) -> bytes:
    return (
        f"<html><body><article><p>A statement of some length stands here.</p>{inner}</article></body></html>".encode()
    )


def main_part(inner: str) -> bytes:
    return article(inner).replace(b"article>", b"main>")


HOSTILE = {
    "10 MB": (article("<p>word word word word word</p>" * 350_000), {"too_large"}),
    "deep": (b"<html><body>" + b"<div>" * 100_000 + b"x", {"extract_error"}),
    "nested as deep as is read, often": (article(("<div>" * 450 + "x" + "</div>" * 450) * 100), {"read"}),
    "nested lists": (main_part("<ul><li>x" * 240), {"read"}),
    "many references": (article("&amp;" * 500_000), {"read"}),
    "declared references": (
        b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + article("&b;" * 10_000),
        {"read"},
    ),
    "a long attribute": (article(f"<p class='{'a-' * 1_000_000}'>x</p>"), {"read"}),
    "cells over cells": (main_part("<table>" + "<tr><td colspan=999 rowspan=60000>a" * 2_000 + "</table>"), {"read"}),
    "many headlines": (main_part("<h1>x y z</h1>" * 20_000), {"read", "extract_timeout"}),
    "many bodies": (main_part("<div class=article-body>x y z</div>" * 20_000), {"read"}),
    "many links": (main_part("<a href=x>x</a> " * 100_000), {"read", "extract_timeout"}),
    "many lines": (main_part("text<br>" * 100_000), {"read", "extract_timeout"}),
    "an open comment": (article("<!-- " * 300_000), {"read"}),
    "open elements": (article("<p><b>x" * 50_000), {"read", "extract_error"}),
    "less than": (b"<html><body>" + b"<" * 500_000, {"too_short"}),
    "zeros": (article("\0" * 100_000), {"read"}),
    "half a pair": (article("&#xD800; &#x110000; &#99999999999;"), {"read"}),
    "wrong charset": (article("Слово").replace(b"<html>", b"<html><head><meta charset=utf-32></head>"), {"read"}),
    "nonsense charset": (article("x").replace(b"<html>", b"<html><head><meta charset=punycode></head>"), {"read"}),
    "random": (bytes(range(256)) * 1_000, {"not_html"}),
    "frames": (b"<html><frameset><frame src=/a></frameset></html>", {"too_short"}),
}  # fmt: skip


@pytest.mark.long
def test_pages_made_to_break_a_reader_end_in_time_with_a_text_or_a_reason():
    async def story() -> None:
        async with pool(2, timedelta(seconds=8)) as it:
            outcomes = await asyncio.gather(*(read(it, body) for body, _ in HOSTILE.values()))
            for (name, (_, allowed)), outcome in zip(HOSTILE.items(), outcomes, strict=True):
                assert reason(outcome) in allowed, (name, outcome)
            assert reason(await read(it, GOOD)) == "read"

    asyncio.run(story())


@pytest.mark.long
def test_a_page_that_wants_all_memory_gets_none_of_ours():
    swelling = main_part("<p><b>x</b>y</p>" * 300_000)

    async def story() -> None:
        async with pool(1, timedelta(seconds=60)) as it:
            assert reason(await read(it, swelling)) in ("extract_memory", "extractor_died", "extract_timeout")
            assert reason(await read(it, GOOD)) == "read"

    asyncio.run(story())
