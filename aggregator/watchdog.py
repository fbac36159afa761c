"""The daemon's word to a watchdog that it lives: given only while the loops turn and the writer gets on.

Three things can hang: the event loop (then nothing is said anyway), a loop of the daemon or the thread that it waits
for, and the store's writer, in which rules are judged, too. Each silences the watchdog within one of its periods. A
store that is away or full hangs nobody: those who wait for it are excused while its trouble is known, or the service
manager would restart the daemon again and again for a disk that a restart does not mend.
"""

import asyncio
from typing import Protocol

from aggregator.notify import Notifier
from aggregator.web.health import Pulse, Readiness

_OWN = frozenset({"dispatch"})
"""Loops that never wait for the store."""
_WORDS_A_PERIOD = 2


class Writing(Protocol):
    """A store that says how long its writer has been at one thing."""

    @property
    def busy_seconds(self) -> float:
        """Since when the writer is at one job or commit, in seconds; 0.0 while it waits, for work or for its turn at
        the database."""
        ...


class Watchdog:
    """Speaks for one daemon. Without a watchdog in the environment `run` returns at once."""

    def __init__(self, notifier: Notifier, pulse: Pulse, readiness: Readiness, store: Writing) -> None:
        self._notifier, self._pulse, self._readiness, self._store = notifier, pulse, readiness, store

    async def run(self) -> None:
        """Speak twice in each period, until cancelled, while there is life to tell of."""
        if self._notifier.watchdog is None:
            return
        pause = self._notifier.watchdog.total_seconds() / _WORDS_A_PERIOD
        while True:
            if not self.hangs(pause):
                self._notifier.alive()
            await asyncio.sleep(pause)

    def hangs(self, patience: float) -> tuple[str, ...]:
        """What has not got on for so many seconds more than it should."""
        late = set(self._pulse.stuck(patience))
        if self._readiness.store_in_trouble:
            late &= _OWN
        if self._store.busy_seconds > patience:
            late.add("writer")
        return tuple(sorted(late))
