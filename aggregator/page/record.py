"""Carries what a visit to a page showed into the log: the store's half of a visit, one job of the single writer.

In: a transaction, the visit as it was planned, and what was seen. Out: a `Recording`. The events, their texts, the
capture they cite, and the plan of the next visit are one atomic unit. What changed while the page was on its way, its
link or the settings, is found here: then nothing is recorded of the old page, or nothing is planned.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aggregator.deciding.decide import OPENING
from aggregator.deciding.normalise import FeedProfile
from aggregator.page import decide, memory
from aggregator.page.decide import STANDING_UNREAD
from aggregator.page.known import KnownPage, PageDecision
from aggregator.page.memory import PageMemory, Sketch
from aggregator.page.plan import OFF, after_failure, after_good, after_other_kind, is_unaskable, page_of
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText, PageUnread
from aggregator.remembered import remembered
from aggregator.siblings import family_of_item
from store.codec import about_from_text
from store.events import Event, FeedId, Grade, ItemId, ItemWithdrawn, Recorded, feed_stream
from store.failpoint import reach
from store.ports import Capture, KnownItem, Transaction, Visit
from store.walk import events

ERASED = "erased"
NETWORK_AGAIN = timedelta(minutes=5)
_SIBLINGS = 10


@dataclass(frozen=True, slots=True)
class Validators:
    """What names the body that was read, for the next request; as in `store.ports.Visit`."""

    etag: str
    last_modified: str
    validated_url: str
    body: str


_NONE = Validators("", "", "", "")


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit at its end. `reason`: why no page came, "" if one did; `retry_after`: what the server asked for; `lost`:
    it is our own network that fails. `validators` and `capture` are None where no body came.
    """

    sight: PageSight
    reason: str = ""
    retry_after: timedelta | None = None
    lost: bool = False
    validators: Validators | None = None
    capture: Capture | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """What one visit left behind. `outcome`: completed, edited, read (nothing new), same (not read again), superseded
    (its link was changed meanwhile), or why the page could not be read.
    """

    item: ItemId
    feed: FeedId
    events: tuple[Recorded, ...]
    outcome: str
    visit: Visit | None = None
    block_pages: Collection[Sketch] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known before a page is asked. `control`: the address of the page of an item that is still listed, ""
    where there is none, and `control_before` what it said as far as that is known; `former`: the capture that the
    latest reading rests on, None if it is no longer kept; `words`: the item's title, and the opening of its text.
    """

    known: KnownPage
    memory: PageMemory
    control: str
    control_before: str | None
    former: Capture | None
    words: tuple[str, ...] = ()


def subject(
    tx: Transaction, profile: FeedProfile, visit: Visit, block_pages: Collection[Sketch] = ()
) -> Subject | None:
    """What is known of the item behind a visit; None if it was erased, or never was."""
    item = tx.items.get([visit.item]).get(visit.item)
    if item is None or item.erased:
        return None
    feed = remembered(tx, profile)
    window = [entry.item for entry in feed.window]
    suspected = {suspect.item for suspect in feed.suspects}  # its feed settles by itself whether it was withdrawn
    readings = tx.items.versions(visit.item)
    recalled = memory.recall(visit.memory)
    elsewhere = family_of_item(tx, profile, item).listed_elsewhere
    known = KnownPage(
        item=item,
        readings=readings,
        texts=tx.texts.get(decide.texts_wanted(item, readings)),
        listed=visit.item in window or visit.item in suspected or visit.item in elsewhere,
        hold=visit.hold,
        grade=_grade(tx, item),
        block_pages=block_pages,
    )
    face = item.content.page
    former = tx.captures.get(face.capture) if face else None
    said = tx.texts.get({item.content.title, item.content.text})
    words = (said.get(item.content.title, ""), said.get(item.content.text, "")[:OPENING])
    return Subject(known, recalled, *_control(tx, visit, window), former, words)


def _grade(tx: Transaction, item: KnownItem) -> Grade | None:
    """How the item was withdrawn, None if it is not."""
    if item.state != "withdrawn":
        return None
    grade: Grade | None = None
    for one in events(tx.log, subject=item.id, kinds=[ItemWithdrawn.KIND]):
        if isinstance(one.event, ItemWithdrawn):
            grade = one.event.grade
    return grade


def _control(tx: Transaction, visit: Visit, window: list[ItemId]) -> tuple[str, str | None]:
    """The page of another item that is listed, and what is known that it says: on the same host, and one that was read
    already, if there is one.
    """
    others = tx.items.get([item for item in window if item != visit.item][:_SIBLINGS])
    links = tx.texts.get({one.content.about for one in others.values()})
    pages = [
        (page_of(about_from_text(links[one.content.about]).link), one.content.page)
        for one in others.values()
        if one.content.about in links
    ]
    fit = [(page, face) for page, face in pages if not page.objection and page.name != visit.page]
    if not fit:
        return "", None
    page, face = min(fit, key=lambda one: (one[0].host != visit.host, one[1] is None))
    return page.url, tx.texts.get([face.text]).get(face.text) if face else None


def record(
    tx: Transaction,
    profile: FeedProfile,
    planned: Visit,
    seen: Seen,
    block_pages: Collection[Sketch] = (),
) -> Recording:
    """Record what a visit showed, and plan the next one."""
    reach("page_in_tx")
    visit = tx.visits.get([planned.item]).get(planned.item)
    if visit is None or visit.url != planned.url or is_unaskable(visit):
        return Recording(planned.item, planned.feed, (), "superseded")
    if (about := subject(tx, profile, visit, block_pages)) is None:
        erased = forgotten(visit)
        tx.visits.save([erased])
        return Recording(visit.item, visit.feed, (), ERASED, erased)
    sight = seen.sight
    decision = decide.decide_page(about.known, sight, about.memory)
    for item, text in decision.texts:
        tx.texts.put(item, text)
    if decision.keep and seen.capture is not None:
        tx.captures.put(seen.capture)
    named = _named(tx, profile, about, sight, decision)
    recorded = tx.log.append(feed_stream(visit.feed), named, now=sight.at) if named else ()
    after = _next(visit, planned, profile, seen, decision)
    tx.visits.save([after])
    met = decision.memory.block_pages
    return Recording(visit.item, visit.feed, recorded, _outcome(about.known, seen, decision), after, met)


def _named(
    tx: Transaction, profile: FeedProfile, about: Subject, sight: PageSight, decision: PageDecision
) -> Sequence[Event]:
    """The events, those that repeat what another feed of the source has with their twins."""
    page = sight.read.text if isinstance(sight.read, PageText) else about.known.page_text
    return family_of_item(tx, profile, about.known.item, page).with_twins(decision.events) if decision.events else ()


def forgotten(visit: Visit) -> Visit:
    """The visit without what it keeps of an item that was erased: its address, and prints of what its page said."""
    blank = replace(visit, url="", page="", host="", next_at=None, failures=0, reason=ERASED, memory="")
    return _with(blank, _NONE)


def _next(visit: Visit, planned: Visit, profile: FeedProfile, seen: Seen, decision: PageDecision) -> Visit:
    """The visit as it is planned from here on, `visit` being as it stands now, and `planned` as it was begun with."""
    at = seen.sight.at
    kept = _validated(replace(visit, memory=memory.dump(decision.memory)), seen, decision)
    reason = seen.reason or decision.reason
    if seen.lost and seen.sight.verdict == "unreachable":
        after = replace(visit, next_at=at + NETWORK_AGAIN)
    elif _is_no_page(visit, seen):
        after = after_other_kind(kept, profile, at, reason=_unread(seen) or visit.reason)
    elif reason:
        after = after_failure(kept, profile, at, reason=reason, again=decision.again, wait=seen.retry_after)
    else:
        after = after_good(kept, profile, at, again=decision.again, edited=decision.edited)
    if visit.reason == OFF:
        return replace(after, next_at=None, failures=0, reason=OFF)
    if visit.next_at != planned.next_at:  # its feed had news of it while its page was on its way
        return replace(after, next_at=visit.next_at)
    return after


def _validated(visit: Visit, seen: Seen, decision: PageDecision) -> Visit:
    """With the validators of what was taken in, or without where the page is to be read again in whole."""
    if decision.reread:
        return _with(visit, _NONE)
    taken_in = isinstance(seen.sight.read, PageText) and not decision.reason
    if seen.validators is None or not (taken_in or _unread(seen) in STANDING_UNREAD):
        return visit
    return _with(visit, seen.validators)


def _with(visit: Visit, those: Validators) -> Visit:
    return replace(
        visit,
        etag=those.etag,
        last_modified=those.last_modified,
        validated_url=those.validated_url,
        body=those.body,
    )


def _is_no_page(visit: Visit, seen: Seen) -> bool:
    """What stands there is of another kind, now or, unchanged, as at the last look."""
    if seen.sight.verdict != "standing":
        return False
    return _unread(seen) in STANDING_UNREAD or (seen.sight.read is None and visit.reason in STANDING_UNREAD)


def _unread(seen: Seen) -> str:
    """Why there is no text of the page that came."""
    return seen.sight.read.reason if isinstance(seen.sight.read, PageUnread) else ""


def _outcome(known: KnownPage, seen: Seen, decision: PageDecision) -> str:
    if reason := seen.reason or decision.reason or _unread(seen):
        return reason
    if seen.sight.read is None:
        return "same"
    if known.face is None:
        return "completed"
    return "edited" if decision.events else "read"
