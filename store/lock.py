"""One process at a time: an advisory lock beside the database, for the commands that exclude each other.

The lock is flock(2) on `DATABASE.lock`; the file says who holds it, and a line that the holder may leave there for
other processes. It is free at the moment its holder dies, whatever killed it: children made by fork drop it. Another
holder raises `StoreLocked`, which names it.
"""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from store.address import database_path
from store.ports import StoreLocked, StoreUnavailable

_TRIES = 5
_PAUSE_SECONDS = 0.02  # `holder` keeps a shared lock for an instant; it must not turn a command away


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a store, as that process wrote it: its id, command, since when (`2026-11-21T20:00:00.000000Z`);
    `note` is what else it says.
    """

    pid: int
    command: str
    since: str
    note: str = ""

    def __str__(self) -> str:
        return f"`feedwitness {self.command}` (process {self.pid}, since {self.minute} UTC)"

    @property
    def minute(self) -> str:
        """Since when, for people: `2026-11-21 20:00`, in UTC."""
        return self.since[:16].replace("T", " ")


class Hold:
    """A lock that is held, through which its holder speaks to other processes."""

    def __init__(self, descriptor: int, holder: Holder) -> None:
        self._descriptor = descriptor
        self._holder = holder
        self._length = 0
        self.note("")

    def note(self, text: str) -> None:
        """Leave this line in place of the last one. A disk that does not take it costs nobody anything but the line."""
        said = json.dumps(asdict(replace(self._holder, note=text))).encode()
        self._length = max(self._length, len(said))
        with suppress(OSError):  # in one write, over all of the last one: who reads finds either
            os.pwrite(self._descriptor, said.ljust(self._length), 0)


@contextmanager
def hold(url: str, *, command: str, since: datetime) -> Iterator[Hold]:
    """Hold the store's lock; raises `StoreLocked` at once if another process does."""
    path = _lock_path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StoreUnavailable("store_away", f"the lock {path} cannot be made: {error.strerror}") from error
    owner = os.getpid()
    _inherited.add(descriptor)
    try:
        _acquire(descriptor, path)
        os.ftruncate(descriptor, 0)
        try:
            yield Hold(descriptor, Holder(owner, command, _stamp(since)))
        finally:
            if os.getpid() == owner:
                os.ftruncate(descriptor, 0)
    finally:
        if descriptor in _inherited:
            _inherited.discard(descriptor)
            os.close(descriptor)


def holder(url: str) -> Holder | None:
    """Who holds the store now; None when nobody does."""
    path = _lock_path(url)
    try:
        with path.open("rb") as file:
            return _holder_of(path, file.fileno())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        message = f"the lock {path} may not be read: run this as the user who runs feedwitness"
        raise StoreUnavailable("store_away", message) from error
    except OSError as error:
        raise StoreUnavailable("store_away", f"the lock {path} cannot be read: {error.strerror}") from error


def _holder_of(path: Path, descriptor: int) -> Holder | None:
    """Who is named in the lock, if the lock is indeed held."""
    found = _read(path)
    if found is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return found
        raise
    return None


def _acquire(descriptor: int, path: Path) -> None:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    msg = f"the store is in use by {_read(path) or 'another process'}: stop it first"
    raise StoreLocked(msg)


def _read(path: Path) -> Holder | None:
    try:
        said = json.loads(path.read_bytes())
        return Holder(int(said["pid"]), str(said["command"]), str(said["since"]), str(said.get("note", "")))
    except (ValueError, KeyError, TypeError):
        return None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lock_path(url: str) -> Path:
    database = database_path(url)
    return database.with_name(database.name + ".lock")


_inherited: set[int] = set()
"""Descriptors of held locks: a forked child closes its copies, or it would keep the lock after its parent's death."""


def _let_go_in_child() -> None:
    for descriptor in _inherited:
        os.close(descriptor)
    _inherited.clear()


os.register_at_fork(after_in_child=_let_go_in_child)
