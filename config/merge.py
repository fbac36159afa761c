"""One set of tables out of several files, remembering which file gave what.

In: the sources in the order they were read. Out: for each table its keys, and for any path the place where it stands. A
shipped table may be overridden key by key; the same table in two of the operator's own files is a mistake, as is
anything that is no known table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from config.mistakes import Mistake, Place, Source
from config.positions import Key
from config.values import kind_of, nearest

SINGLE = ("store", "daemon", "fetch", "web")
NAMED = ("feeds", "topics", "rules", "channels")
CADENCE = frozenset({"every", "cron"})


@dataclass
class Tables:
    """`single["fetch"]` and `named["feeds"]["kremlin-en"]` hold keys as TOML gave them. Do not change them."""

    main: Source
    single: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    named: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=lambda: {name: {} for name in NAMED})
    mistakes: list[Mistake] = field(default_factory=list)
    origins: dict[Key, tuple[Source, ...]] = field(default_factory=dict)

    def source_of(self, path: Key) -> Source:
        """The file whose word counts for this path."""
        table = path[: 2 if path and path[0] in NAMED else 1]
        sources = self.origins.get(table, (self.main,))
        key = path[len(table)] if len(path) > len(table) else None
        return next((source for source in sources if key in _keys(source, table)), sources[0])

    def place(self, path: Key, *, key: bool = False, secret: bool = False, offset: int = -1, length: int = 1) -> Place:
        """Where a value stands (`key`: its key), else the nearest table around it, else the operator's file."""
        source = self.source_of(path)
        if key:
            found = source.key_place(path, secret=secret)
        else:
            found = source.value_place(path, secret=secret, offset=offset, length=length)
        while found is None and path:
            path = path[:-1]
            found = source.value_place(path, secret=secret)
        return found or Place(source.name)


def merge(sources: Sequence[Source]) -> Tables:
    """The tables of all sources; the last of them is the operator's file."""
    tables = Tables(sources[-1])
    for source in sources:
        for name, value in source.data.items():
            if name == "include":
                continue
            if name not in SINGLE and name not in NAMED:
                tables.mistakes.append(_unknown(source, name, value))
            elif not isinstance(value, dict):
                _not_a_table(tables, source, (name,), value)
            elif name in SINGLE:
                tables.single[name] = _joined(tables, source, (name,), tables.single.get(name), value)
            else:
                _named(tables, source, name, value)
    return tables


def without(source: Source, other: Source) -> Source:
    """The source without the tables that the other one has."""
    kept: dict[str, Any] = {}
    for name, value in source.data.items():
        theirs = other.data.get(name, {})
        if name in NAMED and isinstance(value, dict) and isinstance(theirs, dict):
            kept[name] = {table: keys for table, keys in value.items() if table not in theirs}
        elif name not in SINGLE or name not in other.data:
            kept[name] = value
    return replace(source, data=kept)


def _named(tables: Tables, source: Source, section: str, value: Mapping[str, Any]) -> None:
    known = tables.named[section]
    for name, table in value.items():
        if isinstance(table, dict):
            known[name] = _joined(tables, source, (section, name), known.get(name), table)
        else:
            _not_a_table(tables, source, (section, name), table)


def _joined(
    tables: Tables, source: Source, path: Key, earlier: Mapping[str, Any] | None, later: Mapping[str, Any]
) -> Mapping[str, Any]:
    before = tables.origins.get(path, ())
    tables.origins[path] = (source, *before)
    if earlier is None:
        return later
    other = next((one for one in before if not one.shipped), None)
    if other is not None and not source.shipped:
        tables.origins[path] = before
        there = other.key_place(path) or Place(other.name)
        here = source.key_place(path) or Place(source.name)
        name = ".".join(map(str, path))
        told = f"[{name}] stands also in {there.file}:{there.line}:{there.column}; keep one of the two"
        tables.mistakes.append(here.mistake(told))
        return earlier
    kept = earlier.keys() - CADENCE if later.keys() & CADENCE else earlier.keys()
    return {key: earlier[key] for key in earlier if key in kept} | dict(later)


def _unknown(source: Source, name: str, value: object) -> Mistake:
    known = [*SINGLE, *NAMED] if isinstance(value, dict) else ["include", *SINGLE, *NAMED]
    hint = nearest(name, known) or f"; known: {', '.join(known)}"
    place = source.key_place((name,)) or Place(source.name)
    return place.mistake(f"unknown {'table' if isinstance(value, dict) else 'key'} `{name}`{hint}")


def _not_a_table(tables: Tables, source: Source, path: Key, value: object) -> None:
    example = f"[{path[0]}]" if path[0] in SINGLE else f"[{path[0]}.{path[1] if len(path) > 1 else 'name'}]"
    place = source.value_place(path) or Place(source.name)
    tables.mistakes.append(place.mistake(f"`{path[-1]}`: wants a table, {example}, not {kind_of(value)}"))


def _keys(source: Source, table: Key) -> Mapping[str, Any]:
    found: Any = source.data
    for part in table:
        found = found.get(part, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}
