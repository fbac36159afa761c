"""Tells the service manager how the daemon fares: the protocol of sd_notify(3), in a datagram for each word.

In: the environment of the process, and what to say. Out: datagrams to NOTIFY_SOCKET (a path, or with `@` first an
abstract name). Without that variable, and whatever goes wrong, it says nothing: telling must never be what fails.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from datetime import timedelta


class Notifier:
    """One service's voice. `watchdog`: how often it is to be heard from, None when nobody waits for that."""

    def __init__(self, environ: Mapping[str, str], *, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._clock_ns = clock_ns
        self.watchdog = _watchdog(environ) if self._address else None

    def ready(self, status: str) -> None:
        """The daemon serves, or serves again after `reloading`."""
        self._say("READY=1", _status(status))

    def reloading(self) -> None:
        """The settings are being read again; `ready` must follow. The manager tells by the time that it is heard."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={self._clock_ns() // 1000}", _status("reading the settings"))

    def stopping(self) -> None:
        """The daemon has begun to stop: its last word. A reload that the stop cuts off does not call it ready again."""
        self._say("STOPPING=1", _status("finishing what is in flight"))
        self._address = ""

    def alive(self) -> None:
        """The daemon does its work: to be repeated within `watchdog`."""
        self._say("WATCHDOG=1")

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
                sock.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError:  # nobody listens, or not now
            return


def _address(name: str) -> str:
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"


def _watchdog(environ: Mapping[str, str]) -> timedelta | None:
    """What WATCHDOG_USEC asks for, if it is of this process that it is asked."""
    try:
        wanted = int(environ.get("WATCHDOG_USEC", ""))
        mine = int(environ.get("WATCHDOG_PID") or os.getpid()) == os.getpid()
    except ValueError:
        return None
    return timedelta(microseconds=wanted) if mine and wanted > 0 else None
