"""Regular expressions in rules, in linear time whatever the text: RE2 behind one door.

In: what stands between the slashes of `/…/`. Out: a `Refusal` with its place for what cannot be had, or a `PatternSet`
that finds many of them in one text. They look at the text as it is, not folded, and ignore case.

RE2's own `\\w`, `\\d`, `\\s` and `\\b` know ASCII only, which cuts every Russian or Arabic word to pieces: here they
mean Unicode. A `\\b` stands at the start or the end of a branch, where it says that no letter, digit or `_` stands
beyond; anywhere else it is refused, as are look-around and back-references, which no linear search can have.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import re2

MAX_LENGTH = 1000
MAX_PLACES = 100
"""Of one expression in one text."""
_SMALL = 100

_LOOK = re.compile(r"\(\?<?[=!]")
_NAMED = re.compile(r"\(\?P?<[^=!>][^>]*>")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_CODE = re.compile(r"\\(?:[pPx]\{[^}]*\}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)


class _Dialect(NamedTuple):
    """What RE2 is to read for `\\w` and the like, inside and outside of [ ], and for a `\\b` at either end."""

    outside: Mapping[str, str]
    inside: Mapping[str, str]
    inside_negated: Mapping[str, str]
    before: str
    behind: str


_WORD = r"\p{L}\p{N}\p{M}_"
_SPACE = r"\s\x{0B}\x{85}\p{Z}"
_IN_CLASS = {"w": _WORD, "d": r"\p{Nd}", "D": r"\P{Nd}", "s": _SPACE}
_EXACT = _Dialect(
    outside={
        "w": f"[{_WORD}]", "W": f"[^{_WORD}]", "d": r"\p{Nd}", "D": r"\P{Nd}", "s": f"[{_SPACE}]", "S": f"[^{_SPACE}]",
    },
    inside=_IN_CLASS,
    inside_negated=_IN_CLASS,
    before=rf"(?:\A|[^{_WORD}])",
    behind=rf"(?:[^{_WORD}]|\z)",
)  # fmt: skip
_FOREIGN = r"\x{80}-\x{10FFFF}"
_ROUGH = _Dialect(
    outside={"w": rf"[\w{_FOREIGN}]", "d": rf"[\d{_FOREIGN}]", "s": rf"[\s\x{{0B}}{_FOREIGN}]"},
    inside={"w": rf"\w{_FOREIGN}", "d": rf"\d{_FOREIGN}", "s": rf"\s\x{{0B}}{_FOREIGN}"},
    inside_negated={},
    before="",
    behind="",
)
"""Finds all that the exact one finds, and more; read forty times as fast."""


class Refusal(NamedTuple):
    """What cannot be had: where in the expression (code points), and why or what to write instead."""

    offset: int
    length: int
    message: str


class _Refused(Exception):
    def __init__(self, offset: int, length: int, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(offset, length, message)


def refusal(source: str) -> Refusal | None:
    """Why this expression cannot be used, None when it can."""
    if len(source) > MAX_LENGTH:
        return Refusal(0, len(source), f"too long for a regular expression: at most {MAX_LENGTH} characters")
    try:
        roughly = _read(source, _ROUGH)
        if len(source) > _SMALL or "{" in source:  # only these can become too large to be run
            _compiled(source)
    except _Refused as refused:
        return refused.refusal
    if roughly.search("") is not None:
        return Refusal(0, len(source), "it is found where nothing stands, so in every statement: ask for one letter")
    return None


class PatternSet:
    """Expressions to be found together, numbered by their place in the sequence; each must pass `refusal`.

    Only those whose fixed letters stand in the text are run at all, and only these are ever made ready to run: so a
    thousand cost little more than one.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        import re2

        self._sources = tuple(sources)
        self._filter = re2.Filter()
        for source in sources:
            self._filter.Add(_translated(source, _ROUGH), _options())
        self._filter.Compile()

    def find(self, text: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """The numbers of the expressions that stand in the text, with their places in code points."""
        raw = text.encode("utf-8", "replace")
        for number in self._filter.Match(raw, True) or ():  # noqa: FBT003 - "potential": by their fixed letters
            places = list(_places(_compiled(self._sources[number]), raw))
            if places:
                yield number, places if len(raw) == len(text) else [_code_points(raw, *place) for place in places]


def _places(compiled: "re2._Regexp", raw: bytes) -> Iterator[tuple[int, int]]:
    """Places in bytes, first ones first. A boundary that one match needed is there for the next as well."""
    position = 0
    for _ in range(MAX_PLACES):
        found = compiled.search(raw, position)
        if found is None:
            return
        start, end = next(found.span(group) for group in range(1, compiled.groups + 1) if found.span(group)[0] >= 0)
        if end > start:
            yield start, end
        position = max(end, position + 1)


def _code_points(raw: bytes, start: int, end: int) -> tuple[int, int]:
    first = len(raw[:start].decode("utf-8", "replace"))
    return first, first + len(raw[start:end].decode("utf-8", "replace"))


# --- from what people write to what RE2 reads -------------------------------------------------------------------------


@cache
def _options() -> "re2.Options":
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return options


@lru_cache(maxsize=10_000)
def _compiled(source: str) -> "re2._Regexp":
    return _read(source, _EXACT)


def _read(source: str, dialect: _Dialect) -> "re2._Regexp":
    import re2

    try:
        return re2.compile(_translated(source, dialect), _options())
    except re2.error as error:
        raise _refused_by_re2(source, error) from error


def _refused_by_re2(source: str, error: Exception) -> _Refused:
    said = error.args[0] if error.args else ""
    message = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    part = message.rpartition(": ")[2]
    offset = source.find(part)
    where = (offset, len(part)) if part and offset >= 0 else (0, max(len(source), 1))
    return _Refused(*where, f"this cannot be searched for: {message} (the syntax is RE2's)")


def _translated(source: str, dialect: _Dialect) -> str:
    """The expression for RE2: a group of its own around each branch, and only these."""
    return "|".join(branch.text(dialect) for branch in _Reader(source, dialect).branches())


@dataclass(slots=True)
class _Branch:
    starts_word: bool = False
    ends_word: bool = False
    parts: list[str] = field(default_factory=list)

    def text(self, dialect: _Dialect) -> str:
        before, behind = dialect.before * self.starts_word, dialect.behind * self.ends_word
        return f"{before}({''.join(self.parts)}){behind}"


@dataclass(slots=True)
class _Reader:
    """One pass over the expression. What is only ours is translated, all else is left to RE2 to read or refuse."""

    source: str
    dialect: _Dialect
    at: int = 0
    opened: list[int] = field(default_factory=list)
    found: list[_Branch] = field(default_factory=lambda: [_Branch()])

    def branches(self) -> list[_Branch]:
        while self.at < len(self.source):
            sign = self.source[self.at]
            if self.found[-1].ends_word and not (sign == "|" and not self.opened):
                raise _Refused(self.at - 2, 2, r"\b can stand at the start or the end only")
            if sign == "\\":
                self.escape()
            elif sign == "[":
                self.character_class()
            elif sign == "(":
                self.group()
            elif sign == ")" and not self.opened:
                raise _Refused(self.at, 1, "no ( opens what this ) closes")
            elif sign == "|" and not self.opened:
                self.found.append(_Branch())
                self.at += 1
            else:
                if sign == ")":
                    self.opened.pop()
                self.take(sign, 1)
        if self.opened:
            raise _Refused(self.opened[-1], 1, "this ( is never closed: a ) must follow")
        return self.found

    def take(self, text: str, length: int) -> None:
        """Write `text` for the next so many signs of the source."""
        self.found[-1].parts.append(text)
        self.at += length

    def escape(self) -> None:
        written = self.code()
        letter = written[1]
        if letter == "b":
            self.boundary()
        elif letter in "BCGKQ":
            raise _Refused(self.at, 2, f"\\{letter} cannot be searched for here")
        elif letter in "123456789":
            raise _Refused(self.at, 2, f"a back-reference, {written}, cannot be had in linear time: leave it out")
        else:
            self.take(self.dialect.outside.get(letter, "/" if letter == "/" else written), len(written))

    def boundary(self) -> None:
        branch = self.found[-1]
        if self.opened:
            raise _Refused(self.at, 2, r"\b can stand at the start or the end only, not inside ( )")
        if not branch.parts and not branch.starts_word:
            branch.starts_word = True
        else:
            branch.ends_word = True  # whatever but the branch's end follows is refused there
        self.at += 2

    def code(self) -> str:
        """The escape that begins here, whole."""
        found = _CODE.match(self.source, self.at)
        if found is None:
            raise _Refused(self.at, 1, r"nothing follows this \: write \\ for the sign itself")
        return found[0]

    def group(self) -> None:
        if look := _LOOK.match(self.source, self.at):
            message = f"look-around, {look[0]}…), cannot be had in linear time: say it with AND and NOT"
            raise _Refused(self.at, len(look[0]), message)
        self.opened.append(self.at)
        if named := _NAMED.match(self.source, self.at):
            self.take("(?:", len(named[0]))
        elif self.source.startswith("(?", self.at):
            self.take("(?", 2)
        else:
            self.take("(?:", 1)

    def character_class(self) -> None:
        start, self.at = self.at, self.at + 1
        self.found[-1].parts.append("[")
        table = self.dialect.inside
        if self.source.startswith("^", self.at):
            table = self.dialect.inside_negated
            self.take("^", 1)
        first = self.at
        while self.at < len(self.source) and (self.at == first or self.source[self.at] != "]"):
            self.in_class(table)
        if self.at >= len(self.source):
            raise _Refused(start, 1, "this [ is never closed: a ] must follow")
        self.take("]", 1)

    def in_class(self, table: Mapping[str, str]) -> None:
        if posix := _POSIX.match(self.source, self.at):
            self.take(posix[0], len(posix[0]))
        elif self.source[self.at] != "\\":
            self.take(self.source[self.at], 1)
        else:
            written = self.code()
            if written[1] in "WSbQ":
                raise _Refused(self.at, 2, f"{written} cannot stand inside [ ]")
            self.take(table.get(written[1], "/" if written[1] == "/" else written), len(written))
