"""Servers that lie, stall, flood or break off: every one of them is a named failure, in bounded time and memory."""

import asyncio
import contextlib
import gzip
import os
import re
import socket
import sys
import time
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.fetch.client import Fetcher
from aggregator.outcome import Fetched, FetchFailed, NotModified

REASONS = re.compile(
    r"timeout|dns|connect|reset|protocol|tls_error|too_large|bad_encoding|redirect_limit|bad_scheme|bad_url"
    r"|ssrf_blocked|http_\d{3}"
)
MEGABYTE = 1024 * 1024


def bomb(megabytes):
    """A gzip stream of that many megabytes of zeros; its checksum is wrong, but nobody should get that far."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = deflater.compress(bytes(MEGABYTE)) + deflater.flush(zlib.Z_FULL_FLUSH)
    block = deflater.compress(bytes(MEGABYTE)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return head + block * (megabytes - 1) + deflater.flush()


def outcome_of(play, serve, asking, answer=b"", talk=None, **more):
    async def scenario():
        async with serve(answer, talk=talk) as site, Fetcher() as fetcher:
            return await fetcher.fetch(asking(site.url(), **more))

    return play(scenario)


def test_gzip_is_inflated_also_in_several_members_and_with_padding(play, serve, asking, response):
    for packed in (
        gzip.compress(b"<rss/>"),
        gzip.compress(b"<rs") + gzip.compress(b"s/>"),
        gzip.compress(b"<rss/>") + bytes(512),
    ):
        outcome = outcome_of(play, serve, asking, response(body=packed, content_encoding="gzip"))
        assert outcome.body == b"<rss/>"


BAD_ENCODINGS = {
    "not gzip at all": ("gzip", b"<rss/>"),
    "cut short": ("gzip", gzip.compress(os.urandom(5000))[:-100]),
    "damaged inside": ("gzip", gzip.compress(bytes(5000))[:-12] + bytes(12)),
    "gzip twice": ("gzip, gzip", gzip.compress(gzip.compress(b"<rss/>"))),
    "not asked for": ("br", b"<rss/>"),
    "unknown": ("x-\x1b[31m", b"<rss/>"),
    "a thousand times": (", ".join(["gzip"] * 1000), b""),
    "endless empty members": ("gzip", gzip.compress(b"") * 5000),
}


@pytest.mark.parametrize("name", BAD_ENCODINGS)
def test_a_body_that_cannot_be_inflated_is_bad_encoding(play, serve, asking, response, name):
    encoding, body = BAD_ENCODINGS[name]
    outcome = outcome_of(play, serve, asking, response(body=body, content_encoding=encoding))
    assert outcome.reason == "bad_encoding"
    assert outcome.detail.isprintable()


def test_a_body_of_just_the_limit_passes_and_one_byte_more_does_not(play, serve, asking, response):
    for encoding, pack in (("", bytes), ("gzip", gzip.compress)):
        for size, passes in ((1000, True), (1001, False)):
            body = pack(b"x" * size)
            outcome = outcome_of(
                play, serve, asking, response(body=body, content_encoding=encoding or "identity"), max_body=1000
            )
            assert isinstance(outcome, Fetched) is passes
            assert passes or (outcome.reason, outcome.status) == ("too_large", 200)


def test_an_endless_body_is_cut_at_the_limit(play, serve, asking):
    written = []

    async def flood(seen, reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()
            written.append(65536)

    outcome = outcome_of(play, serve, asking, talk=flood, max_body=MEGABYTE)
    assert outcome.reason == "too_large"
    assert sum(written) < 32 * MEGABYTE  # what the sockets' buffers hold, no more


BOMBED = """
import asyncio, resource, sys, time
from datetime import timedelta
from aggregator.fetch.client import Fetcher
from aggregator.outcome import FetchRequest

async def main():
    async with Fetcher() as fetcher:
        def ask(path):
            return FetchRequest(sys.argv[1] + path, timedelta(seconds=20), 10 * 1024 * 1024, "test")
        await fetcher.fetch(ask("/small"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        outcome = await fetcher.fetch(ask("/bomb"))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(outcome.reason, grown // 1024, round(time.process_time() - began, 3))

asyncio.run(main())
"""


def test_a_gzip_bomb_costs_at_most_32_megabytes_and_no_time(play, serve, asking, response):
    huge = response(body=bomb(256), content_encoding="gzip")
    nested = response(body=gzip.compress(bomb(1024)), content_encoding="gzip, gzip")
    small = response(body=gzip.compress(b"<rss/>"), content_encoding="gzip")

    async def scenario(answer):
        async with serve(lambda seen: small if seen.path == "/small" else answer) as site:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", BOMBED, site.url(""), stdout=-1, cwd=Path(__file__).parents[3]
            )
            out, _ = await child.communicate()
            return out.decode().split()

    assert len(huge) < 300_000
    reason, grown, seconds = play(lambda: scenario(huge))
    assert reason == "too_large"
    assert int(grown) <= 32
    assert float(seconds) <= 1
    reason, grown, _ = play(lambda: scenario(nested))
    assert (reason, int(grown) <= 8) == ("bad_encoding", True)


async def drip_body(seen, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await _drip(writer)


async def drip_head(seen, reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await _drip(writer)


async def drip_continue(seen, reader, writer):
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)  # the slowness under test, not a wait for anything


async def silence(seen, reader, writer):
    await reader.read()


async def _drip(writer):
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)  # the slowness under test, not a wait for anything


def test_one_deadline_holds_over_all_kinds_of_slowness(play, serve, asking):
    async def timed(talk):
        async with serve(talk=talk) as site, Fetcher() as fetcher:
            began = time.monotonic()
            outcome = await fetcher.fetch(asking(site.url(), timeout=timedelta(seconds=0.6)))
            return outcome, time.monotonic() - began

    async def scenario():
        return await asyncio.gather(*map(timed, (drip_body, drip_head, drip_continue, silence)))

    results = play(scenario)
    assert [outcome.reason for outcome, _ in results] == ["timeout"] * 4
    assert all(0.6 <= seconds <= 0.8 for _, seconds in results)
    assert "reading the body" in results[0][0].detail
    assert "waiting for the headers" in results[1][0].detail


def test_the_deadline_covers_redirects_together(play, serve, asking, response):
    async def dawdle(seen, reader, writer):
        await asyncio.sleep(0.25)  # the slowness under test, not a wait for anything
        writer.write(response("302 Found", location="/next"))

    outcome = outcome_of(play, serve, asking, talk=dawdle, timeout=timedelta(seconds=0.6))
    assert (outcome.reason, len(outcome.redirects)) == ("timeout", 2)


HEAD_BOMBS = {
    "one line of 5 MB": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5_000_000 + b"\r\n\r\n",
    "5,000 headers": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
    "90 KB of headers": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 90_000 + b"\r\n\r\n",
    "endless interim answers": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100_000,
    "splinters": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n",
    "a trailer of 5 MB": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 5_000_000,
}


@pytest.mark.parametrize("name", HEAD_BOMBS)
def test_floods_of_overhead_are_refused(play, serve, asking, name):
    outcome = outcome_of(play, serve, asking, HEAD_BOMBS[name])
    assert outcome.reason == "protocol"


BROKEN = {
    b"": "reset",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort": "reset",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel": "reset",
    b"HTTP/1.1 200 OK\r\nX: half": "reset",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n": "protocol",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!": "protocol",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello": "protocol",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": "protocol",
    b"ICY 200 OK\r\n\r\n": "protocol",
    b"<html>no headers at all</html>\r\n\r\n": "protocol",
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n": "protocol",
    b"HTTP/1.1 2OO OK\r\n\r\n": "protocol",
    b"\x16\x03\x01\x00\x00\r\n\r\n": "protocol",
    b"HTTP/2 200\r\n\r\n": "protocol",
    b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n": "protocol",
    b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n": "protocol",
}


@pytest.mark.parametrize("raw", BROKEN)
def test_what_is_not_http_has_a_name(play, serve, asking, raw):
    outcome = outcome_of(play, serve, asking, raw)
    assert outcome.reason == BROKEN[raw]
    assert outcome.detail.isprintable()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300)
    | st.builds(
        lambda status, head, body: b"HTTP/1.1 %d x\r\n%s\r\n\r\n%s" % (status, b"\r\n".join(head), body),
        st.sampled_from([200, 204, 206, 301, 302, 304, 404, 429]),
        st.lists(
            st.builds(
                lambda name, value: name + b": " + value,
                st.sampled_from(
                    [b"Location", b"Content-Encoding", b"Content-Length", b"Retry-After", b"Date", b"ETag"]
                ),
                st.binary(max_size=40),
            ),
            max_size=4,
        ),
        st.binary(max_size=60),
    )
)
def test_no_answer_whatever_raises_or_goes_unnamed(serve, asking, raw):
    async def scenario():
        async with serve(raw) as site, Fetcher() as fetcher:
            return await fetcher.fetch(asking(site.url(), timeout=timedelta(seconds=2), etag='"1"'))

    outcome = asyncio.run(scenario())
    assert isinstance(outcome, Fetched | NotModified) or REASONS.fullmatch(outcome.reason)
    assert not isinstance(outcome, FetchFailed) or outcome.detail.isprintable()


def test_nobody_listening_is_connect(play, serve, asking):
    async def scenario():
        async with serve() as site, Fetcher() as fetcher:
            port = site.port
        outcome = await fetcher.fetch(asking(f"http://user:secret@127.0.0.1:{port}/"))
        assert (outcome.reason, outcome.detail) == ("connect", f"127.0.0.1:{port}: Connection refused")

    play(scenario)


def test_an_unknown_name_is_dns(play, asking):
    async def scenario():
        async with Fetcher() as fetcher:
            assert (await fetcher.fetch(asking("http://nowhere.invalid/"))).reason == "dns"

    play(scenario)


def test_a_dead_first_address_does_not_hide_a_living_second(play, serve, asking, response):
    async def scenario():
        async with serve(response(body=b"x")) as site, serve(response(), host="127.0.0.3") as other:
            del other  # its port is another one: 127.0.0.3 refuses on the site's port

            async def resolve(host, port):
                return ["127.0.0.3", "127.0.0.1"]

            async with Fetcher(resolve=resolve) as fetcher:
                outcome = await fetcher.fetch(asking(site.url(host="two-addresses.test")))
                assert isinstance(outcome, Fetched)
                assert site.seen[0].header("host") == f"two-addresses.test:{site.port}".encode()

    play(scenario)


def test_an_address_that_swallows_everything_costs_a_quarter_second_and_not_the_poll(play, serve, asking, response):
    async def resolve(host, port):
        return ["127.0.0.4", "127.0.0.1"]

    async def scenario():
        async with serve(response(body=b"x")) as site, Fetcher(resolve=resolve) as fetcher:
            with contextlib.ExitStack() as stack:
                hole = stack.enter_context(socket.socket())
                hole.bind(("127.0.0.4", site.port))
                hole.listen(0)
                for _ in range(4):  # fill its queue: what comes after that is dropped without an answer
                    filler = stack.enter_context(socket.socket())
                    filler.setblocking(False)
                    filler.connect_ex(("127.0.0.4", site.port))
                began = time.monotonic()
                outcome = await fetcher.fetch(asking(site.url(host="two-addresses.test")))
                assert isinstance(outcome, Fetched)
                assert 0.2 < time.monotonic() - began < 2

    play(scenario)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_deadlines_and_cancellations_leave_nothing_open(play, serve, asking, response):
    """httpx's own pool keeps a ghost for each of these, until no request gets a place."""

    async def scenario():
        async with serve(talk=silence) as site, Fetcher() as fetcher:
            await fetcher.fetch(asking(site.url(), timeout=timedelta(seconds=0.05)))
            before = open_files()
            looks = [fetcher.fetch(asking(site.url(), timeout=timedelta(seconds=0.2))) for _ in range(40)]
            assert {outcome.reason for outcome in await asyncio.gather(*looks)} == {"timeout"}
            task = asyncio.create_task(fetcher.fetch(asking(site.url())))
            while site.connections < 42:  # noqa: ASYNC110 a count on the other side has no event
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            while open_files() > before:  # noqa: ASYNC110 both ends live in this process; the server has to notice
                await asyncio.sleep(0.01)

    play(scenario)
