"""Is what stands at the address of a page still that page? Pure.

A wall against robots, an error page, a text that lost most of what it said: none of these is an edit until it is
proven. Another page of the same feed, read in the same breath, tells what the site answers to everybody; a second look
tells what was there for a moment only.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.deciding.mojibake import same_but_for_encoding
from aggregator.page.likeness import kept, likeness, sketch
from aggregator.page.memory import Doubt, PageMemory, Sketch
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText

SECOND_LOOK = timedelta(minutes=15)
BLOCKED_LOOK = timedelta(hours=1)
BELIEVED_ALONE = timedelta(hours=24)
"""How long another text must stand where no control page can be read."""
SAME_UNDER_TWO_ADDRESSES = 0.9
BLOCK_PAGES_KEPT = 5

_MOST = 0.5


def is_strange(known: str, text: str) -> bool:
    """Another text than the known one, that keeps less than half of it."""
    return kept(known, text) < _MOST and not same_but_for_encoding(known, text)


def speaks_of(title: str, lead: str, text: str) -> bool:
    """Does a page that was never read show what the feed says of it: most of the title, or of the text?"""
    said = [each for each in (title, lead) if each.strip()]
    return not said or any(kept(each, text) >= _MOST for each in said)


def is_block_page(text: str, control: PageSight, met: Collection[Sketch]) -> bool:
    """The same text stands at another address too, or did so before (`met`)."""
    here = sketch(text)
    texts = [sketch(control.control.text)] if isinstance(control.control, PageText) else []
    return any(likeness(here, each) >= SAME_UNDER_TWO_ADDRESSES for each in (*texts, *met))


def blocked(memory: PageMemory, text: str) -> PageMemory:
    """Remember a block page. Nothing of the page itself was seen, so a doubt about that waits on."""
    here = sketch(text)
    others = [each for each in memory.block_pages if each != here]
    return replace(memory, block_pages=(*others, here)[-BLOCK_PAGES_KEPT:])


def doubted(memory: PageMemory, sight: PageSight, text: str) -> Doubt:
    """The doubt after one more look at a strange text: the one that was waiting, if it is about this text."""
    vouched, here = isinstance(sight.control, PageText), sketch(text)
    waiting = memory.doubt
    if waiting and likeness(waiting.text, here) > _MOST:
        return Doubt(waiting.since, here, waiting.vouched or vouched)
    return Doubt(sight.at, here, vouched)


def is_settled(doubt: Doubt, at: datetime) -> bool:
    """It has stood long enough to be what the page says now."""
    return at - doubt.since >= (SECOND_LOOK if doubt.vouched else BELIEVED_ALONE)
