"""The gate: may this document change what we know? Pure.

Parsing has refused what is no feed at all; here a document is judged against the recent past. One that lost over half
of its entries, or all of them, is a failed poll that changes nothing. A well-formed one that stays small for a day and
three polls is believed in the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.deciding.memory import FeedMemory, Smaller
from store.events import Key

BELIEVED_AFTER = timedelta(hours=24)
BELIEVED_POLLS = 3


@dataclass(frozen=True, slots=True)
class PollProblem:
    """Why a document was not used. `reason`: emptied, shrunk, broken. `detail` is one clean line for people."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`problem` None: the document may be used. `memory` remembers a small document that waits to be believed."""

    problem: PollProblem | None
    memory: FeedMemory


def judge(memory: FeedMemory, listed: Sequence[Key], *, well_formed: bool, problem: str, at: datetime) -> Judgement:
    """Judge a document by the identities that it lists. `problem` is the parser's line about a broken one."""
    known = len(memory.window)
    if not well_formed and (len(listed) * 2 < known or not listed):
        detail = f"{len(listed)} entries, {known} before, and not well-formed: {problem}"
        return Judgement(PollProblem("broken", detail), replace(memory, smaller=None))
    if len(listed) * 2 >= known:
        return Judgement(None, replace(memory, smaller=None))
    smaller = _waiting(memory.smaller, listed, at)
    if smaller.polls >= BELIEVED_POLLS and at - smaller.since >= BELIEVED_AFTER:
        return Judgement(None, replace(memory, smaller=None))
    reason = "shrunk" if listed else "emptied"
    detail = f"{len(listed)} entries, {known} before; believed if it stays so for 24 hours"
    return Judgement(PollProblem(reason, detail), replace(memory, smaller=smaller))


def _waiting(before: Smaller | None, listed: Sequence[Key], at: datetime) -> Smaller:
    """The same small document once more, or another one: then the wait begins anew."""
    keys = tuple(listed)
    if before and (set(keys) & set(before.keys) or (not keys and not before.keys)):
        return Smaller(before.since, before.polls + 1, keys)
    return Smaller(at, 1, keys)
