"""Whether the daemon lives and is ready. `Pulse` is fed by the loops; `/healthz` reads it and nothing else."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass
class Pulse:
    """When each loop is to turn again, on the monotonic clock. One that is over `limit` seconds late is stuck."""

    limit: float = 30.0
    clock: Callable[[], float] = time.monotonic
    expected: dict[str, float] = field(default_factory=dict)

    def beat(self, loop: str, again_within: timedelta = timedelta(0)) -> None:
        """The loop turns now, and is to turn again within that time: an hourly one is not stuck for an hour."""
        self.expected[loop] = self.clock() + again_within.total_seconds()

    def stuck(self, limit: float | None = None) -> tuple[str, ...]:
        """The loops that should have turned by now; with `limit`, those that are over so many seconds late."""
        now, most = self.clock(), self.limit if limit is None else limit
        return tuple(name for name, at in self.expected.items() if now - at > most)


STORE_REASONS = frozenset({"store_full", "store_io", "store_away"})


@dataclass
class Readiness:
    """Why the daemon is not ready to witness: reason codes, empty when it is. `remarks` do not keep it from that:
    `settings_rejected` (the newest have mistakes, older ones are in force), `restart_needed`.
    """

    reasons: set[str] = field(default_factory=lambda: {"starting"})
    remarks: set[str] = field(default_factory=set)

    def clear(self, *codes: str) -> None:
        """These reasons no longer hold."""
        self.reasons.difference_update(codes)

    def add(self, code: str) -> None:
        """This reason holds now: `starting`, `store_full`, `store_io`, `store_away`, `stopping`."""
        self.reasons.add(code)

    def remark(self, code: str, *, holds: bool) -> None:
        """This remark holds now, or no longer."""
        (self.remarks.add if holds else self.remarks.discard)(code)

    @property
    def store_in_trouble(self) -> bool:
        """Whether a write failed, and none has reached the disk since."""
        return bool(self.reasons & STORE_REASONS)
