"""Opening a store: addresses, schemas, migrations, and what a full or failing disk does (SQLite)."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from itertools import chain
from pathlib import Path

import pytest
import sqlalchemy as sa

from store import schema
from store.database import SqlStore, open_store
from store.events import FeedGone, FeedId, ItemId, Position
from store.failure import translate
from store.ports import StoreBroken, StoreError, StoreTooNew, StoreUnavailable
from store.tables import METADATA
from store.verify import verify


@pytest.mark.parametrize("url", ["", "store.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://h/d"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///PATH"):
        open_store(url, migrate=True)


def test_postgresql_is_not_supported_yet() -> None:
    with pytest.raises(StoreError, match="not supported yet"):
        open_store("postgresql://user@host/db")


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("mysql://user:secret@host/db")
    assert "secret" not in str(refused.value)


def test_a_new_store_is_made_with_its_folder_and_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "state" / "a b%20.db"
    with open_store(f"sqlite:///{path}", migrate=True) as store:
        assert store.trouble == ""
    assert path.stat().st_mode & 0o007 == 0
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_missing_store_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no store") as away:
        open_store(f"sqlite:///{tmp_path / 'none.db'}", read_only=True)
    assert away.value.reason == "store_away"
    assert list(tmp_path.iterdir()) == []


def test_a_relative_address_is_relative_to_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///here.db", migrate=True).close()
    assert (tmp_path / "here.db").exists()


def test_the_schema_of_the_migrations_is_the_schema_of_the_tables(empty_store: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(f"sqlite:///{empty_store}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert differences == []


def test_the_newest_revision_is_known_by_name() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == schema.REVISIONS


def set_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        database.commit()


def test_a_newer_store_is_not_touched(store_url: str, tmp_path: Path) -> None:
    set_revision(tmp_path / "store.db", "9999")
    before = (tmp_path / "store.db").read_bytes()
    for options in ({"migrate": True}, {"read_only": True}, {}):
        with pytest.raises(StoreTooNew, match="9999"):
            open_store(store_url, **options)
    assert (tmp_path / "store.db").read_bytes() == before


def test_an_older_store_is_copied_then_migrated(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    with open_store(store_url) as store:
        store.write(lambda tx: tx.log.append("feed:a", [FeedGone(FeedId("a"), now, "")], now=now)).result()
    set_revision(tmp_path / "store.db", "0000")
    monkeypatch.setattr(schema, "REVISIONS", ("0000", *schema.REVISIONS))
    migrated: list[sa.Engine] = []
    monkeypatch.setattr(schema, "migrate", migrated.append)
    with pytest.raises(StoreError, match="feedwitness run"):
        open_store(store_url)
    for copies in (1, 2):
        open_store(store_url, migrate=True).close()
        assert len(migrated) == copies
        assert len(list(tmp_path.glob(f"store.db.before-{schema.REVISIONS[-1]}-?"))) == copies
    set_revision(copy := tmp_path / f"store.db.before-{schema.REVISIONS[-1]}-1", schema.REVISIONS[-1])
    with open_store(f"sqlite:///{copy}", read_only=True) as store:
        assert verify(store).head.position == 1


def test_a_store_of_schema_0001_keeps_its_outbox_and_captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    path.touch()
    upgrade_to(path, "0001")
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO captures VALUES ('sha256:1', 'a', 'u', '[]', x'00', 1, 2)")
        old.execute("INSERT INTO deliveries VALUES ('d', 'x', 'r', 'desk', 'a@b.org', 1, 'appeared', 'a/1', x'7b7d',"
                    " 'pending', 'retry', 3, 5, 4, '503', 1)")  # fmt: skip
    with open_store(f"sqlite:///{path}", migrate=True) as store, store.views() as views:
        (kept,) = views.deliveries(bodies=True)
    assert (kept.id, kept.recipient, kept.body, kept.attempts, kept.spent) == ("d", "a@b.org", b"{}", 3, 0)
    assert len(list(tmp_path.glob(f"store.db.before-{schema.REVISIONS[-1]}-1"))) == 1


def upgrade_to(path: Path, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    from store.engine import writing_engine

    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    engine = writing_engine(path, checkpoints=True)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_an_empty_file_left_by_a_broken_start_is_called_so_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with pytest.raises(StoreError, match="is empty: its making was broken off; `feedwitness run`"):
        open_store(f"sqlite:///{path}", read_only=True)
    with open_store(f"sqlite:///{path}", migrate=True) as store, store.read() as tx:
        assert tx.log.head().position == 0


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as database:
        database.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match="not of feedwitness"):
        open_store(f"sqlite:///{tmp_path / 'other.db'}", migrate=True)
    (tmp_path / "text.db").write_text("no database at all, but longer than a header\n" * 10)
    with pytest.raises(StoreUnavailable, match="damaged"):
        open_store(f"sqlite:///{tmp_path / 'text.db'}", migrate=True)


APPEND = """
import os, sys
from datetime import UTC, datetime
from store.database import open_store
from store.events import FeedGone, FeedId, ItemId
from store.failpoint import arm
now = datetime(2026, 11, 21, tzinfo=UTC)
def job(tx):
    tx.log.append("feed:a", [FeedGone(FeedId("a"), now, "")] * 3, now=now)
    tx.texts.put(ItemId("a/1"), "words")
def append(url):
    with open_store(url, migrate=True) as store:
        for _ in range(5):
            store.write(job).result()
            print("ok", flush=True)
"""
KILL = (
    APPEND
    + """
import alembic.command
for failpoint, url in zip(sys.argv[1::2], sys.argv[2::2]):
    if (child := os.fork()) == 0:
        arm(failpoint)
        append(url)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end=";")
"""
)


def killed_at(*failpoints_and_urls: str) -> list[list[str]]:
    """Append five times in a child for each failpoint and store; what each said, and how it ended."""
    command = [sys.executable, "-c", KILL, *failpoints_and_urls]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [child.split() for child in run.stdout.split(";")[:-1]]


KILLED = str(-signal.SIGKILL)


def test_a_kill_leaves_all_of_a_job_or_nothing(empty_store: Path, tmp_path: Path) -> None:
    places = {"in_tx": 0, "before_commit:2": 1, "after_commit": 1, "after_commit:9": 5}
    urls = [f"sqlite:///{shutil.copy(empty_store, tmp_path / f'{place}.db')}" for place in places]
    ends = killed_at(*chain.from_iterable(zip(places, urls, strict=True)))
    for url, kept, (*acknowledged, end) in zip(urls, places.values(), ends, strict=True):
        assert end == ("0" if kept == 5 else KILLED)
        assert kept - 1 <= len(acknowledged) <= kept
        with open_store(url, migrate=True) as store:
            report = verify(store)
        assert (report.ok, report.head.position) == (True, 3 * kept)


def test_a_kill_in_a_migration_leaves_the_old_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    assert killed_at("migrate", url, "migrate:2", url) == [[KILLED], [KILLED]]
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_store(url, migrate=True).close()


def test_a_full_disk_fails_the_group_and_is_forgotten_when_there_is_room(store: SqlStore, now: datetime) -> None:
    def limit(pages: int) -> None:
        statement = f"PRAGMA max_page_count = {pages}"
        store.write(lambda tx: tx.connection.exec_driver_sql(statement)).result()  # type: ignore[attr-defined]

    def big() -> None:
        words = "".join(chr(0x4E00 + n * 7 % 20000) for n in range(40_000))
        store.write(lambda tx: tx.texts.put(ItemId("a/1"), words)).result()

    limit(1)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as full:
            big()
        assert full.value.reason == store.trouble == "store_full"
    limit(100_000)
    big()
    assert store.trouble == ""


def test_a_failed_fsync_breaks_the_store_for_good() -> None:
    lost = sqlite3.OperationalError("disk I/O error")
    lost.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    assert isinstance(translate(lost), StoreBroken)
    lost.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    assert not isinstance(translate(lost), StoreBroken)


def test_a_broken_store_takes_nothing_more(store: SqlStore, now: datetime) -> None:
    def lose(_: object) -> None:
        raise StoreBroken("store_io", "lost")

    with pytest.raises(StoreBroken):
        store.write(lose).result()
    with pytest.raises(StoreBroken):
        store.write(lambda tx: tx.log.head())
    assert store.trouble == "store_io"
    with store.read() as tx:
        assert tx.log.read(Position(0), 1) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.long
@pytest.mark.parametrize("when", range(1, 9))
def test_a_real_failed_fsync_is_neither_acknowledged_nor_lost(store_url: str, when: int) -> None:
    inject = ["strace", "-f", "-qq", "-e", "trace=fdatasync", "-e", f"inject=fdatasync:error=EIO:when={when}"]
    command = [*inject, sys.executable, "-c", f"{APPEND}\nappend(sys.argv[1])", store_url]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    acknowledged = run.stdout.count("ok")
    assert acknowledged == 5 or "StoreBroken" in run.stderr
    with open_store(store_url, migrate=True) as store:
        report = verify(store)
    assert report.ok
    assert 3 * acknowledged <= report.head.position <= 3 * (acknowledged + 1)


def test_opening_imports_no_alembic_when_there_is_nothing_to_migrate(store_url: str) -> None:
    program = (
        "import sys; from store.database import open_store\n"
        f"open_store({store_url!r}, migrate=True).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
