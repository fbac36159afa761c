"""How commands speak: results on stdout, messages on stderr, nothing that a feed wrote unescaped.

Everything from the network passes `alerts.plain` before it reaches people; in JSON the same characters are written as
escapes, so that a program reads them unchanged and a terminal is safe. Tables are in `aggregator.cli.tables`.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from aggregator.shown import form
from aggregator.shown.form import ago, counted, minute, stamp, when
from alerts.plain import one_line as line
from alerts.plain import plain as safe

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from aggregator.shown.marks import Piece

__all__ = [
    "ago",
    "compact",
    "console",
    "counted",
    "emit",
    "emit_rows",
    "fails",
    "line",
    "marked",
    "minute",
    "note",
    "paragraph",
    "progress",
    "safe",
    "say",
    "speaks_unicode",
    "stamp",
    "when",
]


@cache
def console() -> "Console":
    """The console of stdout: as wide as the terminal; elsewhere without colours, and lines are never broken."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 10_000)


def say(text: "str | Text") -> None:
    """One or more lines on stdout; a terminal breaks those that are too long for it."""
    console().print(safe(text) if isinstance(text, str) else text, soft_wrap=True)


def paragraph(text: "str | Text", indent: int = 4) -> None:
    """Text on stdout, indented; on a terminal broken between words."""
    from rich.padding import Padding
    from rich.text import Text

    body = Text(safe(text)) if isinstance(text, str) else text
    if console().is_terminal:
        console().print(Padding(body, (0, 0, 0, indent), expand=False))
        return
    for part in body.split("\n", allow_blank=True):
        say(Text(" " * indent).append_text(part))


def marked(pieces: "Iterable[Piece]") -> "Text":
    """Text with some words marked: by colour on a terminal that has any, by signs elsewhere."""
    from rich.text import Text

    from aggregator.shown.marks import signed

    if not console().is_terminal or console().no_color:
        return Text(safe(signed(pieces)))
    text = Text()
    for piece, is_marked in pieces:
        text.append(safe(piece), style="bold reverse" if is_marked else "")
    return text


def note(text: str) -> None:
    """Lines for people on stderr."""
    print(safe(text), file=sys.stderr)


def emit(value: object) -> None:
    """One JSON document on stdout; datetimes as ISO 8601 in UTC with microseconds and Z."""
    sys.stdout.write(compact(value) + "\n")


def emit_rows(rows: Iterable[Mapping[str, object]]) -> None:
    """One JSON array on stdout, a row a line, written as it comes."""
    first = True
    for row in rows:
        sys.stdout.write(("[" if first else ",\n ") + compact(row))
        first = False
    sys.stdout.write("[]\n" if first else "]\n")


def compact(value: object) -> str:
    """A value as one line of JSON: what could harm a terminal, or stdout cannot encode, is written as an escape."""
    return form.compact(value, ascii_only=not speaks_unicode())


def speaks_unicode() -> bool:
    """Whether stdout takes every character."""
    return (sys.stdout.encoding or "utf-8").casefold().startswith("utf")


def fails(error: OSError) -> str:
    """Why stdout took no more."""
    return f"the output could not be written: {error.strerror or error}"


class progress:  # noqa: N801  # used as a statement, like a function
    """A progress bar on a terminal, nothing elsewhere; gives `advance(done, total)`. It leaves when all is done."""

    def __init__(self, label: str, *, quiet: bool) -> None:
        self._label = label
        self._bar = None
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self) -> Callable[[int, int], None]:
        if self._bar is None:
            return lambda _done, _total: None
        bar = self._bar
        bar.start()
        task = bar.add_task(self._label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            if done >= total:
                bar.stop()

        return advance

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
