"""What the settings were read from, as it stood at that moment: how a running daemon tells that they have changed.

A `Tracer` goes along while files are read. It gives `Traces`: for every file that was opened or looked for its state
(None where there was none), and for every pattern of `include` the files that it found. `Traces.again` looks at the
same places now; equal traces mean that nothing has changed. What cannot be looked at is not
there.
"""

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Trace = tuple[int, int, int, int]
"""Times of the last change of content and of anything (ns), size, inode: an editor's rename changes the last."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Files by absolute path; patterns by folder and text."""

    files: Mapping[str, Trace | None] = field(default_factory=dict)
    patterns: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def again(self) -> "Traces":
        """The same places as they stand now. Blocks."""
        return Traces(
            {path: trace_at(path) for path in self.files},
            {(folder, pattern): found_by(folder, pattern) for folder, pattern in self.patterns},
        )


class Tracer:
    """Gathers traces while settings are read."""

    def __init__(self) -> None:
        self._files: dict[str, Trace | None] = {}
        self._patterns: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def traces(self) -> Traces:
        """What was gathered."""
        return Traces(dict(self._files), dict(self._patterns))

    def opened(self, path: Path, descriptor: int) -> None:
        """This file is open and about to be read: whatever is written to it from here on leaves another trace."""
        self._files[os.path.abspath(path)] = _trace(os.fstat(descriptor))  # noqa: PTH100 - links stay as they are named

    def missed(self, path: Path) -> None:
        """This file could not be opened; it may come, or become readable."""
        key = os.path.abspath(path)  # noqa: PTH100
        self._files.setdefault(key, trace_at(key))

    def listed(self, folder: Path, pattern: str) -> tuple[str, ...]:
        """The files that a pattern finds, sorted, relative to the folder."""
        key = str(folder), pattern
        self._patterns[key] = found_by(*key)
        return self._patterns[key]


def trace_at(path: str) -> Trace | None:
    """The state of a file now."""
    try:
        return _trace(os.stat(path))  # noqa: PTH116 - a thousand times a second is cheap only without Path
    except (OSError, ValueError):
        return None


def found_by(folder: str, pattern: str) -> tuple[str, ...]:
    """The files that a pattern finds now, sorted, relative to the folder."""
    return tuple(sorted(glob.glob(pattern, root_dir=folder, recursive=True)))  # noqa: PTH207 - Path.glob takes no "../x"


def _trace(stat: os.stat_result) -> Trace:
    return (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
