"""What is old or wrong around the program, and what to do about it. Pure.

In: what was seen (`seen`), and the time. Out: a finding for each thing looked at, good ones too, so that a reader knows
what was asked. Versions are judged by their numbers; distributions mend old ones without changing the number, so what
is only old is a warning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote
from typing import Literal

from aggregator.doctor.seen import Machine, SecretFile, StorePlace, Version

Grade = Literal["ok", "warn", "wrong"]

OLD_PYTHON: Version = (3, 11, 4)
STRICT_TABLES: Version = (3, 37, 0)
SAFE_WAL: Version = (3, 51, 3)
"""Before it, two connections that checkpoint or write at one unlucky moment can corrupt the file (sqlite.org/wal.html,
the WAL-reset bug). Only the holder of our lock checkpoints, so our own commands cannot do it to each other."""
MENDED_WAL: tuple[Version, ...] = ((3, 44, 6), (3, 50, 7))
"""Older lines that have the mend as well, from these on."""
OLD_EXPAT: Version = (2, 7, 2)
OLD_OPENSSL: Version = (3, 0, 0)
FEW_FILES = 512
LITTLE_ROOM, NO_ROOM = 1 << 30, 64 << 20
NETWORKED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre", "gfs2", "ocfs2"}
)
FLEETING = frozenset({"tmpfs", "ramfs"})
_CLOCK_SLACK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, and, unless it is ok, what to do."""

    subject: str
    grade: Grade
    told: str
    advice: str = ""


def machine(seen: Machine) -> Iterator[Finding]:
    """What the program stands on."""
    yield _version("Python", seen.python, OLD_PYTHON, "it lacks mends of security holes: update it")
    yield _sqlite(seen)
    hostile = "it lacks mends against hostile documents, which the parser's limits only contain: update it"
    yield _version("expat", seen.expat, OLD_EXPAT, hostile)
    yield _version("OpenSSL", seen.openssl, OLD_OPENSSL, "nobody mends it any more: update it, or Python with it")
    yield (
        Finding("certificates", "ok", "there are authorities to trust")
        if seen.authorities
        else Finding("certificates", "wrong", "no authority is trusted: every https feed fails",
                     "install your system's certificates (Debian: apt install ca-certificates)")
    )  # fmt: skip
    yield (
        Finding("time zones", "ok", f"{seen.zones} known")
        if seen.zones
        else Finding("time zones", "wrong", "none are known, so no `timezone` can be read",
                     "install the system's (Debian: apt install tzdata), or pip install tzdata")
    )  # fmt: skip
    yield (
        Finding("open files", "ok", f"{FEW_FILES} or more at once")
        if seen.files >= FEW_FILES
        else Finding("open files", "warn", f"only {seen.files} at once", f"raise the limit: ulimit -n {FEW_FILES}")
    )


def _version(subject: str, version: Version, least: Version, advice: str) -> Finding:
    told = _dotted(version)
    if version >= least:
        return Finding(subject, "ok", told)
    return Finding(subject, "warn", f"{told} is older than {_dotted(least)}", advice)


def _sqlite(seen: Machine) -> Finding:
    version = _dotted(seen.sqlite)
    if seen.sqlite < STRICT_TABLES:
        needs = f"{version} cannot hold the store: it takes {_dotted(STRICT_TABLES)} or newer"
        return Finding("SQLite", "wrong", needs, "update it, or take a Python that brings a newer one")
    if not seen.sqlite_threads:
        return Finding("SQLite", "wrong", f"{version} is built without threads", "take one that is built with them")
    if seen.sqlite < SAFE_WAL and not any(mended <= seen.sqlite < (*mended[:2], 99) for mended in MENDED_WAL):
        told = f"{version} is older than {_dotted(SAFE_WAL)}, which mended a very rare fault; feedwitness avoids it"
        advice = "all its own commands are safe beside each other; let no other program write into the store"
        return Finding("SQLite", "warn", told, advice)
    return Finding("SQLite", "ok", version)


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def store(place: StorePlace, now: datetime) -> Iterator[Finding]:
    """Where the record lies, and whether it will be safe there."""
    yield _state(place)
    yield _filesystem(place)
    yield _room(place)
    if place.mode & 0o007:
        told = f"{place.path} can be read by every user: it holds addresses of recipients"
        yield Finding("rights", "warn", told, f"chmod o= {quote(str(place.path))}")
    if place.last_at is not None:
        behind = place.last_at - now
        yield (
            Finding("clock", "wrong", f"{behind.total_seconds():.0f} s behind the last event of the log",
                    "set the clock, and let NTP keep it: times of events never run backwards, so they stand still")
            if behind > _CLOCK_SLACK
            else Finding("clock", "ok", "not behind the log")
        )  # fmt: skip
    yield Finding("in use", "ok", f"by {place.holder}" if place.holder else "by nobody")


def _state(place: StorePlace) -> Finding:
    if not place.writable:
        told = f"{place.path} cannot be written by this user"
        return Finding("store", "wrong", told, f"give this user the file and its folder, {place.path.parent}")
    match place.state:
        case "current":
            return Finding("store", "ok", f"{place.path}, {_size(place.size)}")
        case "missing" | "empty":
            return Finding("store", "ok", f"{place.path} (will be made)")
        case "older":
            told = f"{place.path} is of an older version"
            return Finding("store", "warn", told, "`feedwitness run` brings it up to date, after a copy beside it")
        case "unreadable":
            return Finding("store", "wrong", place.problem, "mend that, or restore a backup (docs/operations.md)")


def _filesystem(place: StorePlace) -> Finding:
    kind = place.filesystem
    if kind in NETWORKED or (kind.startswith("fuse.") and kind != "fuse.mergerfs"):
        told = f"{kind} reaches over a network or a foreign program: locks and the write-ahead log are not safe there"
        return Finding("file system", "wrong", told, "keep the store on a disk of this machine")
    if kind in FLEETING:
        return Finding("file system", "wrong", f"{kind} is gone after a restart", "keep the store on a disk")
    if kind == "overlay":
        told = "overlay is usually the inside of a container, gone with it"
        return Finding("file system", "warn", told, "keep the store on a volume")
    return Finding("file system", "ok", kind or "not known")


def _room(place: StorePlace) -> Finding:
    free = f"{_size(place.free)} free"
    if place.free < NO_ROOM:
        return Finding("room", "wrong", f"only {free}", "free some: when it is full, nothing more is recorded")
    if place.free < max(LITTLE_ROOM, place.size):
        why = "less than the store itself, which an upgrade copies" if place.free < place.size else "not much"
        return Finding("room", "warn", f"{free}: {why}", "free some, or move the store")
    return Finding("room", "ok", free)


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def secrets(files: Sequence[SecretFile]) -> Iterator[Finding]:
    """Whether files that hold secrets are for their owner alone."""
    open_to_all = [file for file in files if file.mode & 0o004]
    for file in open_to_all:
        told = f"{file.path} can be read by every user, and holds a secret ({file.setting})"
        yield Finding("secrets", "wrong", told, f"chmod o= {quote(str(file.path))}")
    if not open_to_all:
        told = f"{len(files)} looked at, none open to every user" if files else "none in files"
        yield Finding("secrets", "ok", told)
