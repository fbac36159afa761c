"""`ParsePool`: documents are parsed in one or two long-lived child processes that can be killed.

In goes what `feed.parse` takes, out comes its outcome, or `parse_timeout`, `parse_memory` or `parser_died`: whatever a
document does to a child, it costs that document its parse and nobody else's. Children start when they are first needed.
"""

import asyncio
import contextlib
import os
import sys
from datetime import timedelta

from aggregator.outcome import ParseFailed, ParseOutcome
from aggregator.parse.frames import GOES_ON, LENGTH_BYTES, READY, Request, decode_outcome, encode_request, frame

_COMMAND = (sys.executable, "-P", "-m", "aggregator.parse.child")
_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PYTHONTZPATH", "PYTHONDONTWRITEBYTECODE")
"""The child sees nothing else of our environment: secrets may stand there."""
_PATIENCE = timedelta(seconds=60)
"""For a child to start and import, on a machine that is busy with other things."""
_GRACE = timedelta(seconds=1)
"""How long after the deadline a child ends by itself, when nobody is left to kill it."""
_SHUT_DOWN = ParseFailed("parser_died", "the parser has been shut down")
_MAX_ANSWER = 256 * 1024 * 1024


class ParsePool:
    """At most `size` children. Waiting for a free one is not counted as parsing. It belongs to one event loop."""

    def __init__(self, size: int = 1, deadline: timedelta = timedelta(seconds=5)) -> None:
        self._deadline = deadline
        self._children = [_Child() for _ in range(size)]
        self._idle: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        for child in self._children:
            self._idle.put_nowait(child)
        self._closed = False

    async def parse(
        self, body: bytes, content_type: str, url: str, *, encoding: str = "", timezone: str = ""
    ) -> ParseOutcome:
        """As `feed.parse`. Cancelling it kills the child that was at work."""
        seconds = (self._deadline + _GRACE).total_seconds()
        header = encode_request(Request(content_type, url, encoding, timezone, seconds))
        child = await self._idle.get()
        try:
            return await self._parse_in(child, frame(header) + frame(body))
        finally:
            self._idle.put_nowait(child)

    async def close(self) -> None:
        """End all children, busy or not. What is being parsed, or waits for it, comes back as `parser_died`."""
        self._closed = True
        for child in self._children:
            await child.kill()
        for child in [await self._idle.get() for _ in self._children]:
            await child.kill()
            self._idle.put_nowait(child)

    def _shut(self) -> bool:
        return self._closed

    async def _parse_in(self, child: "_Child", request: bytes) -> ParseOutcome:
        if self._shut():
            return _SHUT_DOWN
        spent = True
        try:
            await child.ensure_running()
            if self._shut():
                return _SHUT_DOWN
            async with asyncio.timeout(self._deadline.total_seconds()):
                answer = await child.ask(request)
            spent = answer[:1] != GOES_ON
            return decode_outcome(answer[1:])
        except TimeoutError:
            return ParseFailed("parse_timeout", f"not read within {self._deadline.total_seconds():g} s")
        except EOFError:
            return ParseFailed("parser_died", "the parser process ended while it read this document")
        except (OSError, ValueError) as error:
            return ParseFailed("parser_died", str(error))
        finally:
            if spent:
                await asyncio.shield(child.kill())


class _Child:
    """One process, or the place for one."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def ensure_running(self) -> None:
        """Start a process when there is none; OSError when it does not come up."""
        process = self._process
        if process is not None and process.returncode is None and not _reader(process).at_eof():
            return
        await self.kill()
        self._process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            start_new_session=True,
            limit=1024 * 1024,
        )
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                hello = await _frame_from(_reader(self._process))
        except (TimeoutError, EOFError) as error:
            raise OSError("the parser process does not start") from error
        if hello != READY:
            raise OSError("the parser process does not start")

    async def ask(self, request: bytes) -> bytes:
        """The frame that answers; EOFError when the process ends before it has answered."""
        process = self._process
        if process is None or process.stdin is None:
            raise EOFError
        with contextlib.suppress(ConnectionError):
            process.stdin.write(request)
            await process.stdin.drain()
        return await _frame_from(_reader(process))

    async def kill(self) -> None:
        """End the process and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _reader(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise EOFError
    return process.stdout


async def _frame_from(reader: asyncio.StreamReader) -> bytes:
    size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if size > _MAX_ANSWER:
        raise ValueError("the parser process answers nonsense")
    return await reader.readexactly(size)
