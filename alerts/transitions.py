"""From the history of an item to the transitions of a rule: the table of docs/rules.md, and nothing else. Pure.

In: the rule, the event, whether the rule's query matched before and matches now (both texts judged by the rule in
force), and what this rule told of the item earlier. Out: `Fired`, with the reason to hold it back if there is one, or
`Silent` with a named reason that `why` shows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from store.events import (
    EDIT_KINDS,
    AlertId,
    EditKind,
    ItemCompleted,
    ItemDelisted,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    Position,
    RuleDefined,
    RuleId,
    Transition,
)

Telling = ItemPublished | ItemRevised | ItemCompleted | ItemWithdrawn | ItemDelisted | ItemRestored
"""The events of an item's life that a transition can follow from; the others never raise anything."""

_GONE = ("withdrawn", "delisted")


@dataclass(frozen=True, slots=True)
class Fired:
    """A transition. `hold` names why it must not be sent now, "" when it may."""

    transition: Transition
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Silent:
    """No transition. `reason`: no-match, not-in-on, dates-only, below-min-change, never-matched, only-absent,
    delisting-not-told, matched-before, text-erased, feed-not-watched, edits-only or no-query."""

    reason: str


Outcome = Fired | Silent


def judge(
    rule: RuleDefined, cause: Telling, *, matched_before: bool, matched_now: bool, told: Sequence[str]
) -> Outcome:
    """What the event means to the rule. `told`: transitions of this item that the rule told of before, oldest first.

    For an item that left or came back `matched_now` is about its last known version.
    """
    outcome = _transition(rule, cause, matched_before, matched_now, told)
    if isinstance(outcome, Fired) and outcome.transition not in rule.on:
        return Silent("not-in-on")
    return outcome


def judge_revision(rule: RuleDefined, cause: Telling, *, matched: bool) -> Outcome:
    """What the event means to a rule about what edits remove and add: an edit that it matches is a change, whatever
    the item was before, and nothing else concerns it."""
    if not isinstance(cause, ItemRevised):
        return Silent("edits-only")
    outcome = _edited(rule, cause) if matched else Silent("no-match")
    if isinstance(outcome, Fired) and outcome.transition not in rule.on:
        return Silent("not-in-on")
    return outcome


def _transition(
    rule: RuleDefined,
    cause: Telling,
    matched_before: bool,
    matched_now: bool,
    told: Sequence[str],
) -> Outcome:
    match cause:
        case ItemPublished():
            return Fired("appeared", cause.hold) if matched_now else Silent("no-match")
        case ItemCompleted():
            if matched_before:
                return Silent("matched-before")
            return Fired("appeared", cause.hold) if matched_now else Silent("no-match")
        case ItemRevised():
            if matched_before and matched_now:
                return _edited(rule, cause)
            if matched_now:
                return Fired("appeared", _beyond_echo(cause))
            return Fired("dropped", _beyond_echo(cause)) if matched_before else Silent("no-match")
        case ItemWithdrawn():
            return Fired("withdrawn") if matched_now or told else Silent("never-matched")
        case ItemDelisted():
            return Fired("delisted") if matched_now or told else Silent("never-matched")
        case ItemRestored():
            return _restored(cause, told, concerns=matched_now or bool(told))
        case _:
            assert_never(cause)


def _edited(rule: RuleDefined, edit: ItemRevised) -> Outcome:
    if edit.kind == "dates":
        return Silent("dates-only")
    return Fired("changed", edit.hold) if is_told(rule, edit.kind) else Silent("below-min-change")


def is_told(rule: RuleDefined, kind: EditKind) -> bool:
    """Whether an edit of this kind is strong enough for the rule."""
    return kind != "dates" and EDIT_KINDS.index(kind) >= EDIT_KINDS.index(rule.min_change)


def _beyond_echo(edit: ItemRevised) -> str:
    """An edit that the other face told before is no news; that the item began or ceased to match only with it is."""
    return "" if edit.hold == "other-face" else edit.hold


def _restored(cause: ItemRestored, told: Sequence[str], *, concerns: bool) -> Outcome:
    """A return is news where its going was: after a withdrawal, or after a delisting that this rule told of."""
    if not concerns:
        return Silent("never-matched")
    if cause.was == "absent":
        return Silent("only-absent")
    comings_and_goings = [transition for transition in told if transition in (*_GONE, "restored")]
    if cause.was == "withdrawn" or (comings_and_goings and comings_and_goings[-1] in _GONE):
        return Fired("restored")
    return Silent("delisting-not-told")


def alert_id(rule: RuleId, subject: str, transition: str, cause: Position) -> AlertId:
    """The id that the log determines: the first 32 hex digits of the SHA-256 of these UTF-8 texts, each followed by a
    NUL: `alert/1`, the rule's id, the item's id (else the feed's, "" for the network), the transition, the position of
    the cause in decimal digits."""
    parts = ("alert/1", rule, subject, transition, str(cause))
    return AlertId(hashlib.sha256("".join(f"{part}\0" for part in parts).encode()).hexdigest()[:32])
