"""Blocks on a stream: whole, in colour only on a terminal, and never in the way of the program."""

import asyncio
import io
import os
import pty
import subprocess
import sys
from typing import TextIO

from alerts.channels.console import ConsoleChannel
from alerts.retry import SendResult
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

BLOCK = "== [desk] Changed: Aid für Сирия\n   - 12\n   + 120\n   | a [-b-]{+c+}\n   History        http://w\n"


def delivery(text: str = BLOCK) -> Delivery:
    return Delivery("d", AlertId("a"), RuleId("desk"), ChannelId("console"), "", 0, "changed", None, text.encode())


def write(stream: TextIO) -> SendResult:
    return asyncio.run(ConsoleChannel(stream).send(delivery()))


def test_a_file_gets_the_plain_block() -> None:
    stream = io.StringIO()
    assert write(stream).kind == "ok"
    assert stream.getvalue() == BLOCK


def test_a_terminal_gets_colours() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        assert write(stream).kind == "ok"
        shown = os.read(ours, 4_096).decode().replace("\r\n", "\n")
    os.close(ours)
    assert "\x1b[1m== [desk] Changed: Aid für Сирия\x1b[0m\n" in shown
    assert "\x1b[31m   - 12\x1b[0m\n\x1b[32m   + 120\x1b[0m\n" in shown
    assert "   | a \x1b[31m[-b-]\x1b[0m\x1b[32m{+c+}\x1b[0m\n   History" in shown


def test_a_stream_that_knows_only_ascii_gets_the_rest_replaced() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    assert write(stream).kind == "ok"
    assert raw.getvalue().decode().startswith("== [desk] Changed: Aid f?r ?????\n")


def test_a_closed_stream_is_a_value() -> None:
    stream = io.StringIO()
    stream.close()
    assert (write(stream).kind, write(stream).code) == ("retry", "stream")


def test_a_reader_who_went_away_is_a_value() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    stream = os.fdopen(write_end, "w", encoding="utf-8")
    assert write(stream).code == "stream"
    stream.close()  # nothing has stayed in its buffer


def test_a_reader_who_does_not_read_keeps_no_thread_but_one_and_does_not_hold_up_the_end() -> None:
    program = """
import asyncio, os, sys, threading
from alerts.channels.console import ConsoleChannel
from store.ports import Delivery

async def run():
    console = ConsoleChannel(sys.stdout)
    block = Delivery("d", "a", "r", "c", "", 0, "changed", None, b"x" * 1_000_000)
    codes = []
    for _ in range(20):
        try:
            async with asyncio.timeout(0.05):
                codes.append((await console.send(block)).code)
        except TimeoutError:
            codes.append("timeout")
    print(codes[0], set(codes[1:]), threading.active_count(), file=sys.stderr)

asyncio.run(run())
"""
    nobody_reads, write_end = os.pipe()
    ended = subprocess.run([sys.executable, "-c", program], stdout=write_end, stderr=subprocess.PIPE, timeout=60)
    os.close(write_end)
    os.close(nobody_reads)
    assert (ended.returncode, ended.stderr.decode().strip()) == (0, "timeout {'stream'} 2")


def test_blocks_written_at_once_do_not_mix() -> None:
    stream = io.StringIO()

    async def run() -> None:
        console = ConsoleChannel(stream)
        await asyncio.gather(*(console.send(delivery(f"== {n}\n" + "   x\n" * 50)) for n in range(20)))

    asyncio.run(run())
    blocks = stream.getvalue().split("== ")[1:]
    assert len(blocks) == 20
    assert all(block.count("   x\n") == 50 for block in blocks)
