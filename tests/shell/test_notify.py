"""What the service manager hears, and what silences the daemon's watchdog."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.notify import Notifier
from aggregator.watchdog import Watchdog
from aggregator.web.health import Pulse, Readiness
from store.database import open_store


@contextmanager
def manager(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address)
        sock.settimeout(5)
        yield sock


def abstract() -> str:
    return f"\0feedwitness-{os.getpid()}"


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_each_word_is_one_datagram_wherever_the_manager_listens(tmp_path: Path, kind: str) -> None:
    address = str(tmp_path / "notify") if kind == "path" else abstract()
    with manager(address) as sock:
        notifier = Notifier({"NOTIFY_SOCKET": address.replace("\0", "@")}, clock_ns=lambda: 1_234_567_890)
        for say in (lambda: notifier.ready("two\nlines"), notifier.reloading, notifier.alive, notifier.stopping):
            say()
        notifier.ready("too late")
        heard = [sock.recv(4096).decode() for _ in range(4)]
        sock.settimeout(0)
        with pytest.raises(BlockingIOError):
            sock.recv(4096)
    assert heard == [
        "READY=1\nSTATUS=two lines",
        "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reading the settings",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=finishing what is in flight",
    ]


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "@nobody", "/" + "x" * 200, "/\0"])
def test_telling_never_fails(address: str) -> None:
    Notifier({"NOTIFY_SOCKET": address}).ready("well")


def test_a_manager_that_reads_nothing_holds_nobody_up(tmp_path: Path) -> None:
    with manager(str(tmp_path / "notify")):
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for _ in range(2000):
            notifier.alive()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"WATCHDOG_USEC": "3000000"}, timedelta(seconds=3)),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=3)),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_a_watchdog_is_ours_only_if_it_asks_for_this_process(environ: dict[str, str], wanted: timedelta | None) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/x", **environ}).watchdog == wanted
    assert Notifier(environ).watchdog is None, "there is nobody to tell"


# --- what counts as hanging -------------------------------------------------------------------------------------------


@dataclass
class Daemon:
    """A daemon's signs of life: each loop turned at 0 and is due in a second; the clock stands at `time`."""

    time: float = 0.0
    busy_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.pulse = Pulse(clock=lambda: self.time)
        self.time, now = 0.0, self.time
        self.readiness = Readiness(set())
        self.watchdog = Watchdog(Notifier({}), self.pulse, self.readiness, self)
        for loop in ("dispatch", "react", "deliver"):
            self.pulse.beat(loop, timedelta(seconds=1))
        self.time = now


def test_while_everything_turns_nothing_hangs() -> None:
    assert Daemon(time=10).watchdog.hangs(10) == ()


def test_a_loop_that_is_late_hangs_and_so_does_a_writer_that_stays_at_one_job() -> None:
    daemon = Daemon(time=12)
    daemon.pulse.beat("dispatch")
    assert daemon.watchdog.hangs(10) == ("deliver", "react")
    assert Daemon(busy_seconds=11).watchdog.hangs(10) == ("writer",)


def test_those_who_wait_for_a_store_that_is_away_or_full_are_excused() -> None:
    daemon = Daemon(time=100)
    daemon.readiness.add("store_away")
    daemon.pulse.beat("dispatch")
    assert daemon.watchdog.hangs(10) == ()
    daemon.time = 200
    assert daemon.watchdog.hangs(10) == ("dispatch",), "which never waits for the store"


def test_the_writer_is_busy_at_a_job_and_idle_without_one(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'log.db'}", migrate=True) as store:
        assert store.busy_seconds == 0
        assert store.write(lambda _: store.busy_seconds > 0).result()
        store.write(lambda _: None).result()
        assert store.busy_seconds == 0


def test_a_writer_that_waits_for_its_turn_at_the_database_is_not_busy(tmp_path: Path) -> None:
    import sqlite3

    with open_store(f"sqlite:///{tmp_path / 'log.db'}", migrate=True) as store:
        other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = store.write(lambda tx: tx.log.head())
        assert not waiting.done()
        assert store.busy_seconds == 0
        other.execute("ROLLBACK")
        other.close()
        waiting.result(20)
