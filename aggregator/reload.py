"""Reloading: notices that the settings changed, or is asked, and puts the new ones in force. All of them or nothing.

In: a way to read the settings anew, a program, and its looks. Out: other parts in the program and the log, or, where
the new settings have mistakes, a word about each of them and everything as it was. Files are looked at every second and
read when they have been quiet for one: an editor that saves in two halves, or by a rename, does no harm. Reading runs
in a thread. A store that cannot be written raises (`StoreUnavailable`); it is tried again at the next turn.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from aggregator.changes import Changes, changes
from aggregator.clock import utc_now
from aggregator.notice import Notice, heads, needs_restart
from aggregator.notify import Notifier
from aggregator.parts import Parts, parts_of
from aggregator.shown.form import counted
from aggregator.watching import Watching
from aggregator.web.health import Readiness
from aggregator.wiring import Program
from alerts.heap import growing
from config.load import Loaded
from store.failpoint import reach
from store.ports import StoreUnavailable

log = logging.getLogger("feedwitness.settings")

PAUSE_SECONDS = 1.0
STEADY_TRIES = 5
"""How often files that change while they are read are read again at once."""


class Reloader:
    """One program's settings. `read` reads the files; `asked` is set by who wants that now, whether or not a file looks
    changed (requests that come while a reload runs are one more reload); `note` keeps a line for other processes;
    `console` is where console channels write.
    """

    def __init__(
        self,
        program: Program,
        started: Loaded,
        *,
        read: Callable[[], Loaded],
        asked: asyncio.Event,
        note: Callable[[str], None],
        readiness: Readiness,
        notifier: Notifier,
        console: TextIO,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._program, self._read, self._console = program, read, console
        self._note, self._readiness, self._notifier = note, readiness, notifier
        self._pause = pause_seconds
        self._asked = asked
        self._known = self._seen = started.traces
        self._warned = set(started.warnings)
        self._notice = Notice(started.digest, started.file, _stamp())
        self._tell(self._notice)

    async def turn(self, watching: Watching) -> None:
        """Wait for a moment or until asked; reload if that is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause):
                await self._asked.wait()
        if self._asked.is_set() or await self._changed():
            await self._reload(watching)

    async def _changed(self) -> bool:
        """Whether the files are other ones than those in force, and have been quiet since the last look."""
        before, self._seen = self._seen, await asyncio.to_thread(self._known.again)
        return self._seen == before != self._known

    async def _reload(self, watching: Watching) -> None:
        asked = self._asked.is_set()
        self._asked.clear()
        self._notifier.reloading()
        try:
            loaded, parts = await asyncio.to_thread(self._steadily)
            reach("reload")
            if parts is None:
                self._reject(loaded)
            else:
                await self._take(loaded, parts, watching, say=asked)
            self._known = self._seen = loaded.traces
        except StoreUnavailable:  # nothing was put in force, and the files still are other ones than those known
            raise
        except Exception:  # a bug: the same files would meet it again
            self._known = self._seen
            raise
        finally:
            self._notifier.ready(self.summary)

    def _steadily(self) -> tuple[Loaded, Parts | None]:
        """Read, and again if a file changed meanwhile. Blocks; runs in a thread."""
        running = self._program.settings
        with growing(len(running.rules) + len(running.feeds)):
            for _ in range(STEADY_TRIES):
                loaded = self._read()
                if loaded.traces.again() == loaded.traces:
                    break
            return loaded, parts_of(loaded, self._console, self._program.parts) if loaded.settings else None

    def _reject(self, loaded: Loaded) -> None:
        since = self._notice.loaded_at[:16].replace("T", " ")
        log.error("the settings have mistakes; those of %s UTC stay in force:", since)
        for mistake in loaded.mistakes:
            log.error("%s", mistake.render().partition("\n")[0])
        self._tell(
            Notice(
                digest=self._notice.digest,
                file=self._notice.file,
                loaded_at=self._notice.loaded_at,
                rejected_at=_stamp(),
                mistakes=heads(loaded.mistakes),
                found=len(loaded.mistakes),
                restart=self._notice.restart,
            )
        )

    async def _take(self, loaded: Loaded, parts: Parts, watching: Watching, *, say: bool) -> None:
        running, wanted = self._program.parts, loaded.settings
        found = changes(running.settings, wanted) if wanted else Changes((), ())
        renamed = {old for old, _ in parts.in_force.formerly if old in running.feeds}
        async with watching.resting(renamed):
            await self._program.take(parts)
            watching.follow(running.feeds, parts.feeds)
        if say or found.notes or found.restart != self._notice.restart or not self._notice.ok:
            log.info("settings read again: %s", found)
        for warning in sorted(set(loaded.warnings) - self._warned):
            log.warning("%s", warning.render().partition("\n")[0])
        self._warned = set(loaded.warnings)
        if missing := needs_restart(found.restart):
            log.warning("%s", missing)
        self._tell(Notice(loaded.digest, loaded.file, _stamp(), restart=found.restart))

    def _tell(self, notice: Notice) -> None:
        """Let everybody know how the settings stand: metrics, `/readyz`, and `status`."""
        self._notice = notice
        self._program.metrics.settings(ok=notice.ok)
        self._readiness.remark("settings_rejected", holds=not notice.ok)
        self._readiness.remark("restart_needed", holds=bool(notice.restart))
        self._note(notice.as_note())

    @property
    def summary(self) -> str:
        """How the settings stand, in one line."""
        notice = self._notice
        if not notice.ok:
            return (
                f"older settings are in force; the newest have {counted(notice.found, 'mistake')}: {notice.mistakes[0]}"
            )
        settings = self._program.settings
        watched = sum(feed.enabled for feed in settings.feeds.values())
        return f"watching {counted(watched, 'feed')} for {counted(len(settings.rules), 'rule')}"


def _stamp() -> str:
    return utc_now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
