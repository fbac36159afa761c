"""A copy of the store while others write: whole and checked, or not there at all (SQLite)."""

import os
import sqlite3
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from store.backup import BackupRefused, back_up
from store.database import SqlStore, open_store
from store.events import FeedGone, FeedId, ItemId, Position
from store.verify import verify

PER_COMMIT = 20


@contextmanager
def busy(store: SqlStore, now: datetime, *, events_a_second: int) -> Iterator[None]:
    """Somebody who appends at that pace, texts included."""
    stop = threading.Event()

    def write() -> None:
        begun = time.monotonic()
        for number in count():
            if stop.wait(max(0.0, begun + number * PER_COMMIT / events_a_second - time.monotonic())):
                return
            append(store, now, number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def append(store: SqlStore, now: datetime, number: int) -> None:
    def job(tx: object) -> None:
        tx.texts.put(ItemId(f"a/{number}"), f"{number} " * 500)  # type: ignore[attr-defined]
        tx.log.append("feed:a", [FeedGone(FeedId("a"), now, str(number))] * PER_COMMIT, now=now)  # type: ignore[attr-defined]

    store.write(job).result()


def head_of(store: SqlStore) -> int:
    with store.read() as tx:
        return tx.log.head().position


def check_prefix(store: SqlStore, copy: Path) -> int:
    """The copy opens, holds, and is a beginning of the live log; returns how long it is."""
    with closing(sqlite3.connect(copy)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with open_store(f"sqlite:///{copy}", read_only=True) as opened_store:
        report = verify(opened_store)
    assert report.ok
    with store.read() as tx:
        (same,) = tx.log.read(Position(report.head.position - 1), 1)
    assert same.hash == report.head.hash
    return report.head.position


def backups_beside_a_writer(store: SqlStore, now: datetime, folder: Path, *, times: int, events: int) -> None:
    with busy(store, now, events_a_second=events):
        for number in range(times):
            before = head_of(store)
            made = back_up(store.path, folder / f"copy-{number}.db")
            after = head_of(store)
            assert before <= check_prefix(store, made.file) == made.report.head.position <= after
    assert not list(folder.glob(".copy*")), "nothing unfinished is left"
    assert not list(folder.glob("copy-*-wal")), "a copy is one file"


def test_a_copy_beside_a_writer_is_a_beginning_of_the_live_log(store: SqlStore, now: datetime, tmp_path: Path) -> None:
    append(store, now, 10**6)
    backups_beside_a_writer(store, now, tmp_path, times=2, events=1_000)


@pytest.mark.long
def test_twenty_of_twenty_copies_beside_a_thousand_events_a_second(
    store: SqlStore, now: datetime, tmp_path: Path
) -> None:
    for number in range(500):
        append(store, now, 10**6 + number)
    backups_beside_a_writer(store, now, tmp_path, times=20, events=1_000)


def test_a_copy_is_for_its_owner_alone_and_says_how_large_and_how_far_it_is(
    store: SqlStore, now: datetime, tmp_path: Path
) -> None:
    append(store, now, 1)
    made = back_up(store.path, tmp_path / "copy.db")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert (made.size, made.report.head.position) == (made.file.stat().st_size, PER_COMMIT)


def test_a_copy_can_be_used_where_nothing_may_be_written(store: SqlStore, now: datetime, tmp_path: Path) -> None:
    append(store, now, 1)
    made = back_up(store.path, tmp_path / "copy.db")
    with closing(sqlite3.connect(made.file)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_copy_becomes_a_store_again(store: SqlStore, now: datetime, tmp_path: Path) -> None:
    append(store, now, 1)
    made = back_up(store.path, tmp_path / "copy.db")
    with open_store(f"sqlite:///{made.file}", migrate=True) as restored:
        append(restored, now, 2)
        assert verify(restored).head.position == 2 * PER_COMMIT


def test_nothing_is_ever_overwritten(store: SqlStore, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    link = tmp_path / "link"
    link.symlink_to(store.path)
    refused = {there: "already", tmp_path / "dangling": "already", store.path: "store itself", link: "store itself"}
    refused |= {tmp_path: "folder", tmp_path / "none" / "copy.db": "no folder"}
    for file, why in refused.items():
        with pytest.raises(BackupRefused, match=why):
            back_up(store.path, file)
    assert there.read_text() == "precious"


def test_a_file_that_comes_there_meanwhile_is_not_overwritten(store: SqlStore, now: datetime, tmp_path: Path) -> None:
    append(store, now, 1)
    file = tmp_path / "copy.db"
    with pytest.raises(BackupRefused, match="meanwhile"):
        back_up(store.path, file, lambda _: file.touch())
    assert file.read_bytes() == b""
    assert not list(tmp_path.glob(".copy*"))


def test_a_broken_chain_is_copied_as_it_is_and_said(store_url: str, now: datetime, tmp_path: Path) -> None:
    with open_store(store_url) as store:
        append(store, now, 1)
    with closing(sqlite3.connect(store.path)) as forger, forger:
        forger.execute("DROP TRIGGER events_are_never_updated")
        forger.execute("UPDATE events SET subject = 'b' WHERE position = 7")
    made = back_up(store.path, tmp_path / "copy.db")
    assert (made.report.ok, made.report.first_bad, made.file.exists()) == (False, 7, True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_no_copy_and_no_rest(store: SqlStore, now: datetime, small_disk: Path) -> None:
    append(store, now, 1)
    with pytest.raises(BackupRefused, match="free some space"):
        back_up(store.path, small_disk / "copy.db")
    assert list(small_disk.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_refused(store: SqlStore, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(BackupRefused, match="nothing can be written"):
        back_up(store.path, closed / "copy.db")
