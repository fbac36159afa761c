"""Alerts as blocks of lines on a stream. Colours only when the stream is a terminal.

Comes in: a delivery whose body was made harmless when composed. Goes out: a `SendResult`; a closed or full stream
is a value. Each block is written by a thread of its own, at most one at a time: a pipe that nobody reads (a pager that
waits) holds up neither the program's other threads nor its end.
"""

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TextIO

from alerts.retry import SendResult, failure
from store.ports import Delivery

_BOLD, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_REMOVED, _ADDED = re.compile(r"(\[-.*?-\])"), re.compile(r"(\{\+.*?\+\})")


class ConsoleChannel:
    """Writes each block at once and flushes; blocks never mix."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._turn = asyncio.Lock()
        self._writing: Future[None] | None = None

    async def send(self, delivery: Delivery) -> SendResult:
        """One attempt. Cut off, it may still be written later: nobody can take a write back."""
        try:
            async with self._turn:
                if self._writing is not None and not self._writing.done():
                    return SendResult("retry", "stream", "nobody reads what was written before")
                block = delivery.body.decode("utf-8", "replace")
                self._writing = _on_its_own(lambda: self._write(block))
                await asyncio.wrap_future(self._writing)
        except (OSError, ValueError) as error:
            return failure("stream", error)
        return SendResult("ok", "written", "written")

    def _write(self, block: str) -> None:
        """Past the stream's own buffer where there is a file below it: what cannot be written must not stay in it."""
        text = coloured(block) if self._stream.isatty() else block
        encoding = self._stream.encoding or "utf-8"
        data = text.encode(encoding, "replace")
        self._stream.flush()
        try:
            file = self._stream.fileno()
        except OSError:
            self._stream.write(data.decode(encoding))
            self._stream.flush()
            return
        while data:
            data = data[os.write(file, data) :]


def _on_its_own(job: Callable[[], None]) -> Future[None]:
    """Run the job in a thread that nobody waits for at the program's end."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the one who waits is told
            future.set_exception(error)
        else:
            future.set_result(None)

    Thread(target=run, name="console", daemon=True).start()
    return future


def coloured(block: str) -> str:
    """Heading bold, removed words red, added words green."""
    return "".join(_coloured_line(line) for line in block.splitlines(keepends=True))


def _coloured_line(line: str) -> str:
    if line.startswith("   | "):
        return _ADDED.sub(rf"{_GREEN}\1{_PLAIN}", _REMOVED.sub(rf"{_RED}\1{_PLAIN}", line))
    starts = {"== ": _BOLD, "   - ": _RED, "   + ": _GREEN}
    colour = next((c for start, c in starts.items() if line.startswith(start)), "")
    return f"{colour}{line.rstrip()}{_PLAIN}\n" if colour else line
