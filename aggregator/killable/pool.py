"""`Pool`: documents are worked on in one or two long-lived child processes that can be killed.

A module that serves (`serving`) is named; headers and bodies go in, answers come out, or an `Ended` that says how the
child failed: whatever a document does to a child, it costs that document its answer and nobody else's. Children start
when they are first needed.
"""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from aggregator.killable.frames import GOES_ON, LENGTH_BYTES, READY, request

_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PYTHONTZPATH", "PYTHONDONTWRITEBYTECODE")
"""The child sees nothing else of our environment: secrets may stand there."""
_PATIENCE = timedelta(seconds=60)
"""For a child to start and import, on a machine that is busy with other things."""
_GRACE = timedelta(seconds=1)
"""How long after the deadline a child ends by itself, when nobody is left to kill it."""
_MAX_ANSWER = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ended:
    """No answer. `why`: timeout (the child was killed at the deadline), or died. `detail` is one line for people."""

    why: Literal["timeout", "died"]
    detail: str


class Pool:
    """At most `size` children that run `module`, called `name` when they fail. Waiting for a free one is not counted as
    work. It belongs to one event loop.
    """

    def __init__(self, module: str, name: str, size: int, deadline: timedelta) -> None:
        self._name = name
        self._deadline = deadline
        self._children = [_Child(module, name) for _ in range(size)]
        self._idle: asyncio.LifoQueue[_Child] = asyncio.LifoQueue()
        for child in self._children:
            self._idle.put_nowait(child)
        self._closed = False

    async def ask(self, header: bytes, body: bytes) -> bytes | Ended:
        """The child's answer. Cancelling it kills the child that was at work."""
        asked = request((self._deadline + _GRACE).total_seconds(), header, body)
        child = await self._idle.get()
        try:
            return await self._ask(child, asked)
        finally:
            self._idle.put_nowait(child)

    async def close(self) -> None:
        """End all children, busy or not. What is at work, or waits for it, comes back as `died`."""
        self._closed = True
        for child in self._children:
            await child.kill()
        for child in [await self._idle.get() for _ in self._children]:
            await child.kill()
            self._idle.put_nowait(child)

    def _shut(self) -> Ended | None:
        return Ended("died", f"the {self._name} has been shut down") if self._closed else None

    async def _ask(self, child: "_Child", asked: bytes) -> bytes | Ended:
        if shut := self._shut():
            return shut
        spent = True
        try:
            await child.ensure_running()
            if shut := self._shut():
                return shut
            async with asyncio.timeout(self._deadline.total_seconds()):
                answer = await child.ask(asked)
            spent = answer[:1] != GOES_ON
            return answer[1:]
        except TimeoutError:
            return Ended("timeout", f"not read within {self._deadline.total_seconds():g} s")
        except EOFError:
            return Ended("died", f"the {self._name} process ended while it read this document")
        except (OSError, ValueError) as error:
            return Ended("died", str(error))
        finally:
            if spent:
                await asyncio.shield(child.kill())


class _Child:
    """One process, or the place for one."""

    def __init__(self, module: str, name: str) -> None:
        self._command = (sys.executable, "-P", "-m", module)
        self._name = name
        self._process: asyncio.subprocess.Process | None = None

    async def ensure_running(self) -> None:
        """Start a process when there is none; OSError when it does not come up."""
        process = self._process
        if process is not None and process.returncode is None and not _reader(process).at_eof():
            return
        await self.kill()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            start_new_session=True,
            limit=1024 * 1024,
        )
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                hello = await self._frame_from(_reader(self._process))
        except (TimeoutError, EOFError) as error:
            raise OSError(f"the {self._name} process does not start") from error
        if hello != READY:
            raise OSError(f"the {self._name} process does not start")

    async def ask(self, asked: bytes) -> bytes:
        """The frame that answers; EOFError when the process ends before it has answered."""
        process = self._process
        if process is None or process.stdin is None:
            raise EOFError
        with contextlib.suppress(ConnectionError):
            process.stdin.write(asked)
            await process.stdin.drain()
        return await self._frame_from(_reader(process))

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

    async def _frame_from(self, reader: asyncio.StreamReader) -> bytes:
        size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        if size > _MAX_ANSWER:
            raise ValueError(f"the {self._name} process answers nonsense")
        return await reader.readexactly(size)


def _reader(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise EOFError
    return process.stdout
