"""The process in which documents are parsed: started by `pool`, fed over standard input, killed when it takes too long.

A hostile feed of 20 KB can hold an interpreter for minutes or ask for gigabytes; here it may. Frames come in, frames go
out (`frames`); end of input ends it. It can open few files, write none, and ends by itself shortly after a request's
deadline, so that it does not outlive a daemon that was killed. It imports feedparser and this room, nothing else.
"""

import gc
import os
import resource
import signal
import sys
from typing import BinaryIO

from aggregator.outcome import ParseFailed, ParseOutcome
from aggregator.parse.feed import parse, shorten_copies
from aggregator.parse.frames import GOES_ON, LENGTH_BYTES, READY, SPENT, decode_request, encode_outcome, frame
from aggregator.parse.reuse import Memory

ADDRESS_SPACE = 1024 * 1024 * 1024
"""Bytes: three times what an honest feed of 10 MB needs."""
OPEN_FILES = 16
SWOLLEN = 160 * 1024 * 1024
"""Bytes of resident memory above which the pool replaces the process by a lean one."""
LARGE_BODY = 1024 * 1024

_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Serve until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    _shield()
    shorten_copies()
    memory = Memory()
    _send(answers, READY)
    while (header := _receive(requests)) is not None and (body := _receive(requests)) is not None:
        request = decode_request(header)
        signal.setitimer(signal.ITIMER_REAL, request.seconds)
        outcome = parse(body, request.content_type, request.url, request.encoding, request.timezone, memory)
        answer, spent = _encoded(outcome)
        spent = spent or (len(body) >= LARGE_BODY and _resident() > SWOLLEN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, (SPENT if spent else GOES_ON) + answer)


def _encoded(outcome: ParseOutcome) -> tuple[bytes, bool]:
    """The answer, and whether memory has run out: after that the process is not to be trusted with another feed."""
    try:
        return encode_outcome(outcome), isinstance(outcome, ParseFailed) and outcome.reason == "parse_memory"
    except MemoryError:
        return encode_outcome(ParseFailed("parse_memory", "the document needs more memory than a parse may have")), True


def _shield() -> None:
    """Limits for good, and standard streams that lead nowhere: a stray print must not get between the frames."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for limit, value in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
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


if __name__ == "__main__":
    main()
