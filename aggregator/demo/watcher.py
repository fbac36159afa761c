"""The program under watch: settings in a folder, `feedwitness run` as a child process, and single commands beside it.

The children are the same program as this one, started by the same interpreter, in a session of their own: a Ctrl-C at
the terminal reaches only whoever plays the demo, who ends them by process id. What the daemon says is in `daemon.log`.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aggregator.demo.ministry import FEED_PATH
from aggregator.demo.script import EVERY, FEED, MINISTRY, RULE, TOPIC

_PROGRAM = (sys.executable, "-P", "-c", "from aggregator.cli.start import main; main()")
_LAST_WORDS = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the others are."""

    site: str
    hook: str
    mail_port: int
    secret: str


def settings(at: Addresses) -> str:
    """The settings file, as an operator would write it."""
    return f"""\
[store]
url = "sqlite:///feedwitness.db"

[fetch]
every = "{EVERY.total_seconds():.0f}s"
contact = "desk@example.org"
allow_networks = ["127.0.0.0/8"]            # the statements' pages are on this machine too

[web]
listen = ""

[feeds.{FEED}]
url = "{at.site}{FEED_PATH}"
title = "{MINISTRY}"

[topics.ceasefire]
any = {json.dumps(TOPIC, ensure_ascii=False)}

[rules.{RULE}]
match = "topic:ceasefire"
notify = ["desk", "hook"]

[channels.desk]
type = "email"
to = ["desk@example.org"]
from = "feedwitness@example.org"
host = "127.0.0.1"
port = {at.mail_port}
security = "none"

[channels.hook]
type = "webhook"
url = "{at.hook}/hook"
secret = "{at.secret}"
"""


class Watcher:
    """The program in `folder`. One daemon at a time; `end` leaves no process behind, whatever happened before."""

    def __init__(self, folder: Path, at: Addresses) -> None:
        self.config = folder / "feedwitness.toml"
        self.config.write_text(settings(at), encoding="utf-8")
        self._folder = folder
        self._running: set[Process] = set()
        self._daemon: Process | None = None

    async def start(self) -> None:
        """Start the daemon."""
        with (self._folder / "daemon.log").open("ab") as log:
            self._daemon = await self._child("run", stdout=log.fileno(), stderr=log.fileno())

    @property
    def pid(self) -> int:
        """The daemon's process id, 0 when there is none."""
        return self._daemon.pid if self._daemon else 0

    @property
    def ended(self) -> bool:
        """The daemon ended by itself."""
        return self._daemon is not None and self._daemon.returncode is not None

    async def kill(self) -> None:
        """SIGKILL: no handler, no clean-up."""
        if self._daemon:
            await self._kill(self._daemon)
        self._daemon = None

    async def stop(self) -> int:
        """TERM, as a service manager does; returns the exit status. One that does not stop is killed."""
        if not (daemon := self._daemon):
            return 0
        self._daemon = None
        with suppress(ProcessLookupError, TimeoutError):
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), _LAST_WORDS.total_seconds())
        await self._kill(daemon)
        return daemon.returncode or 0

    async def ask(self, *words: str) -> str:
        """The standard output of one command."""
        child = await self._child(*words, stdout=PIPE, stderr=DEVNULL)
        said, _ = await child.communicate()
        self._running.discard(child)
        return said.decode()

    async def end(self) -> None:
        """Kill whatever runs."""
        for child in tuple(self._running):
            await self._kill(child)

    def last_words(self) -> str:
        """The last line that the daemon said."""
        with suppress(OSError):
            lines = (self._folder / "daemon.log").read_text(encoding="utf-8", errors="replace").split("\n")
            return next((line for line in reversed(lines) if line), "")
        return ""

    async def _child(self, *words: str, stdout: int, stderr: int) -> Process:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FEEDWITNESS_")}
        child = await asyncio.create_subprocess_exec(
            *_PROGRAM, "--config", self.config, *words,
            cwd=self._folder, env=kept, stdin=DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True,
        )  # fmt: skip
        self._running.add(child)
        return child

    async def _kill(self, child: Process) -> None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        self._running.discard(child)
