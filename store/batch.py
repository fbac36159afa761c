"""Many rows through one statement, past SQLAlchemy's work per row: for the log and the read tables, where it counts.

The statement is compiled once for each database and its rows go straight to the driver, so values must be what the
driver takes: text, integers, bytes, None. Everything else goes through `Connection.execute`.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

_Compiled = tuple[str, Callable[[Mapping[str, object]], object]]
_compiled: dict[tuple[sa.ClauseElement, str], _Compiled] = {}


def execute_rows(connection: sa.Connection, statement: sa.ClauseElement, rows: Sequence[Mapping[str, object]]) -> None:
    """Run a statement once for each row; a row names every one of its parameters."""
    key = (statement, connection.dialect.name)
    if (compiled := _compiled.get(key)) is None:
        compiled = _compiled[key] = _compile(connection, statement)
    sql, in_order = compiled
    connection.exec_driver_sql(sql, [in_order(row) for row in rows])


def _compile(connection: sa.Connection, statement: sa.ClauseElement) -> _Compiled:
    compiled = statement.compile(dialect=connection.dialect)
    if not isinstance(compiled, SQLCompiler) or not compiled.positiontup:
        msg = f"{statement} takes no parameters by position"
        raise TypeError(msg)
    names = compiled.positiontup
    if len(names) == 1:
        return str(compiled), lambda row: (row[names[0]],)
    return str(compiled), itemgetter(*names)
