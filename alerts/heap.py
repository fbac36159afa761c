"""Keeps full garbage collections away while much is built that stays: settings, and rules compiled.

A full collection walks over every object of the process and lets no thread run meanwhile; while half a million objects
are being made, Python would do so half a dozen times, each time for longer. What was built holds no cycles: when it is
replaced it goes by its reference counts.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 1000
_USUAL = gc.get_threshold()
_NEVER = 1_000_000_000


@contextmanager
def growing(things: int) -> Iterator[None]:
    """In the block so many things are made, rules or feeds. Young objects are collected as ever, old ones once at its
    end, and what is left then is not walked again. For a few things it does nothing.
    """
    if things < MANY:
        yield
        return
    gc.set_threshold(*_USUAL[:2], _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)
        gc.collect()
        gc.freeze()
