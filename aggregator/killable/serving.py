"""A child process from the inside: limits for good, then one request after another, until the input ends.

A hostile document can hold an interpreter for minutes or ask for gigabytes; here it may. The process can open few
files, write none, and ends by itself shortly after a request's deadline, so that it does not outlive a daemon that was
killed. It imports what its work needs, and nothing of the daemon.
"""

import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from aggregator.killable.frames import GOES_ON, LENGTH_BYTES, READY, SPENT, frame

LARGE_BODY = 1024 * 1024

_PAGE = os.sysconf("SC_PAGE_SIZE")

Work = Callable[[bytes, bytes], tuple[bytes, bool]]
"""Header and body of a request -> the answer, and whether the process is not to be trusted with another one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes. `swollen`: resident memory above which, after a large body, the pool takes a lean process instead."""

    address_space: int
    swollen: int
    open_files: int = 16


def serve(work: Work, limits: Limits) -> None:
    """Answer requests on standard input until it ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    _shield(limits)
    _send(answers, READY)
    while (
        (seconds := _receive(requests)) is not None
        and (header := _receive(requests)) is not None
        and (body := _receive(requests)) is not None
    ):
        signal.setitimer(signal.ITIMER_REAL, float(seconds))
        answer, spent = work(header, body)
        spent = spent or (len(body) >= LARGE_BODY and _resident() > limits.swollen)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, (SPENT if spent else GOES_ON) + answer)


def _shield(limits: Limits) -> None:
    """Limits for good, and standard streams that lead nowhere: a stray print must not get between the frames."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for limit, value in (
        (resource.RLIMIT_AS, limits.address_space),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        hard = resource.getrlimit(limit)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (bound, bound))
    gc.collect()
    gc.freeze()


def _receive(stream: BinaryIO) -> bytes | None:
    """The next frame, None at the end of input."""
    length = stream.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    size = int.from_bytes(length, "big")
    payload = stream.read(size)
    return payload if len(payload) == size else None


def _send(stream: BinaryIO, payload: bytes) -> None:
    try:
        stream.write(frame(payload))
        stream.flush()
    except BrokenPipeError:
        sys.exit(0)


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - pathlib would be imported for this alone
        return int(statm.read().split()[1]) * _PAGE
