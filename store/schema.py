"""Which schema a store has, and bringing an older one up to this program's.

`REVISIONS` names every schema that ever was, oldest first; the last is the one that `store.tables` declares. A store of
an unknown revision was written by a newer program (`StoreTooNew`); a database that is none of ours is refused. Before
migrating, the database is copied beside itself; the migration is one transaction: killed half way, the old schema is
still there. Alembic is imported only when there is something to migrate.
"""

import glob
import sqlite3
from enum import Enum
from pathlib import Path

import sqlalchemy as sa

from store.engine import connect
from store.failpoint import reach
from store.failure import translated
from store.ports import StoreError, StoreTooNew, StoreUnavailable

REVISIONS = ("0001", "0002", "0003", "0004")


class Schema(Enum):
    """How a database stands to this program."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"


def schema_of(path: Path) -> Schema:
    """What stands in the file; raises `StoreTooNew`, or StoreError if it is a database of something else."""
    with translated():
        connection = connect(path, read_only=True)
        try:
            return _schema(connection, path)
        finally:
            connection.close()


def _schema(connection: sqlite3.Connection, path: Path) -> Schema:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return Schema.EMPTY
    if "alembic_version" not in tables or "events" not in tables:
        msg = f"{path} is a database, but not of feedwitness: give another path in [store] url"
        raise StoreError(msg)
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    if revision not in REVISIONS:
        msg = f"the store {path} was written by a newer feedwitness (schema {revision}): use that version, or newer"
        raise StoreTooNew(msg)
    return Schema.CURRENT if revision == REVISIONS[-1] else Schema.OLDER


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to the newest, all or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with translated(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        reach("migrate")


def back_up(path: Path) -> Path:
    """Copy the database beside itself, consistently, before it is migrated; returns where."""
    copy = _free_name(path)
    half = copy.with_name(copy.name + ".part")
    half.unlink(missing_ok=True)
    half.touch(mode=0o640)
    with translated():
        source, target = connect(path, read_only=True), connect(half, read_only=False)
        try:
            source.backup(target, pages=-1)
        finally:
            target.close()
            source.close()
    try:
        return half.rename(copy)
    except OSError as error:
        raise StoreUnavailable("store_away", f"the copy {copy} cannot be made: {error.strerror}") from error


def copies(path: Path) -> list[Path]:
    """The copies that were made beside a database before it was migrated."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.before-*"))


def _free_name(path: Path) -> Path:
    number = 1
    while (copy := path.with_name(f"{path.name}.before-{REVISIONS[-1]}-{number}")).exists():
        number += 1
    return copy
