"""What differs between two sets of settings, in one line for people. Pure.

In: the settings in force and those that were read. Out: how many tables of each kind came, went or changed, whether
[fetch] did, and which sections are written otherwise than they run: those need a restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.parts import KEPT
from config.model import Settings, Table

_KINDS = ("rules", "topics", "feeds", "channels")


@dataclass(frozen=True, slots=True)
class Changes:
    """`notes`: such as "2 rules changed", empty when nothing did. `restart`: sections that need one."""

    notes: tuple[str, ...]
    restart: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.notes) or "nothing changed"


def changes(running: Settings, read: Settings) -> Changes:
    """Hold what was read against what runs."""
    notes = [note for kind in _KINDS for note in _notes(kind, getattr(running, kind), getattr(read, kind))]
    if read.fetch != running.fetch:
        notes.append("[fetch] changed")
    restart = tuple(section for section in KEPT if getattr(read, section) != getattr(running, section))
    return Changes(tuple(notes), restart)


def _notes(kind: str, running: Mapping[str, Table], read: Mapping[str, Table]) -> list[str]:
    counts = {
        "added": len(read.keys() - running.keys()),
        "changed": sum(running[name] != table for name, table in read.items() if name in running),
        "removed": len(running.keys() - read.keys()),
    }
    return [f"{count} {kind if count > 1 else kind[:-1]} {how}" for how, count in counts.items() if count]
