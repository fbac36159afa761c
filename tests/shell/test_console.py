"""Blocks on a stream: whole, in colour only on a terminal, and never in the way of the program."""

import asyncio
import io
import os
import pty
from typing import TextIO

import pytest

from alerts.channels.console import ConsoleChannel
from alerts.retry import SendResult
from store.events import AlertId, ChannelId, RuleId
from store.ports import Delivery

BLOCK = "== [desk] Changed: Aid für Сирия\n   - 12\n   + 120\n   History        http://w\n"


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
    assert "\x1b[31m   - 12\x1b[0m\n\x1b[32m   + 120\x1b[0m\n   History" in shown


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
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_blocks_written_at_once_do_not_mix() -> None:
    stream = io.StringIO()

    async def run() -> None:
        console = ConsoleChannel(stream)
        await asyncio.gather(*(console.send(delivery(f"== {n}\n" + "   x\n" * 50)) for n in range(20)))

    asyncio.run(run())
    blocks = stream.getvalue().split("== ")[1:]
    assert len(blocks) == 20
    assert all(block.count("   x\n") == 50 for block in blocks)
