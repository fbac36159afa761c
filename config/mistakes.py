"""Where something stands in a settings file, and what is wrong with it.

A `Source` is one file's text with an index of its keys and values; a `Place` points into it; a `Mistake` is a place and
a sentence. `Mistake.render` gives what people read: `FILE:LINE:COLUMN: sentence`, the line itself, a caret under it.
Lines and columns count from 1, columns in characters. In lines that may hold a secret, values are masked.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from config.positions import Key, Spot, index_of, offset_in_string

_WINDOW = 100
_SECRETIVE = re.compile(
    r"whsec_|\b(?:password|passwd|token|secrets?|username|proxy|headers|authorization|cookie)\b", re.IGNORECASE
)


_USERINFO = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
_VALUE = re.compile(
    r"""(?P<named>\b(?:env|file)\s*=\s*(?:"[^"]*"|'[^']*'))"""
    r"""|(?P<string>(?P<quote>["']).*?(?:(?P=quote)|$))"""
    r"""|(?P<lead>[=,\[]\s*)(?P<bare>[^\s"'\[{\]},#]+)"""
)


@dataclass(frozen=True)
class Source:
    """One file as read. `name` is how it is shown; relative paths inside are relative to `base`; `data` is its TOML."""

    name: str
    text: str
    base: Path
    shipped: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def spots(self) -> Mapping[Key, Spot]:
        """Where each key and value stands. Made only when somebody asks for a place: a good file never pays for it."""
        return index_of(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place_at(self, start: int, end: int, *, secret: bool = False) -> "Place":
        """The place of `text[start:end]`."""
        row = bisect_right(self._starts, start) - 1
        line_end = self.text.find("\n", start)
        width = min(end, line_end if line_end >= 0 else len(self.text)) - start
        return Place(self.name, row + 1, start - self._starts[row] + 1, max(width, 1), self._line(row, secret=secret))

    def place_of_line(self, line: int, column: int) -> "Place":
        """The place at a line and column that somebody else counted; kept inside the text."""
        row = min(max(line, 1), len(self._starts)) - 1
        hidden = _SECRETIVE.search(self._raw_line(row))  # what is broken cannot be masked with confidence
        return Place(self.name, row + 1, max(column, 1), 1, "" if hidden else self._raw_line(row))

    def key_place(self, path: Key, *, secret: bool = False) -> "Place | None":
        """The place of a key (for an element of a list: of the element)."""
        spot = self.spots.get(path)
        if spot is None:
            return None
        return self.place_at(*(spot.key or spot.value or (0, 0)), secret=secret)

    def value_place(self, path: Key, *, secret: bool = False, offset: int = -1, length: int = 1) -> "Place | None":
        """The place of a value; with `offset`, of that many characters into the text that the value stands for."""
        spot = self.spots.get(path)
        if spot is None or spot.value is None:
            return self.key_place(path, secret=secret)
        start, end = spot.value
        if offset >= 0 and self.text[start] in "\"'":
            raw = self.text[start:end]
            start, end = start + offset_in_string(raw, offset), start + offset_in_string(raw, offset + max(length, 1))
        return self.place_at(start, end, secret=secret)

    def _raw_line(self, row: int) -> str:
        start = self._starts[row]
        end = self.text.find("\n", start)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")
        return _USERINFO.sub(lambda found: "*" * len(found[0]), line)

    def _line(self, row: int, *, secret: bool = False) -> str:
        line = self._raw_line(row)
        return _VALUE.sub(_mask, line) if secret or _SECRETIVE.search(line) else line


def _mask(found: re.Match[str]) -> str:
    """Asterisks instead of a value, so that what stands around it keeps its column; `env` and `file` only name one."""
    text = found[0]
    if found["named"]:
        return text
    if found["string"]:
        return text[0] + "*" * (len(text) - 2) + text[-1] if len(text) > 1 else text
    return found["lead"] + "*" * len(found["bare"])


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of one line. `source_line` is that line, "" where there is none to show."""

    file: str
    line: int = 1
    column: int = 1
    width: int = 1
    source_line: str = ""

    def mistake(self, message: str) -> "Mistake":
        """The mistake that stands here."""
        return Mistake(self.file, self.line, self.column, message, self.source_line, self.width)


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong, and what would be right. Sorts by file and place."""

    file: str
    line: int
    column: int
    message: str
    source_line: str = ""
    width: int = 1

    def render(self, kind: str = "") -> str:
        """What people read; `kind` ("warning") stands before the message."""
        head = _printable(f"{self.file}:{self.line}:{self.column}: {kind and kind + ': '}{self.message}")
        if not self.source_line.strip():
            return head
        start = max(0, self.column - 1 - _WINDOW // 2) if len(self.source_line) > _WINDOW else 0
        before = self.source_line[start : self.column - 1]
        marked = self.source_line[self.column - 1 : self.column - 1 + self.width][: _WINDOW // 2]
        line = _printable(self.source_line[start : start + _WINDOW])
        pad = "".join("\t" if sign == "\t" else " " * _cells(sign) for sign in _printable(before))
        return f"{head}\n    {line}\n    {pad}{'^' * max(1, sum(map(_cells, _printable(marked))))}"


def _printable(text: str) -> str:
    return "".join(sign if sign == "\t" or sign.isprintable() else "�" for sign in text)


def _cells(sign: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
