"""Looking around the program: versions, limits, the place of the store, rights of files. Changes nothing.

Out: the values of `seen`. What cannot be looked at is "not known" or a problem told in words, never an exception.
"""

import os
import re
import resource
import shutil
import sqlite3
import ssl
import stat
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from pyexpat import version_info as expat_version
from typing import Any, Literal
from zoneinfo import available_timezones

from aggregator.doctor.seen import Machine, SecretFile, StorePlace
from config.merge import NAMED, Tables
from config.positions import Key
from store.address import database_path
from store.database import open_store
from store.lock import holder
from store.ports import StoreError
from store.schema import Schema, schema_of

_OCTAL = re.compile(r"\\([0-7]{3})")
_CONTAINER_SECRETS = "/run/secrets"
"""Container engines put secrets there, readable by all of the container's users, of whom there is one."""
_SECRET_KEYS = {"password", "token", "secret"}
_SECRET_HEADERS = ("authorization", "cookie", "token", "key", "secret")


def at_machine() -> Machine:
    """What the program stands on."""
    return Machine(
        python=sys.version_info[:3],
        sqlite=sqlite3.sqlite_version_info,
        sqlite_threads=sqlite3.threadsafety,
        expat=expat_version,
        openssl=(*ssl.OPENSSL_VERSION_INFO[:2], ssl.OPENSSL_VERSION_INFO[3]),  # since 3.0 the patch stands fourth
        zones=len(available_timezones()),
        authorities=_authorities(),
        files=_most_files(),
    )


def _most_files() -> int:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def _authorities() -> bool:
    """Whether there is a file, or a folder with something in it, of certificates to trust."""
    paths = ssl.get_default_verify_paths()
    try:
        return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))
    except OSError:
        return False


def at_store(url: str) -> StorePlace:
    """Where the store lies and how it stands."""
    path = database_path(url)
    standing = _nearest(path)
    state, problem, last_at = _read(url, path)
    status = _stat(path)
    return StorePlace(
        path=path,
        filesystem=filesystem_of(standing, _mounts()),
        free=shutil.disk_usage(standing).free,
        size=status.st_size if status else 0,
        mode=_mode(path),
        writable=os.access(standing, os.W_OK) and os.access(_nearest(path.parent), os.W_OK),
        state=state,
        problem=problem,
        last_at=last_at,
        holder=_holder(url),
    )


def _nearest(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    there = (each for each in (path, *path.parents) if os.path.exists(each))  # noqa: PTH110 - Path.exists may raise
    return next(there, Path("/"))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _mode(path: Path) -> int:
    """The rights on a file, without those of other users where one of its folders keeps them out; 0 if it is away."""
    status = _stat(path)
    if status is None:
        return 0
    above = [_stat(folder) for folder in path.resolve().parents]
    open_way = all(each is not None and each.st_mode & stat.S_IXOTH for each in above)
    return stat.S_IMODE(status.st_mode) & (0o7777 if open_way else 0o7770)


State = Literal["missing", "empty", "older", "current", "unreadable"]


def _read(url: str, path: Path) -> tuple[State, str, datetime | None]:
    """How the store stands, why it cannot be read, and when its last event was recorded."""
    if _stat(path) is None:
        return "missing", "", None
    try:
        found = schema_of(path)
        if found is not Schema.CURRENT:
            return ("empty" if found is Schema.EMPTY else "older"), "", None
        with open_store(url, read_only=True) as store, store.read() as tx:
            head = tx.log.head().position
            last = tx.log.read(type(head)(head - 1), 1) if head else ()
            return "current", "", last[-1].recorded_at if last else None
    except StoreError as error:
        return "unreadable", str(error), None


def _holder(url: str) -> str:
    try:
        return str(holder(url) or "")
    except StoreError:
        return ""


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def filesystem_of(path: Path, mountinfo: str) -> str:
    """The kind of file system that a path lies on, after the kernel's table (proc(5)); "" where that is not known.

    Of two at the same place the later one covers the other.
    """
    found, kind = Path(), ""
    real = path.resolve()
    for row in mountinfo.splitlines():
        before, dash, after = row.partition(" - ")
        fields = before.split()
        if not dash or len(fields) < 5:
            continue
        mounted = Path(_OCTAL.sub(lambda escaped: chr(int(escaped[1], 8)), fields[4]))
        if real.is_relative_to(mounted) and len(mounted.parts) >= len(found.parts):
            found, kind = mounted, after.split()[0]
    return kind


def at_secrets(tables: Tables) -> list[SecretFile]:
    """The files that hold secrets: settings in which one is written out, and files that they name."""
    found: dict[Path, str] = {}
    for path, value in _secret_values(tables):
        base = tables.source_of(path)
        shown = "`" + ".".join(map(str, path)) + "`"
        if isinstance(value, dict) and isinstance(named := value.get("file"), str):
            found.setdefault(base.base / named, shown)
        elif isinstance(value, str) and not base.shipped:
            found.setdefault(base.base / Path(base.name).name, shown)
    return [
        SecretFile(file, _mode(file), setting)
        for file, setting in found.items()
        if _stat(file) and not file.is_relative_to(_CONTAINER_SECRETS)
    ]


def _secret_values(tables: Tables) -> Iterator[tuple[Key, Any]]:
    """What the settings give as secrets, each with its path; a list gives each of its elements."""
    named = ((section, name, table) for section in NAMED for name, table in tables.named[section].items())
    places: list[tuple[Key, Mapping[str, Any]]] = [((section,), table) for section, table in tables.single.items()]
    places += [((section, name), table) for section, name, table in named]
    for place, table in places:
        for key, value in table.items():
            if key == "headers" and isinstance(value, dict):
                telling = (name for name in value if any(word in name.lower() for word in _SECRET_HEADERS))
                yield from (((*place, key, name), value[name]) for name in telling)
            elif key in _SECRET_KEYS or (key == "proxy" and "@" in str(value)):
                yield from (((*place, key), each) for each in (value if isinstance(value, list) else [value]))
