"""Statements straight to the driver, past SQLAlchemy's work for each: for polls and alerts, which need dozens of them.

A statement is compiled once for each database and then goes to the driver as text, in the transaction of the connection
that is given: SQLAlchemy's own way costs ten times what SQLite does to find a row by its key. What it does with types
is left out, so values must be what the driver takes: text, integers, bytes, None. Errors are the driver's own, which
`store.failure.translated` knows. Whatever is asked once in a while goes through `Connection.execute`.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, object]


class _Prepared(NamedTuple):
    """A statement as the driver takes it; `row` names the columns of what it finds."""

    sql: str
    in_order: Callable[[Values], Sequence[object]]
    row: Callable[[Sequence[object]], Any]


_named_tuple: Callable[..., Any] = namedtuple  # whose names are known only here
_prepared: dict[tuple[sa.ClauseElement, str, int], _Prepared] = {}


def execute_rows(connection: sa.Connection, statement: sa.ClauseElement, rows: Sequence[Values]) -> int:
    """Run a statement once for each row, which names every one of its parameters; how many rows it changed."""
    prepared = _of(connection, statement)
    changed: int = _driver(connection).executemany(prepared.sql, [prepared.in_order(row) for row in rows]).rowcount
    return changed


def fetch(connection: sa.Connection, statement: sa.ClauseElement, values: Values) -> list[Any]:
    """What a select finds, as named tuples. One of the values may be a list, that of an expanding parameter."""
    size = max([len(part) for part in values.values() if type(part) is list], default=0)
    prepared = _of(connection, statement, size)
    found = _driver(connection).execute(prepared.sql, prepared.in_order(values)).fetchall()
    return [prepared.row(columns) for columns in found]


def fetch_one(connection: sa.Connection, statement: sa.ClauseElement, values: Values) -> Any:
    """The first row that a select finds as a named tuple, or None."""
    prepared = _of(connection, statement)
    found = _driver(connection).execute(prepared.sql, prepared.in_order(values)).fetchone()
    return None if found is None else prepared.row(found)


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _of(connection: sa.Connection, statement: sa.ClauseElement, size: int = 0) -> _Prepared:
    key = (statement, connection.dialect.name, _whole(size))
    if (prepared := _prepared.get(key)) is None:
        prepared = _prepared[key] = _prepare(connection, statement, _whole(size))
    return prepared


def _whole(size: int) -> int:
    """The next power of two: so that lists of all lengths need few statements."""
    return 1 << (size - 1).bit_length() if size else 0


def _prepare(connection: sa.Connection, statement: sa.ClauseElement, size: int) -> _Prepared:
    compiled = statement.compile(dialect=connection.dialect)
    if not isinstance(compiled, SQLCompiler) or not compiled.positiontup:
        msg = f"{statement} takes no parameters by position"
        raise TypeError(msg)
    names = compiled.positiontup
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    row = _row(statement)
    if not size:
        return _Prepared(str(compiled), _in_order(names, fixed), row)
    filled = {name: [""] * size if bind.expanding else "" for name, bind in compiled.binds.items() if name in names}
    expanded = statement.params(filled | fixed).compile(
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    return _Prepared(str(expanded), _in_order_expanded(names, fixed, size), row)


def _in_order(names: Sequence[str], fixed: Values) -> Callable[[Values], Sequence[object]]:
    if len(names) == 1:
        return lambda values: ({**fixed, **values}[names[0]],)
    pick = itemgetter(*names)
    return (lambda values: pick({**fixed, **values})) if fixed else pick


def _in_order_expanded(names: Sequence[str], fixed: Values, size: int) -> Callable[[Values], Sequence[object]]:
    """A list is filled up to its size by its last value: what is in it twice is found once."""

    def in_order(values: Values) -> Sequence[object]:
        parameters: list[object] = []
        for name in names:
            part = values[name] if name in values else fixed[name]
            if type(part) is list:
                parameters += part
                parameters += part[-1:] * (size - len(part))
            else:
                parameters.append(part)
        return parameters

    return in_order


def _row(statement: sa.ClauseElement) -> Callable[[Sequence[object]], Any]:
    columns = statement.selected_columns.keys() if isinstance(statement, sa.Select) else ()
    row: Callable[[Sequence[object]], Any] = _named_tuple("Row", columns, rename=True)._make
    return row
