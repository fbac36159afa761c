"""Alerts as blocks of lines on a stream. Colours only when the stream is a terminal.

Comes in: a delivery whose body was made harmless when composed. Goes out: a `SendResult`; a closed or full stream
is a value. Writing happens in a thread: a pipe that nobody reads must not stop the program.
"""

import asyncio
from typing import TextIO

from alerts.retry import SendResult
from store.ports import Delivery

_BOLD, _RED, _GREEN, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"


class ConsoleChannel:
    """Writes each block at once and flushes; blocks never mix."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._turn = asyncio.Lock()

    async def send(self, delivery: Delivery) -> SendResult:
        """One attempt."""
        try:
            async with self._turn:
                await asyncio.to_thread(self._write, delivery.body.decode("utf-8", "replace"))
        except (OSError, ValueError) as error:
            return SendResult("retry", "stream", f"{type(error).__name__}: {error}")
        return SendResult("ok", "written", "written")

    def _write(self, block: str) -> None:
        text = coloured(block) if self._stream.isatty() else block
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()


def coloured(block: str) -> str:
    """Heading bold, removed words red, added words green."""
    return "".join(_coloured_line(line) for line in block.splitlines(keepends=True))


def _coloured_line(line: str) -> str:
    starts = {"== ": _BOLD, "   - ": _RED, "   + ": _GREEN}
    colour = next((c for start, c in starts.items() if line.startswith(start)), "")
    return f"{colour}{line.rstrip()}{_PLAIN}\n" if colour else line
