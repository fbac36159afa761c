"""What a visit to the page behind an item proves. Pure.

What the feed says and what the page says are two faces of an item, each compared only with itself. In come what is
known (`KnownPage`), what one visit showed (`PageSight`) and what was remembered since the last one (`PageMemory`); out
comes a `PageDecision`. Call, with the reading and fetching between them:

1. `texts_wanted(item, readings)` names the texts that `KnownPage.texts` must hold;
2. `wants_former(known, sight, memory)`: another extractor read the page the last time, so read that capture again;
3. `wants_control(known, sight, memory)`: what was seen must be held against a page of the same feed that still stands;
4. `decide_page(known, sight, memory)`, in the transaction that records it.

The same page twice gives no events the second time. Errors, walls against robots and emptied pages give none at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.deciding import withdrawal
from aggregator.deciding.echo import feed_side, page_side
from aggregator.deciding.echo import texts_wanted as echo_texts
from aggregator.deciding.memory import PageAnswer
from aggregator.page import doubt, news
from aggregator.page.known import KnownPage, PageDecision
from aggregator.page.memory import PageMemory
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText, PageUnread
from store.events import Event, TextDigest
from store.ports import KnownItem, Version

ANSWERS_KEPT = 12
STANDING_UNREAD = ("not_html", "too_large")
"""There is no text, yet a document of its own answers at the address."""


def texts_wanted(item: KnownItem, readings: Sequence[Version]) -> frozenset[TextDigest]:
    """The texts that a decision about this item's page looks at."""
    return frozenset((*feed_side(item.content), *page_side(item.content))) | echo_texts(readings, page_side, feed_side)


def wants_former(known: KnownPage, sight: PageSight, memory: PageMemory) -> bool:
    """Must the capture of the latest reading of the page be read again, to tell an edit from a better reading?"""
    read, face = sight.read, known.face
    if not isinstance(read, PageText) or face is None or known.item.erased:
        return False
    return read.text != known.page_text and read.extractor not in (face.extractor, memory.extractor)


def wants_control(known: KnownPage, sight: PageSight, memory: PageMemory) -> bool:
    """Must the page of an entry that the same feed still lists be read in the same breath?"""
    if known.item.erased:
        return False
    if sight.verdict in ("gone", "missing"):
        return _may_be_withdrawn(known, memory)
    if not isinstance(sight.read, PageText):
        return False
    before = news.last_said(known, sight, sight.read, memory)
    moved = before is not None and news.has_moved_blocks(before, sight.read)
    return moved or _is_strange(known, before, sight.read)


def decide_page(known: KnownPage, sight: PageSight, memory: PageMemory) -> PageDecision:
    """The events that this visit proves, and what to remember of it."""
    if known.item.erased:
        return PageDecision((), PageMemory())
    match sight:
        case PageSight(verdict="gone" | "missing"):
            return _missing(known, sight, memory)
        case PageSight(verdict="unreachable"):
            return PageDecision((), memory, reason="unreachable")
        case PageSight(read=PageUnread(reason=reason)) if reason in STANDING_UNREAD:
            return PageDecision((), _standing(memory, sight.at), reason=reason)
        case PageSight(read=PageUnread(reason=reason)):
            return PageDecision((), memory, reread=True, reason=reason)
        case PageSight(read=PageText() as read):
            return _read(known, sight, read, memory)
        case _:
            return _unchanged(known, sight, memory)


# --- a page that does not stand ---------------------------------------------------------------------------------------


def _missing(known: KnownPage, sight: PageSight, memory: PageMemory) -> PageDecision:
    """The page is gone or missing. While its feed lists the item, or asks for its page itself, that is only shown."""
    since = memory.missing_since or sight.at
    stood_at = _stood_at(known, memory)
    memory = replace(memory, missing_since=since, doubt=None)
    if stood_at is None or not _may_be_withdrawn(known, memory):
        return PageDecision((), memory, reason=sight.verdict)
    answer = PageAnswer(sight.at, sight.verdict, sight.detail, sight.control_stands)
    answers = (*memory.answers, answer)[-ANSWERS_KEPT:]
    gone = withdrawal.conclude_from_page(
        known.item.feed, known.item.id, answers, stood_at=stood_at, missing_since=since
    )
    if gone:
        return PageDecision((gone,), replace(memory, answers=()), reason=sight.verdict)
    waits = sight.at - since < withdrawal.GIVE_UP_AFTER
    again = withdrawal.asked_again(answer) if waits else None
    return PageDecision((), replace(memory, answers=answers), again=again, reason=sight.verdict)


def _may_be_withdrawn(known: KnownPage, memory: PageMemory) -> bool:
    """Its page alone can say so: no feed lists it, nobody else asks for it, and we saw the page standing."""
    unlisted = not known.listed and known.item.state in ("published", "delisted")
    return unlisted and _stood_at(known, memory) is not None


def _stood_at(known: KnownPage, memory: PageMemory) -> datetime | None:
    read_at = (each.recorded_at for each in known.readings if each.content.page == known.face)
    return memory.stood_at or (next(read_at, None) if known.face else None)


# --- a page that stands -----------------------------------------------------------------------------------------------


def _unchanged(known: KnownPage, sight: PageSight, memory: PageMemory) -> PageDecision:
    """It says what it said at the last visit."""
    if memory.doubt:
        return PageDecision((), memory, again=doubt.SECOND_LOOK, reread=True, reason="doubtful")
    capture = known.face.capture if known.face else sight.capture
    return PageDecision(news.restored(known, capture), _standing(memory, sight.at))


def _read(known: KnownPage, sight: PageSight, read: PageText, memory: PageMemory) -> PageDecision:
    """It says something, perhaps something new."""
    before = news.last_said(known, sight, read, memory)
    if known.face and before is None:
        return PageDecision((), memory)  # its text is not at hand, so nothing can be compared with it
    righted, texts = news.better(known, before)
    memory = _under(memory, known, before)
    if _is_strange(known, before, read):
        doubtful = _doubtful(known, sight, read, memory)
        if doubtful:
            return replace(doubtful, events=righted, texts=texts)
    memory = _standing(memory, sight.at)
    back = news.restored(known, sight.capture)
    told, memory, waits = _told(known, sight, read, before, memory)
    if told:
        texts = (*texts, (known.item.id, read.text))
    return PageDecision((*righted, *back, *told), memory, texts, keep=bool(told or back), reread=waits)


def _told(
    known: KnownPage, sight: PageSight, read: PageText, before: news.Before | None, memory: PageMemory
) -> tuple[tuple[Event, ...], PageMemory, bool]:
    """What is to be recorded of a text, what to remember, and whether something is left that is not recorded."""
    if before is None:
        return (news.completed(known, sight, read),), memory, False
    if read.text == before.text:
        return (), replace(news.resting(known, read, memory, sight.at), extractor=read.extractor), False
    found = news.found(known, sight, read, before, memory)
    memory = replace(memory, volatile=found.spots, restless=found.restless)
    if found.edit is None or found.waits:
        return (), memory, found.waits
    edit = news.revised(known, sight, read, before, found.edit, found.noise)
    return (edit,), replace(memory, extractor=""), False


def _under(memory: PageMemory, known: KnownPage, before: news.Before | None) -> PageMemory:
    """Remember under which extractor the known text is the same."""
    if before is None or known.face is None or before.face.extractor == known.face.extractor:
        return memory
    return replace(memory, extractor=before.face.extractor)


def _is_strange(known: KnownPage, before: news.Before | None, read: PageText) -> bool:
    if before is None:
        title, lead = (known.texts.get(each, "") for each in feed_side(known.item.content))
        return known.face is None and not doubt.speaks_of(title, lead, read.text)
    return news.earlier(known, read) is None and doubt.is_strange(before.text, read.text)


def _doubtful(known: KnownPage, sight: PageSight, read: PageText, memory: PageMemory) -> PageDecision | None:
    """What a strange text is worth; None if it is what the page says now."""
    if doubt.is_block_page(read.text, sight, (*memory.block_pages, *known.block_pages)):
        memory = doubt.blocked(memory, read.text)
        return PageDecision((), memory, again=doubt.BLOCKED_LOOK, reread=True, reason="block-page")
    if known.item.state == "withdrawn":
        return PageDecision((), memory, reread=True, reason="doubtful")  # it is not what was withdrawn
    waiting = doubt.doubted(memory, sight, read.text)
    if doubt.is_settled(waiting, sight.at) or (known.face is None and waiting.vouched):
        return None
    again = doubt.SECOND_LOOK if waiting.vouched else doubt.BLOCKED_LOOK
    return PageDecision((), replace(memory, doubt=waiting), again=again, reread=True, reason="doubtful")


def _standing(memory: PageMemory, at: datetime) -> PageMemory:
    return replace(memory, stood_at=at, missing_since=None, answers=(), doubt=None)
