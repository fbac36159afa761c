"""Where each key and value of a TOML text stands.

In: a text that the TOML parser has accepted. Out: for each path (`("rules", "syria", "notify", 0)`) the offsets of its
key and of its value. It walks the grammar without judging it, so it never fails on an accepted text; offsets count
characters. (toml-rs can give positions too, but counts bytes, knows nothing of table headers, and mixes its own keys
with the user's.)
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Key = tuple[str | int, ...]
Span = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^\s.=\]\[#\"',{}]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_PLAIN_PAIR = re.compile(
    r"""([A-Za-z0-9_-]+)[ \t]*=[ \t]*("[^"\\\n]*"|'[^'\n]*'|[\w.+-]+)[ \t]*(?:\r?\n)+(?=[A-Za-z\[])"""
)
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[ \t]*\r?\n\s*|.)|\r\n|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spot:
    """The key has no span for elements of a list, the value none for a table that only its header opens."""

    key: Span | None
    value: Span | None


def index_of(text: str) -> Mapping[Key, Spot]:
    """The spots of all keys and values of an accepted TOML text."""
    return _Walk(text).document()


def offset_in_string(raw: str, offset: int) -> int:
    """Where the character number `offset` of a string's value stands in its source `raw`, quotes included.

    An offset at or behind the end gives the closing quote.
    """
    quote = raw[:3] if raw[:3] in ('"""', "'''") else raw[:1]
    start, end = len(quote), len(raw) - len(quote)
    if len(quote) == 3:
        start += len(re.match(r"\r?\n|", raw[3:])[0])  # type: ignore[index]  # it matches the empty text
    if quote[0] == "'" and "\r" not in raw:
        return min(start + offset, end)
    for found in _ESCAPE.finditer(raw, start, end):
        continued = quote == '"""' and re.match(r"\\\s", found[0])
        if offset <= 0 and not continued:
            return found.start()
        offset -= 0 if continued else 1
    return end


class _Walk:
    """One pass over the text, from statement to statement."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.spots: dict[Key, Spot] = {}
        self.arrays: dict[Key, int] = {}

    def document(self) -> Mapping[Key, Spot]:
        table: Key = ()
        self.skip()
        while self.at < len(self.text):
            if plain := _PLAIN_PAIR.match(self.text, self.at):  # nearly every line of a long list of feeds
                self.spots[(*table, plain[1])] = Spot(plain.span(1), plain.span(2))
                self.at = plain.end()
                continue
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip()
        return self.spots

    def skip(self) -> None:
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def header(self) -> Key:
        """`[a.b]` or `[[a.b]]`; returns the path of the table that it opens."""
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        parts = self.key()
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        path: Key = ()
        for number, (name, span) in enumerate(parts, 1):
            path += (name,)
            if many and number == len(parts):
                self.spots.setdefault(path, Spot(span, None))
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if number == len(parts) and not many:
                self.spots[path] = Spot(span, None)
            self.spots.setdefault(path, Spot(span, None))
            if path in self.arrays:
                path += (self.arrays[path],)
                self.spots.setdefault(path, Spot(span, None))
        return path

    def key(self) -> list[tuple[str, Span]]:
        """A dotted key: each part with its span."""
        parts: list[tuple[str, Span]] = []
        while True:
            self.skip()
            found = _STRING.match(self.text, self.at) or _BARE.match(self.text, self.at)
            if found is None:
                raise ValueError(f"no key at {self.at}")
            parts.append((_unquoted(found[0]), found.span()))
            self.at = found.end()
            self.skip()
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def pair(self, table: Key) -> None:
        """`key = value`."""
        parts = self.key()
        path = table
        for name, span in parts:
            path += (name,)
            self.spots.setdefault(path, Spot(span, None))
        self.at += 1
        self.skip()
        start = self.at
        self.value(path)
        self.spots[path] = Spot(parts[-1][1], (start, self.at))

    def value(self, path: Key) -> None:
        """One value; leaves `at` behind it."""
        sign = self.text[self.at]
        if sign == "[":
            self.elements(path)
        elif sign == "{":
            self.inline(path)
        elif found := _STRING.match(self.text, self.at):
            self.at = found.end()
        elif found := _SCALAR.match(self.text, self.at):
            self.at += len(found[0].rstrip())

    def elements(self, path: Key) -> None:
        """`[a, b]`."""
        number = 0
        self.at += 1
        self.skip()
        while self.text[self.at] != "]":
            start = self.at
            self.value((*path, number))
            self.spots[(*path, number)] = Spot(None, (start, self.at))
            number += 1
            self.comma()
        self.at += 1

    def inline(self, path: Key) -> None:
        """`{ a = 1 }`."""
        self.at += 1
        self.skip()
        while self.text[self.at] != "}":
            self.pair(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        self.skip()
        if self.text[self.at] == ",":
            self.at += 1
            self.skip()


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] != '"':
        return key
    plain = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}
    return "".join(
        part
        if part[0] != "\\"
        else chr(int("0x" + part[2:], base=0))
        if part[1] in "uUx"
        else plain.get(part[1], part[1])
        for part in _ESCAPE.findall(key[1:-1])
    )
