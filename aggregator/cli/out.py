"""How the program speaks: tables and text for people on a terminal, JSON for machines. Only rooms under `cli` print.

Feed text never reaches a terminal raw: control characters, escape sequences and bidirectional overrides are replaced.
Colours appear only on a terminal, and never when NO_COLOR is set (rich sees to both).
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from alerts.plain import one_line as line
from alerts.plain import plain as safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = [
    "compact",
    "console",
    "emit",
    "emit_rows",
    "line",
    "note",
    "progress",
    "safe",
    "say",
    "stamp",
    "table",
    "when",
]


@cache
def console() -> "Console":
    """The console of stdout; wide when it is not a terminal, so that scripts see whole lines."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 200)


def say(text: "str | Text") -> None:
    """One or more lines on stdout."""
    console().print(safe(text) if isinstance(text, str) else text, soft_wrap=True)


def note(text: str) -> None:
    """One line for people on stderr."""
    print(safe(text), file=sys.stderr)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """A table for people; `empty` is said when there is no row."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, Text) else Text(line(str(cell))) for cell in row))
    console().print(grid) if grid.row_count else say(empty)


def emit(value: object) -> None:
    """One JSON document on stdout; datetimes as ISO 8601 in UTC with microseconds and Z."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain, indent=None) + "\n")


def emit_rows(rows: Iterable[Mapping[str, object]]) -> None:
    """One JSON array on stdout, a row a line, written as it comes."""
    first = True
    for row in rows:
        sys.stdout.write(("[" if first else ",\n ") + json.dumps(row, ensure_ascii=False, default=_plain))
        first = False
    sys.stdout.write("[]\n" if first else "]\n")


def compact(value: object) -> str:
    """A value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds and Z, None for None: how JSON shows times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def when(moment: datetime | None) -> str:
    """How people see times: `2026-11-21 20:00:00`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else "—"


def _plain(value: object) -> object:
    match value:
        case datetime():
            return stamp(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)


class progress:  # noqa: N801  # used as a statement, like a function
    """A progress bar on a terminal, nothing elsewhere; gives `advance(done, total)`."""

    def __init__(self, label: str, *, quiet: bool) -> None:
        self._label = label
        self._bar = None
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)

    def __enter__(self) -> Callable[[int, int], None]:
        if self._bar is None:
            return lambda _done, _total: None
        bar = self._bar
        bar.start()
        task = bar.add_task(self._label, total=None)
        return lambda done, total: bar.update(task, completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
