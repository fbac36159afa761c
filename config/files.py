"""Which files the settings come from: the operator's, what it includes, and what those include.

In: where to look. Out: the sources in the order they were read (an included file before the one that names it, the
operator's file last), with every file's own mistakes. A file that cannot be read, or is no TOML, is a mistake; the
others are still read.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import toml_rs

from config import catalogue
from config.mistakes import Mistake, Place, Source
from config.traces import Tracer
from config.values import nearest

MAX_BYTES = 32 << 20
MAX_DEPTH = 100
NAME = "feedwitness.toml"
_PLAINER = {
    "string values must be quoted, expected literal string": 'here a value must stand, a text in straight quotes: "…"',
    'invalid basic string, expected `"`': 'the " that closes this text is missing',
}
"""The two mistakes of the parser's that people make most, in their own words."""
_BRACKETS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^\']|\'(?!\'\'))*\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*'
    r"|([\[{])|([\]}])",
    re.DOTALL,
)


def candidates(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where settings are looked for when `--config` names none; $FEEDWITNESS_CONFIG is final when it is set."""
    if named := environ.get("FEEDWITNESS_CONFIG"):
        return (Path(named),)
    home = environ.get("XDG_CONFIG_HOME", "")
    if not home.startswith("/"):  # the XDG specification ignores relative ones
        home = f"{environ['HOME']}/.config" if environ.get("HOME") else ""
    found = [Path(NAME), Path(home) / "feedwitness" / NAME if home else None, Path("/etc/feedwitness") / NAME]
    return tuple(path for path in found if path is not None)


def locate(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path | Mistake:
    """The operator's file: the one that is named, else the first that exists."""
    if path is not None or environ.get("FEEDWITNESS_CONFIG"):
        return path or candidates(environ)[0]
    places = candidates(environ)
    for place in places:
        if os.path.exists(cwd / place):  # noqa: PTH110 - Path.exists raises where a folder may not be entered
            return place
    looked = ", ".join(str(place) for place in places)
    return Place(NAME).mistake(f"there are no settings (looked for {looked}); write one, or name it with --config PATH")


class Reader:
    """Reads the operator's file and all that it includes, each file once."""

    def __init__(self, cwd: Path, tracer: Tracer | None = None) -> None:
        self.cwd = cwd
        self._tracer = tracer or Tracer()
        self.sources: list[Source] = []
        self.mistakes: list[Mistake] = []
        self.warnings: list[Mistake] = []
        self._digest = hashlib.sha256()
        self._seen: set[str] = set()
        self._stack: list[str] = []

    @property
    def digest(self) -> str:
        """SHA-256 over the bytes of all files in the order they were read, in hex."""
        return self._digest.hexdigest()

    def read(self, path: Path) -> Source | None:
        """Read the operator's file with its includes."""
        name = str(path)
        return self._file(name, Place(name), main=True)

    def _file(self, name: str, named_at: Place, *, main: bool = False) -> Source | None:
        key = name if name.startswith(catalogue.PREFIX) else os.path.realpath(self.cwd / name)
        if key in self._stack:
            way = " -> ".join([*(os.path.basename(part) for part in self._stack), os.path.basename(key)])  # noqa: PTH119
            self.mistakes.append(named_at.mistake(f"includes itself ({way}); take one of these out"))
            return None
        if key in self._seen:
            return None
        self._seen.add(key)
        content = self._bytes(name, named_at)
        if content is None:
            return None
        self._digest.update(len(content).to_bytes(8, "big") + content)
        source = self._parsed(name, content, shipped=name.startswith(catalogue.PREFIX) and not main)
        if source is None:
            return None
        self._stack.append(key)
        self._includes(source)
        self._stack.pop()
        self.sources.append(source)
        return source

    def _bytes(self, name: str, named_at: Place) -> bytes | None:
        if name.startswith(catalogue.PREFIX):
            try:
                return catalogue.shipped(name.removeprefix(catalogue.PREFIX))
            except KeyError:
                hint = nearest(name, (catalogue.PREFIX + known for known in catalogue.listing()))
                self.mistakes.append(named_at.mistake(f'there is no shipped file "{name}"{hint}'))
                return None
        try:
            with (self.cwd / name).open("rb") as file:
                self._tracer.opened(self.cwd / name, file.fileno())
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            problem = "does not exist"
        except IsADirectoryError:
            problem = "is a directory; name a file"
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        else:
            if len(content) <= MAX_BYTES:
                return content
            problem = f"is larger than {MAX_BYTES >> 20} MiB; split it, and include the parts"
        self._tracer.missed(self.cwd / name)
        about = problem if named_at.file == name else f'"{name}" {problem}'
        self.mistakes.append(named_at.mistake(about))
        return None

    def _parsed(self, name: str, content: bytes, *, shipped: bool) -> Source | None:
        base = self.cwd if name.startswith(catalogue.PREFIX) else (self.cwd / name).parent
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            good = Source(name, content[: error.start].decode("utf-8-sig"), base)
            problem = f"is not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8"
            self.mistakes.append(good.place_at(len(good.text), len(good.text) + 1).mistake(problem))
            return None
        bare = Source(name, text, base, shipped)
        if mistake := too_deep(bare):
            self.mistakes.append(mistake)
            return None
        try:
            return Source(name, text, base, shipped, toml_rs.loads(text))
        except toml_rs.TOMLDecodeError as error:
            self.mistakes.append(syntax_mistake(bare, str(error)))
            return None

    def _includes(self, source: Source) -> None:
        wanted = source.data.get("include", [])
        if not isinstance(wanted, list) or not all(
            isinstance(entry, str) and entry.isprintable() and entry for entry in wanted
        ):
            place = source.value_place(("include",)) or Place(source.name)
            self.mistakes.append(place.mistake('`include`: wants a list of files, such as ["rules.d/*.toml"]'))
            return
        for number, entry in enumerate(wanted):
            for name in self._named(source, number, entry):
                self._file(name, self._place(source, number))

    def _place(self, source: Source, number: int) -> Place:
        return source.value_place(("include", number)) or Place(source.name)

    def _named(self, source: Source, number: int, entry: str) -> Iterable[str]:
        """The files that one entry of `include` stands for; a pattern without any is a warning."""
        if not any(sign in entry for sign in "*?["):
            return [entry if entry.startswith(catalogue.PREFIX) else _beside(source, entry)]
        if entry.startswith(catalogue.PREFIX):
            names = [catalogue.PREFIX + name for name in catalogue.matching(entry.removeprefix(catalogue.PREFIX))]
        else:
            names = [_beside(source, name) for name in self._tracer.listed(source.base, entry)]
            names = [name for name in names if os.path.realpath(self.cwd / name) not in self._stack]
        if not names:
            self.warnings.append(self._place(source, number).mistake(f'no file matches "{entry}"'))
        return names


def _beside(source: Source, entry: str) -> str:
    """The name of a file that `source` names: beside it, as it was itself named."""
    if source.name.startswith(catalogue.PREFIX):
        return entry
    return str(Path(source.name).parent / entry)


def too_deep(source: Source) -> Mistake | None:
    """The parser is native code and dies on thousands of nested brackets, so they are counted before it sees them."""
    depth = 0
    for opening, closing in _BRACKETS.findall(source.text):
        depth += 1 if opening else -1 if closing and depth else 0
        if depth > MAX_DEPTH:
            break
    else:
        return None
    depth = 0
    for found in _BRACKETS.finditer(source.text):
        depth += 1 if found[1] else -1 if found[2] and depth else 0
        if depth > MAX_DEPTH:
            return source.place_at(*found.span()).mistake(f"brackets are nested more than {MAX_DEPTH} deep")
    return None


def syntax_mistake(source: Source, told: str) -> Mistake:
    """The parser's complaint with its place: `TOML parse error at line L, column C`, a drawing, then the reason."""
    where = re.match(r"TOML parse error at line (\d+), column (\d+)", told)
    line, column = (int(where[1]), int(where[2])) if where else (1, 1)
    reason = told.rpartition("^\n")[2] if "^\n" in told else told.splitlines()[-1] if told else "unreadable"
    reason = " ".join(reason.split())
    return source.place_of_line(line, column).mistake(f"no valid TOML: {_PLAINER.get(reason, reason)}")
