"""What `doctor` saw around the program, as plain values: the machine, the store's place, the files with secrets."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Machine:
    """What the program stands on. `sqlite_threads` is Python's `sqlite3.threadsafety`, `zones` how many time zones are
    known, `authorities` whether there are any certificates to trust, `files` how many may be open at once.
    """

    python: Version
    sqlite: Version
    sqlite_threads: int
    expat: Version
    openssl: Version
    zones: int
    authorities: bool
    files: int


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where the store lies. `filesystem` as the kernel names it, "" where that is not known; `free` and `size` in
    bytes, 0 where there is no store yet; `mode` as users meet it. `problem` says why it cannot be read, "" if it
    can; `last_at` is the time of the log's last event; `holder` who works on it now, "" for nobody.
    """

    path: Path
    filesystem: str
    free: int
    size: int
    mode: int
    writable: bool
    state: Literal["missing", "empty", "older", "current", "unreadable"]
    problem: str
    last_at: datetime | None
    holder: str


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that holds a secret, the rights that users really have on it, and what in the settings says so."""

    path: Path
    mode: int
    setting: str
