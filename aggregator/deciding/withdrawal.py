"""From "missing" to "withdrawn": what a hole, a tombstone and the answers of pages prove. Pure.

A hole seen in two good polls at least one `every` apart makes an item absent. Then its page is asked, beside the page
of an entry still listed: gone (410) ends it at once, missing (404, a redirect to the home page, or what the site
answers to a made-up address) after three answers over six hours, standing makes it delisted. What cannot be asked, or
does not answer, is delisted as unchecked. Whatever comes back into the feed before is no news.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from aggregator.deciding.identity import host_of
from aggregator.deciding.memory import PageAnswer, Suspect
from aggregator.outcome import PageProbe, PageSeen
from aggregator.soft404 import same_kind
from store.events import CaptureDigest, FeedId, ItemAbsent, ItemDelisted, ItemId, ItemWithdrawn

CONFIRMATIONS = 3
CONFIRMED_OVER = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(hours=24)
STALE_WAIT = timedelta(hours=24)
ARRIVAL_JITTER = timedelta(seconds=2)
_AGAIN_MISSING = timedelta(hours=3)
_AGAIN_UNREACHABLE = timedelta(hours=1)
_OLDER_KEPT = 5

Concluded = ItemDelisted | ItemWithdrawn


@dataclass(frozen=True, slots=True)
class Absences:
    """Suspicions after one good poll: those still open, and the events that this poll proves."""

    suspects: tuple[Suspect, ...]
    events: tuple[ItemAbsent | ItemDelisted, ...]


def suspect(
    item: ItemId, older: Sequence[ItemId], link: str, *, last_seen_at: datetime, at: datetime, stale: bool
) -> Suspect:
    """A hole seen for the first time. `older`: its evidence, nearest first. `link` "" = it has no page of its own.
    `stale`: the document looks like an older copy; then a day must pass instead of one `every`.
    """
    return Suspect(item, last_seen_at, at, tuple(older[:_OLDER_KEPT]), link, stale)


def confirm(
    feed: FeedId,
    suspects: Sequence[Suspect],
    listed: Collection[ItemId],
    *,
    every: timedelta,
    at: datetime,
    capture: CaptureDigest,
    elsewhere: Collection[ItemId] = (),
) -> Absences:
    """Hold the open suspicions against what is listed in a good poll at `at`. What other feeds of the source still list
    (`elsewhere`) is not gone: its suspicion waits.
    """
    still: list[Suspect] = []
    events: list[ItemAbsent | ItemDelisted] = []
    for each in suspects:
        if each.item in listed:
            continue
        if each.absent_at is not None:
            still.append(each)
        elif not any(item in listed for item in each.older):
            continue  # what was older has left too: by now it would have rolled off
        elif at - each.first_absent_at < _wait(each, every) or each.item in elsewhere:
            still.append(each)
        else:
            gone = replace(each, absent_at=at)
            events.append(
                ItemAbsent(each.item, feed, each.last_seen_at, each.first_absent_at, (_missing_line(gone),), capture)
            )
            if each.link:
                still.append(gone)
            else:
                events.append(_delisted(feed, gone, "unchecked", "It has no page of its own that could be asked."))
    return Absences(tuple(still), tuple(events))


def probes_due(
    suspects: Sequence[Suspect],
    siblings: Mapping[ItemId, str],
    at: datetime,
    words: Mapping[ItemId, tuple[str, ...]] | None = None,
    elsewhere: Collection[ItemId] = (),
) -> tuple[PageProbe, ...]:
    """Pages to ask now. `siblings`: links of entries that are listed now, by item, in order of preference. `words`: of
    suspects, by which their pages are known. `elsewhere`: what other feeds of the source list is not asked for.
    """
    probes = []
    for each in suspects:
        if each.absent_at is None or each.item in elsewhere or not _due(each, at):
            continue
        others = [link for link in siblings.values() if link and link != each.link]
        near = [siblings[item] for item in each.older if siblings.get(item) in others]
        same_host = [link for link in (*near, *others) if host_of(link) == host_of(each.link)]
        alike = [link for link in same_host if same_kind(link, each.link)]
        sibling = next(iter((*alike, *same_host, *near, *others)), "")
        compared = bool(each.answers) and each.answers[-1].made_up
        probes.append(PageProbe(each.item, each.link, sibling, (words or {}).get(each.item, ()), compared))
    return tuple(probes)


def conclude(feed: FeedId, each: Suspect, answer: PageSeen) -> tuple[Suspect, Concluded | None]:
    """Take one page's answer into account; an event if it ends the suspicion."""
    answers = (
        *each.answers,
        PageAnswer(
            answer.at, answer.verdict, answer.detail, answer.sibling_stands, answer.made_up, answer.sibling_alike
        ),
    )
    each = replace(each, answers=answers)
    missing = _missing(answers)
    if _proves_gone(answers):
        evidence = (_missing_line(each), *_answer_lines(answers))
        return each, ItemWithdrawn(each.item, feed, "page-gone", each.last_seen_at, each.first_absent_at, evidence)
    if answer.verdict == "standing":
        return each, _delisted(feed, each, "standing", *_answer_lines(answers))
    waited = answer.at - (each.absent_at or each.first_absent_at)
    patience = GIVE_UP_AFTER if missing else CONFIRMED_OVER
    if len(answers) >= CONFIRMATIONS and waited >= patience and len(missing) < CONFIRMATIONS:
        return each, _delisted(feed, each, "unchecked", *_answer_lines(answers))
    return each, None


def conclude_from_page(
    feed: FeedId, item: ItemId, answers: Sequence[PageAnswer], *, stood_at: datetime, missing_since: datetime
) -> ItemWithdrawn | None:
    """What its page proves of an item that its feed lists no longer, because it rolled off or was delisted. `answers`:
    since it is missing. None = nothing yet.
    """
    if not _proves_gone(answers):
        return None
    line = f"No longer listed in its feed. Its page stood at {_time(stood_at)}; missing since {_time(missing_since)}."
    return ItemWithdrawn(item, feed, "page-gone", stood_at, missing_since, (line, *_answer_lines(answers)))


def asked_again(answer: PageAnswer) -> timedelta:
    """How long to wait before a page that gave this answer is asked again."""
    return _AGAIN_MISSING if _missing([answer]) else _AGAIN_UNREACHABLE


def entombed(feed: FeedId, item: ItemId, when: str, *, last_seen_at: datetime, at: datetime) -> ItemWithdrawn:
    """A tombstone (RFC 6721) names an item that is no longer listed. `when`: the claimed time of deletion as given."""
    claimed = f", deleted at {when} by its own account" if when else ""
    line = f"{_time(at)}: the feed lists it as a deleted entry (RFC 6721){claimed}."
    return ItemWithdrawn(item, feed, "tombstone", last_seen_at, at, (line,))


def _wait(each: Suspect, every: timedelta) -> timedelta:
    """How far apart two sights of a hole must be. Answers arrive a little sooner or later than they are asked for."""
    return STALE_WAIT if each.stale else every - min(ARRIVAL_JITTER, every / 20)


def _due(each: Suspect, at: datetime) -> bool:
    if not each.answers:
        return True
    return at - each.answers[-1].at >= asked_again(each.answers[-1])


def _proves_gone(answers: Sequence[PageAnswer]) -> bool:
    """A 410, or three times missing over six hours, each time while the page of an entry still listed answers."""
    missing = _missing(answers)
    long_enough = len(missing) >= CONFIRMATIONS and missing[-1].at - missing[0].at >= CONFIRMED_OVER
    return long_enough or any(answer.verdict == "gone" for answer in missing)


def _missing(answers: Sequence[PageAnswer]) -> list[PageAnswer]:
    return [each for each in answers if each.sibling_stands and each.verdict in ("gone", "missing")]


def _delisted(feed: FeedId, each: Suspect, page: Literal["standing", "unchecked"], *lines: str) -> ItemDelisted:
    evidence = (_missing_line(each), *lines)
    return ItemDelisted(each.item, feed, page, each.last_seen_at, each.first_absent_at, evidence)


def _missing_line(each: Suspect) -> str:
    confirmed = f", confirmed at {_time(each.absent_at)}" if each.absent_at else ""
    older = "an older entry was" if len(each.older) == 1 else "older entries were"
    return (
        f"Listed until {_time(each.last_seen_at)}; missing since {_time(each.first_absent_at)}{confirmed}, "
        f"while {older} still listed."
    )


def _answer_lines(answers: Sequence[PageAnswer]) -> tuple[str, ...]:
    """What the item's page said each time it was asked. Not where it lies: a link may name what a court has erased, and
    the log, unlike the text store, forgets nothing.
    """
    lines = []
    for answer in answers:
        said = answer.detail or answer.verdict
        lines.append(f"{_time(answer.at)}: its page: {said}; the page of an entry still listed {_control(answer)}.")
    return tuple(lines)


def _control(answer: PageAnswer) -> str:
    if answer.sibling_alike:
        return "was answered like the made-up address, too, which proves nothing"
    if not answer.sibling_stands:
        return "did not answer either"
    return "answered with a page of its own" if answer.made_up and answer.verdict == "missing" else "answered"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
