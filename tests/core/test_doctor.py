"""What `doctor` thinks of what it sees: every judgement from both sides of its border."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.doctor import judge
from aggregator.doctor.look import filesystem_of
from aggregator.doctor.seen import Machine, SecretFile, StorePlace

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GIB = 1 << 30
SOUND = Machine(
    python=(3, 13, 1), sqlite=(3, 51, 3), sqlite_threads=3, expat=(2, 8, 0), openssl=(3, 5, 0), zones=599,
    authorities=True, files=1024,
)  # fmt: skip
HOME = StorePlace(
    path=Path("/var/lib/feedwitness/feedwitness.db"), filesystem="ext4", free=50 * GIB, size=GIB, mode=0o640,
    writable=True, state="current", problem="", last_at=NOW, holder="",
)  # fmt: skip


def grades(findings):
    return {finding.subject: finding.grade for finding in findings}


def test_a_sound_machine_and_a_store_at_home_give_no_reason_to_worry():
    findings = [*judge.machine(SOUND), *judge.store(HOME, NOW), *judge.secrets([])]
    assert {finding.grade for finding in findings} == {"ok"}
    assert not any(finding.advice for finding in findings)


@pytest.mark.parametrize(
    ("subject", "change", "grade"),
    [
        ("Python", {"python": (3, 11, 3)}, "warn"),
        ("Python", {"python": (3, 11, 4)}, "ok"),
        ("SQLite", {"sqlite": (3, 36, 0)}, "wrong"),
        ("SQLite", {"sqlite": (3, 37, 0)}, "warn"),
        ("SQLite", {"sqlite": (3, 51, 2)}, "warn"),
        ("SQLite", {"sqlite": (3, 50, 6)}, "warn"),
        ("SQLite", {"sqlite": (3, 50, 7)}, "ok"),
        ("SQLite", {"sqlite": (3, 44, 6)}, "ok"),
        ("SQLite", {"sqlite": (3, 45, 0)}, "warn"),
        ("SQLite", {"sqlite_threads": 0}, "wrong"),
        ("expat", {"expat": (2, 6, 4)}, "warn"),
        ("expat", {"expat": (2, 7, 2)}, "ok"),
        ("OpenSSL", {"openssl": (1, 1, 1)}, "warn"),
        ("certificates", {"authorities": False}, "wrong"),
        ("time zones", {"zones": 0}, "wrong"),
        ("open files", {"files": 256}, "warn"),
    ],
)
def test_what_the_program_stands_on(subject, change, grade):
    assert grades(judge.machine(replace(SOUND, **change)))[subject] == grade


@pytest.mark.parametrize(
    ("subject", "change", "grade"),
    [
        ("store", {"state": "missing", "size": 0, "mode": 0, "last_at": None}, "ok"),
        ("store", {"state": "empty"}, "ok"),
        ("store", {"state": "older"}, "warn"),
        ("store", {"state": "unreadable", "problem": "the store's file is damaged: restore a backup"}, "wrong"),
        ("store", {"writable": False}, "wrong"),
        *(("file system", {"filesystem": kind}, "wrong")
          for kind in ("nfs4", "cifs", "9p", "fuse.sshfs", "fuse.s3fs", "tmpfs")),
        *(("file system", {"filesystem": kind}, "ok") for kind in ("xfs", "btrfs", "zfs", "fuseblk", "")),
        ("file system", {"filesystem": "overlay"}, "warn"),
        ("room", {"free": 10 << 20}, "wrong"),
        ("room", {"free": 500 << 20, "size": 0}, "warn"),
        ("room", {"free": 5 * GIB, "size": 6 * GIB}, "warn"),
        ("room", {"free": 6 * GIB, "size": 5 * GIB}, "ok"),
        ("rights", {"mode": 0o644}, "warn"),
        ("clock", {"last_at": NOW + timedelta(seconds=1)}, "ok"),
        ("clock", {"last_at": NOW + timedelta(seconds=3)}, "wrong"),
    ],
)  # fmt: skip
def test_where_the_record_lies(subject, change, grade):
    assert grades(judge.store(replace(HOME, **change), NOW))[subject] == grade


def test_who_works_on_the_store_is_named():
    (in_use,) = (
        each for each in judge.store(replace(HOME, holder="`feedwitness run`"), NOW) if each.subject == "in use"
    )
    assert in_use.told == "by `feedwitness run`"


@pytest.mark.parametrize(("mode", "grade"), [(0o600, "ok"), (0o640, "ok"), (0o644, "wrong"), (0o604, "wrong")])
def test_a_secret_that_every_user_can_read_is_wrong(mode, grade):
    (finding,) = judge.secrets([SecretFile(Path("/etc/feedwitness/smtp"), mode, "`channels.desk.password`")])
    assert finding.grade == grade
    assert grade == "ok" or finding.advice == "chmod o= /etc/feedwitness/smtp"


def test_whatever_is_not_ok_comes_with_what_to_do():
    bad = replace(SOUND, python=(3, 11, 0), sqlite=(3, 7, 0), expat=(2, 0, 0), openssl=(1, 0, 2), zones=0,
                  authorities=False, files=10)  # fmt: skip
    place = replace(HOME, filesystem="nfs", free=0, mode=0o666, state="older", last_at=NOW + timedelta(days=1))
    findings = [*judge.machine(bad), *judge.store(place, NOW)]
    worried = [finding for finding in findings if finding.grade != "ok"]
    assert len(worried) == 12
    assert [finding.subject for finding in worried if not finding.advice] == []


MOUNTS = """\
22 27 0:21 / / rw,relatime - overlay overlay rw
23 22 8:1 / /data rw,relatime shared:1 - ext4 /dev/sda1 rw
24 23 0:30 / /data/share rw,relatime - nfs4 server:/x rw
25 22 0:31 / /with\\040blank rw - cifs //server/x rw
26 22 0:32 / /covered rw - ext4 /dev/sdb1 rw
27 26 0:33 / /covered rw - tmpfs tmpfs rw
a line of another kind
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/x.db", "overlay"), ("/data/x.db", "ext4"), ("/data/share/deep/x.db", "nfs4"), ("/data/shared", "ext4"),
        ("/with blank/x.db", "cifs"), ("/covered/x.db", "tmpfs"),
    ],
)  # fmt: skip
def test_the_innermost_and_latest_mount_is_the_one(path, kind):
    assert filesystem_of(Path(path), MOUNTS) == kind


def test_where_there_is_no_table_of_mounts_the_file_system_is_not_known():
    assert filesystem_of(Path("/x"), "") == ""
