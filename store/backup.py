"""A consistent copy of a store while others write to it.

In: the store's file and the place of the copy. Out: the copy, whole, on the disk and checked, or none: it is made under
another name beside its place, synced, checked page by page and along the chain, and takes its name last. It is one file
that needs no other beside it, and for its owner alone, for it holds recipients' addresses. Raises `BackupRefused` for a
place that will not do; the store's own troubles as ever.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from store.engine import connect
from store.events import Position
from store.failure import translated
from store.naming import give_name
from store.ports import StoreError, StoreUnavailable
from store.verify import VerifyReport, verify_file


class BackupRefused(StoreError):
    """The copy cannot be made there; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made. `report` tells of its chain: a store whose chain is broken can be copied too."""

    file: Path
    size: int
    report: VerifyReport


def back_up(store: Path, file: Path, progress: Callable[[Position], None] = lambda _: None) -> Backup:
    """Copy the store at `store` to `file`, which must not exist yet; `progress` hears how far the chain was checked."""
    _refuse(store, file)
    try:
        descriptor, name = mkstemp(prefix=f".{file.name}.", suffix=".part", dir=file.parent)
    except OSError as error:
        raise BackupRefused(f"nothing can be written in {file.parent}: {error.strerror}") from error
    os.close(descriptor)
    part = Path(name)
    try:
        _copy(store, part)
        report = verify_file(part, progress)
        size = part.stat().st_size
        _sync(part)
        give_name(part, file)
        _sync(file.parent)
    except FileExistsError as error:
        raise BackupRefused(f"{file} came into being meanwhile, and a backup overwrites nothing") from error
    except OSError as error:
        raise BackupRefused(f"the copy {file} cannot be finished: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(file, size, report)


def _refuse(store: Path, file: Path) -> None:
    if os.path.lexists(file):
        same = file.exists() and store.exists() and file.samefile(store)
        what = "is there already, and a backup overwrites nothing"
        if file.is_dir():
            what = "is a folder"
        elif same:
            what = "is the store itself"
        raise BackupRefused(f"{file} {what}: give another FILE")
    if not file.parent.is_dir():
        raise BackupRefused(f"there is no folder {file.parent}: make it first, or give another FILE")


def _copy(store: Path, part: Path) -> None:
    """Copy in one step: in several, each write of somebody else would begin it anew, and beside a busy daemon it would
    never end. A failure of the copy's disk is told apart from one of the store's.
    """
    with translated():
        source = connect(store, read_only=True)
    with closing(source), closing(connect(part, read_only=False)) as target:
        try:
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, readable where nothing may be written
            (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                msg = f"the copy cannot be written in {part.parent} ({error}): free some space, or give another FILE"
                raise BackupRefused(msg) from error
            with translated():
                raise
    if found != "ok":
        raise StoreUnavailable("store_io", f"the store's file is damaged ({found}): restore an earlier backup")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)
        else:
            with suppress(OSError):  # not every file system syncs folders
                os.fsync(descriptor)
    finally:
        os.close(descriptor)
