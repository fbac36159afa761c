"""One statement in several feeds of a source: whether a rule has told already what it would tell of a twin.

In: an event that names its `twin`, and what rules told before. Out: a question for a rule and a transition, which the
judging asks. What counts is this rule alone, and the log alone: so the reactor, `why` and a backtest agree. Beside the
twin all count that it repeats itself, for a third feed may be the only one of them that the rule looks at.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from alerts.judge import Earlier, Once, Repeats, never
from alerts.transitions import Telling, is_told
from store.events import (
    Event,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
    RuleDefined,
    Transition,
    Twin,
)
from store.ports import Transaction, Version
from store.walk import events

ToldOf = Callable[[ItemId, Position], Earlier]
"""What rules told of an item because of events before a position."""

Repeating = ItemPublished | ItemRevised | ItemCompleted | ItemWithdrawn | ItemDelisted | ItemRestored
"""The events that may name a twin."""

_GONE = ("withdrawn", "delisted")
_SAYS: Mapping[str, tuple[str, ...]] = {
    "appeared": ("appeared", "changed"),
    "changed": ("changed",),
    "dropped": ("dropped",),
}
"""Which tellings of a version say what a transition to it would say again."""
_LEAVING = (ItemWithdrawn.KIND, ItemDelisted.KIND)


def repeats(tx: Transaction, recorded: Recorded, cause: Telling, told_of: ToldOf) -> Repeats:
    """Whether a rule would say again, because of this event, what it has told of a twin."""
    if not isinstance(cause, Repeating) or cause.twin is None:
        return never
    first, before = cause.twin, recorded.position
    is_read = isinstance(cause, ItemPublished | ItemRevised | ItemCompleted)

    @cache
    def twins() -> Sequence[tuple[Twin, Earlier]]:
        chain = _in_these_words(tx, first, before) if is_read else _of_this_kind(tx, first, cause.KIND, before)
        return [(twin, told_of(twin.item, before)) for twin in chain]

    def repeated(rule: RuleDefined, transition: Transition) -> bool:
        tell = _said if is_read else _turned
        return any(tell(tx, rule, transition, twin, told.get(rule.rule, ()), before) for twin, told in twins())

    return repeated


def _said(
    tx: Transaction, rule: RuleDefined, transition: Transition, twin: Twin, told: Sequence[Once], before: Position
) -> bool:
    """The rule told of the twin in this version, or in one that only edits too weak for it lead away from; and of no
    leaving since.
    """
    moves = [one.transition for one in told if one.transition in (*_GONE, "restored")]
    said = [one for one in told if one.transition in _SAYS and (one.version or 0) <= twin.version]
    if not said or (moves and moves[-1] in _GONE) or said[-1].transition not in _SAYS[transition]:
        return False
    since = [each for each in _readings(tx, twin, before) if each.kind and each.number > (said[-1].version or 0)]
    return not any(each.kind and is_told(rule, each.kind) for each in since)


def _turned(
    tx: Transaction, _: RuleDefined, transition: Transition, twin: Twin, told: Sequence[Once], before: Position
) -> bool:
    """The rule told of the same turn of the twin, and the twin has not turned back since."""
    back = _LEAVING if transition == "restored" else (ItemRestored.KIND,)
    opposite = max((one.position for one in _turns(tx, twin.item, back, before)), default=Position(0))
    return any(one.transition == transition and one.cause > opposite for one in told)


# --- what a twin repeats itself ---------------------------------------------------------------------------------------


def _in_these_words(tx: Transaction, twin: Twin, before: Position) -> Iterator[Twin]:
    """The twin, and the twin of the event with which it came to say this, and so on; each item once."""
    return _chain(twin, lambda one: _first_to_say(tx, one, before))


def _of_this_kind(tx: Transaction, twin: Twin, kind: str, before: Position) -> Iterator[Twin]:
    """The twin, and the twin of its last turn of this kind, and so on; each item once."""
    return _chain(twin, lambda one: next((each.event for each in _turns(tx, one.item, (kind,), before)[-1:]), None))


def _chain(twin: Twin | None, cause_of: Callable[[Twin], Event | None]) -> Iterator[Twin]:
    met: set[ItemId] = set()
    while twin is not None and twin.item not in met:
        yield twin
        met.add(twin.item)
        event = cause_of(twin)
        twin = event.twin if isinstance(event, Repeating) else None


def _first_to_say(tx: Transaction, twin: Twin, before: Position) -> Event | None:
    """The event with which the item came to have the title and text of this version."""
    found: Version | None = None
    for reading in reversed(_readings(tx, twin, before)):
        if found and (reading.content.title, reading.content.text) != (found.content.title, found.content.text):
            break
        found = reading
    return tx.log.read(Position(found.position - 1), 1)[0].event if found else None


def _readings(tx: Transaction, twin: Twin, before: Position) -> Sequence[Version]:
    return [each for each in tx.items.versions(twin.item) if each.number <= twin.version and each.position < before]


def _turns(tx: Transaction, item: ItemId, kinds: Sequence[str], before: Position) -> Sequence[Recorded]:
    return [one for one in events(tx.log, subject=item, kinds=kinds) if one.position < before]
