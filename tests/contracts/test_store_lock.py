"""One process at a time: the lock beside the database."""

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from store.lock import Holder, hold, holder
from store.ports import StoreLocked, StoreUnavailable

HOLD = """
import os, sys, time
from datetime import UTC, datetime
from store.lock import hold
with hold(sys.argv[1], command="run", since=datetime(2026, 11, 21, 20, tzinfo=UTC)):
    child = os.fork() if "fork" in sys.argv else 0
    if not child:
        print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state' / 'store.db'}"


def other_process(url: str, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", HOLD, url, *more]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    return other


def test_nobody_holds_a_store_that_nobody_opened(url: str) -> None:
    assert holder(url) is None


def test_the_holder_is_named_while_it_holds(url: str, now: datetime) -> None:
    with hold(url, command="poll", since=now):
        assert holder(url) == Holder(os.getpid(), "poll", "2026-11-21T20:00:00.123456Z")
    assert holder(url) is None
    with hold(url, command="run", since=now):
        pass


def test_a_second_process_is_turned_away_and_told_by_whom(url: str, now: datetime) -> None:
    other = other_process(url)
    with (
        pytest.raises(StoreLocked, match=rf"`feedwitness run` \(process {other.pid}, since 2026-11-21 20:00 UTC\)"),
        hold(url, command="poll", since=now),
    ):
        pass
    assert holder(url) == Holder(other.pid, "run", "2026-11-21T20:00:00.000000Z")
    other.communicate("")
    assert holder(url) is None


def test_the_lock_is_free_at_once_when_its_holder_is_killed(url: str, now: datetime) -> None:
    other = other_process(url)
    other.kill()
    other.communicate()
    assert other.returncode == -signal.SIGKILL
    assert holder(url) is None
    with hold(url, command="run", since=now):
        assert holder(url) == Holder(os.getpid(), "run", "2026-11-21T20:00:00.123456Z")


def test_a_forked_child_does_not_keep_the_lock_of_a_dead_parent(url: str, now: datetime) -> None:
    parent = other_process(url, "fork")
    parent.kill()
    parent.wait()  # its child still waits for our end of its input
    with hold(url, command="run", since=now):
        assert holder(url) is not None
    parent.communicate("")


def test_the_lock_goes_when_the_work_fails(url: str, now: datetime) -> None:
    with pytest.raises(KeyError), hold(url, command="run", since=now):
        raise KeyError
    assert holder(url) is None


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, now: datetime) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreUnavailable, match="lock"),
        hold(f"sqlite:///{tmp_path / 'file' / 'store.db'}", command="run", since=now),
    ):
        pass


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_is_told_whose_store_it_is_to_ask(url: str, now: datetime) -> None:
    with hold(url, command="run", since=now):
        if not (child := os.fork()):
            os.setuid(65534)
            try:
                holder(url)
            except StoreUnavailable as refused:
                os._exit(7 if "run this as the user who runs feedwitness" in str(refused) else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
