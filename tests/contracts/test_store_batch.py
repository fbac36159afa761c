"""Statements straight to the driver find and change the same as through SQLAlchemy."""

import pytest
import sqlalchemy as sa

from store.batch import execute_rows, fetch, fetch_one
from store.database import SqlStore
from store.tables import CHECKPOINTS

ADD = sa.insert(CHECKPOINTS)
NAMED = (
    sa.select(CHECKPOINTS.c.name, CHECKPOINTS.c.position)
    .where(
        CHECKPOINTS.c.name.in_(sa.bindparam("names", expanding=True)), CHECKPOINTS.c.position > sa.bindparam("after")
    )
    .order_by(CHECKPOINTS.c.position)
)
FIRST = sa.select(CHECKPOINTS.c.name).order_by(CHECKPOINTS.c.position).limit(1)
MOVE = sa.update(CHECKPOINTS).where(CHECKPOINTS.c.name == sa.bindparam("of")).values(position=7)
ROWS = [{"name": f"n{number:03}", "position": number} for number in range(40)]


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 31, 33, 40])
def test_a_list_of_any_length_finds_what_is_in_it(store: SqlStore, length: int) -> None:
    names = [str(row["name"]) for row in ROWS[:length]]

    def job(connection: sa.Connection) -> list[tuple[str, int]]:
        execute_rows(connection, ADD, ROWS)
        return [(row.name, row.position) for row in fetch(connection, NAMED, {"after": -1, "names": names})]

    assert store.write(lambda tx: job(tx.connection)).result() == list(zip(names, range(length), strict=True))


def test_values_that_a_statement_holds_itself_are_kept(store: SqlStore) -> None:
    def job(connection: sa.Connection) -> tuple[object, ...]:
        nothing = fetch_one(connection, FIRST, {})
        execute_rows(connection, ADD, ROWS[3:5])
        return nothing, fetch_one(connection, FIRST, {}).name

    assert store.write(lambda tx: job(tx.connection)).result() == (None, "n003")


def test_a_change_says_how_many_rows_it_met(store: SqlStore) -> None:
    def job(connection: sa.Connection) -> tuple[int, int, int]:
        execute_rows(connection, ADD, ROWS[:2])
        both = execute_rows(connection, MOVE, [{"of": "n000"}, {"of": "n001"}])
        (moved,) = fetch(connection, NAMED, {"after": 6, "names": ["n001"]})
        return both, execute_rows(connection, MOVE, [{"of": "nobody"}]), moved.position

    assert store.write(lambda tx: job(tx.connection)).result() == (2, 0, 7)
