"""The real daemon under a service manager: when it says what, and that a hang silences its watchdog (matrix row 67)."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.acceptance.conftest import Desk, Ministry, Statement, settings_for
from tests.torture.rig import free_port

PERIOD = 4.0
"""Seconds of the watchdog: twice the second in which a loop may be late, and long enough for a busy machine."""

pytestmark = pytest.mark.long


@dataclass
class Manager:
    """Hears what the daemon says, and when."""

    sock: socket.socket
    daemon: "subprocess.Popen[str]"
    heard: list[tuple[float, str]] = field(default_factory=list)

    def hear(self, word: str, within: float = 60) -> dict[str, str]:
        """Listen until this word comes; what came with it."""
        limit = time.monotonic() + within
        while time.monotonic() < limit:
            said = self.next(limit - time.monotonic())
            if word in said:
                return said
        raise AssertionError(f"no {word}; {self.heard}")

    def next(self, within: float) -> dict[str, str]:
        self.sock.settimeout(max(within, 0.01))
        with contextlib.suppress(TimeoutError):
            text = self.sock.recv(4096).decode()
            self.heard.append((time.monotonic(), text))
            return dict(line.split("=", 1) for line in text.splitlines())
        return {}

    def silent_since(self, at_least: float, within: float = 40) -> float:
        """When the last WATCHDOG came before there was none for so long."""
        began = last = time.monotonic()
        while time.monotonic() - last < at_least:
            assert time.monotonic() - began < within, "the watchdog hears of life on and on"
            if "WATCHDOG" in self.next(at_least):
                last = self.heard[-1][0]
        return last


@contextmanager
def managed(desk: Desk, **environ: str) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0feedwitness-{os.getpid()}-{time.monotonic_ns()}")
        address = sock.getsockname().decode().replace("\0", "@")
        usec = str(int(PERIOD * 1e6))
        with desk.start("run", NOTIFY_SOCKET=address, WATCHDOG_USEC=usec, **environ) as daemon:
            try:
                yield Manager(sock, daemon)
            finally:
                daemon.kill()


def ready(port: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def test_ready_is_said_when_it_serves_and_a_reload_and_the_stop_in_their_order(ministry: Ministry, desk: Desk) -> None:
    port = free_port()
    text = settings_for(ministry).replace('listen = ""', f'listen = "127.0.0.1:{port}"')
    settings = desk.settings(text)
    with managed(desk) as manager:
        manager.hear("READY")
        assert ready(port)
        assert [list(line) for line in manager.heard if "WATCHDOG" in line] == [], "nothing comes before READY"
        settings.write_text(text + "[feeds.a]\n")
        asked = time.monotonic_ns() // 1000
        manager.daemon.send_signal(signal.SIGHUP)
        said = manager.hear("RELOADING")
        assert asked <= int(said["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        assert "feedwitness.toml" in manager.hear("READY")["STATUS"], "a wrong file, and where"
        settings.write_text(text)
        manager.daemon.send_signal(signal.SIGHUP)
        manager.hear("RELOADING")
        assert manager.hear("READY")["STATUS"] == "watching 1 feed for 1 rule"
        for _ in range(4):
            manager.hear("WATCHDOG", PERIOD)
        manager.daemon.send_signal(signal.SIGTERM)
        manager.hear("STOPPING")
        assert manager.daemon.wait(10) == 0


@pytest.mark.parametrize(
    ("place", "what"), [("after_fetch", "the event loop"), ("in_tx", "the writer"), ("before_outbox", "react")]
)
def test_a_hang_silences_the_watchdog_within_one_period(ministry: Ministry, desk: Desk, place: str, what: str) -> None:
    ministry.say("old", "Harbour opens", "A new harbour.", 0)
    desk.settings(settings_for(ministry))
    assert desk.call("poll").status == 0
    with managed(
        desk, FEEDWITNESS_FAILPOINT=f"{place}:hang" if place == "before_outbox" else f"{place}:3:hang"
    ) as manager:
        manager.hear("READY")
        if place == "after_fetch":
            manager.hear("WATCHDOG")
        for n in range(8):
            ministry.publish(Statement(f"new{n}", f"Aid {n} for Syria", "The convoy left.", 20 + n))
            manager.next(1.0)
        began = time.monotonic()
        last = manager.silent_since(2 * PERIOD)
        assert last - began <= PERIOD, f"{what} hangs, and the watchdog still hears of life"
        assert manager.daemon.poll() is None
