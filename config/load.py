"""The settings as they stand in files, read into `config.model`, with every mistake at once.

In: a path or None, the environment, the working directory. Out: `Loaded`: the settings (None when there is any
mistake), the mistakes and warnings with their places, the files read and a digest over them. Nothing is raised for a
wrong file, and nothing is written.

Where the store lies when [store] names no `url`: `feedwitness.db` in the first folder of $STATE_DIRECTORY (systemd
sets it), else in $XDG_STATE_HOME/feedwitness when that variable is set, else beside the settings file in use (for
shipped settings: in the working directory).
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from config import catalogue
from config.build import Builder
from config.check import checked
from config.files import Reader, locate
from config.merge import Tables, merge, without
from config.mistakes import Mistake, Place, Source
from config.model import Settings, Store
from config.positions import Key
from config.salvage import salvaged_url
from config.traces import Tracer, Traces

__all__ = ["Loaded", "Mistake", "Place", "load"]


@dataclass(frozen=True)
class Loaded:
    """What was read. Only `settings` is fit to run on.

    `draft` holds whatever could be read even where there are mistakes, so that other rooms can add theirs in the same
    run (the queries of rules); every table that the files name is in it, faulty ones with what is right in them.
    `file` is the operator's file, `files` all that were read, as they are shown; `traces` tell when they change.
    """

    settings: Settings | None
    draft: Settings
    file: str
    files: tuple[str, ...] = ()
    digest: str = ""
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    tables: Tables | None = field(default=None, repr=False)
    traces: Traces = field(default_factory=Traces, repr=False)

    def place(self, path: Key, offset: int = -1, length: int = 1) -> Place:
        """Where a value stands: `("rules", "syria", "match")`, `("topics", "syria", "any", 2)`.

        With `offset`: that many characters into its text, whatever the quotes and escapes. A path that is not written
        gives the nearest table around it, else the operator's file.
        """
        return self.tables.place(path, offset=offset, length=length) if self.tables else Place(self.file)

    def with_mistakes(self, mistakes: Iterable[Mistake], warnings: Iterable[Mistake] = ()) -> "Loaded":
        """The same with further findings, in order; any mistake takes the settings away."""
        wrong = _in_order([*self.mistakes, *mistakes])
        told = _in_order([*self.warnings, *warnings])
        return replace(self, settings=None if wrong else self.settings, mistakes=wrong, warnings=told)


def load(path: Path | None, environ: Mapping[str, str], cwd: Path, over: Source | None = None) -> Loaded:
    """Read the settings. `path` is what `--config` says; `shipped:starter/feedwitness.toml` names the shipped ones.

    Each table of `over` stands in the place of the whole table of that name.
    """
    cwd = Path(os.path.abspath(cwd))  # noqa: PTH100 - resolve() would follow links, and show other names
    file = locate(path, environ, cwd)
    if isinstance(file, Mistake):
        return _nothing(file.file, [file], environ, cwd)
    tracer = Tracer()
    reader = Reader(cwd, tracer)
    main = reader.read(file)
    names = tuple(source.name for source in reader.sources)
    if main is None:
        others = merge([*reader.sources, Source(str(file), "", cwd)]).mistakes if reader.sources else []
        return replace(
            _nothing(str(file), [*reader.mistakes, *others], environ, cwd),
            files=names,
            digest=reader.digest,
            traces=tracer.traces,
        )
    tables = merge([over, *(without(source, over) for source in reader.sources)] if over else reader.sources)
    builder = Builder(tables, environ, tracer)
    draft = builder.draft(default_store_folder(main, environ, cwd))
    found = list(checked(draft, tables, builder.sound, complete=not reader.mistakes))
    mistakes = [*reader.mistakes, *tables.mistakes, *builder.mistakes, *(one for mild, one in found if not mild)]
    warnings = [*reader.warnings, *(one for mild, one in found if mild)]
    empty = Loaded(draft, draft, str(file), names, reader.digest, tables=tables, traces=tracer.traces)
    return empty.with_mistakes(mistakes, warnings)


def default_store_folder(main: Source, environ: Mapping[str, str], cwd: Path) -> Path:
    """Where the store lies when the settings do not say."""
    if state := environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return cwd / state
    if (home := environ.get("XDG_STATE_HOME", "")).startswith("/"):
        return Path(home) / "feedwitness"
    return cwd if catalogue.holds(os.path.realpath(main.base)) else main.base


def _nothing(file: str, mistakes: list[Mistake], environ: Mapping[str, str], cwd: Path) -> Loaded:
    """No settings, but where the store lies, if that much can be read: a daemon may run on older ones."""
    source = Source(file, "", (cwd / file).parent)
    url = salvaged_url(cwd / file, source.base)
    folder = default_store_folder(source, environ, cwd)
    draft = Settings(store=Store(url=url or f"sqlite:///{folder / 'feedwitness.db'}"))
    return Loaded(None, draft, file).with_mistakes(mistakes)


def _in_order(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    return tuple(sorted(set(mistakes)))
