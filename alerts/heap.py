"""Keeps the rest of the program moving while much is built that stays: settings, and rules compiled.

A full collection walks over every object of the process and lets no thread run meanwhile; while half a million objects
are being made, Python would do so half a dozen times, each time for longer. What was built holds no cycles: when it is
replaced it goes by its reference counts. So it is never walked at all: the one full collection is made before, when
there is little to walk over.

Nor does a thread that computes make way before it is asked to for 5 ms, and who reads from a database has to ask after
each statement: a poll would take a quarter of a second. In the block it makes way sooner.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 1000
SWITCH_SECONDS = 0.0005
_USUAL = gc.get_threshold()
_USUAL_SWITCH = sys.getswitchinterval()
_NEVER = 1_000_000_000


@contextmanager
def growing(things: int) -> Iterator[None]:
    """In the block so many things are made, rules or feeds. Young objects are collected as ever, old ones once before,
    and what is there at its end is not walked again. For a few things it does nothing.
    """
    if things < MANY:
        yield
        return
    gc.collect()  # what is garbage now would be kept by the end
    gc.set_threshold(*_USUAL[:2], _NEVER)
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL_SWITCH)
        gc.set_threshold(*_USUAL)
        gc.freeze()
