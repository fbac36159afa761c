"""Tables for people, readable at eighty columns.

A table has short cells and, as its last one, a long one. Where the terminal has room the long cell stands beside the
short ones, broken between words; otherwise below them, indented. A name so long that the short ones would not fit has a
line of its own, and its row stands below. Into a pipe each row is one whole line.
"""

from collections.abc import Iterable, Sequence

from rich.text import Text

from aggregator.cli.out import console, line, say

ROOM = 36
"""Columns that a long cell needs to stand beside the short ones."""
LONGEST_NAME = 32
"""Columns of a first cell beside which the others stand, where there is no room for longer ones."""
GAP = "  "
INDENT = 4


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print the table; `empty` is said when there is no row. A long cell may have several lines."""
    cells = [[line(str(cell)) for cell in row[:-1]] + [str(row[-1])] for row in rows]
    if not cells:
        say(empty)
        return
    widths = [max(Text(row[n]).cell_len for row in [columns, *cells]) for n in range(len(columns) - 1)]
    short = sum(widths) + len(GAP) * len(widths)
    if console().is_terminal and short > console().width:
        short -= widths[0] - min(widths[0], LONGEST_NAME)
        widths[0] = min(widths[0], LONGEST_NAME)
    beside = not console().is_terminal or _fits(cells, console().width - short)
    _header(columns, widths, beside=beside)
    for row in cells:
        if Text(row[0]).cell_len > widths[0] > 0:
            say(row[0])
            row[0] = ""
        head = "".join(
            cell + " " * (width - Text(cell).cell_len) + GAP for cell, width in zip(row, widths, strict=False)
        )
        _row(head, [line(part) for part in row[-1].split("\n") if part.strip()], beside=beside)


def _fits(cells: Sequence[Sequence[str]], room: int) -> bool:
    longest = max(Text(line(part)).cell_len for row in cells for part in row[-1].split("\n"))
    return room >= min(ROOM, longest)


def _header(columns: Sequence[str], widths: Sequence[int], *, beside: bool) -> None:
    names = [name.ljust(width) for name, width in zip(columns, widths, strict=False)]
    if beside and columns[-1]:
        names.append(columns[-1])
    say(Text(GAP.join(names).rstrip(), style="bold underline"))


def _row(head: str, parts: Sequence[str], *, beside: bool) -> None:
    if not console().is_terminal:
        say((head + GAP.join(parts)).rstrip())
        return
    indent = Text(head).cell_len if beside else INDENT
    wrapped = [
        broken
        for part in parts
        for broken in Text(part).wrap(console(), max(console().width - indent, 1), no_wrap=False)
    ]
    if not beside or not wrapped:
        say(Text(head.rstrip()))
    for number, broken in enumerate(wrapped):
        start = head if beside and number == 0 else " " * indent
        say(Text(start).append_text(broken))
