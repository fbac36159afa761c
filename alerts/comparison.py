"""Two sets of rules judged as one: the proposed one and the present one, and what a firing means to their difference.

In: the definitions of both. Out: one `RuleSet`, in which a rule that reads the same in both stands once, so that each
text is folded and searched once for both; and for the firings of one event, which of them are gained, lost or in both.
Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from alerts.rules import RuleSet
from store.events import FeedId, RuleDefined, RuleId

_PRESENT = "present "
"""Before the id of a rule as it is now, where the proposed one is another; no rule's name holds a blank."""


class Side(StrEnum):
    """Which of the two sets would tell it."""

    BOTH = "both"
    GAINED = "gained"
    LOST = "lost"


class Change(StrEnum):
    """What becomes of a rule from the present set to the proposed one."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    REMOVED = "removed"


class Fires(Protocol):
    """A firing: the rule's id in the set that judged, and the transition."""

    @property
    def rule(self) -> RuleId:
        """As the set has it."""
        ...

    @property
    def transition(self) -> str:
        """Such as `appeared`."""
        ...


F = TypeVar("F", bound=Fires)


class Compared(NamedTuple):
    """A rule of either set: the definition that counts (the proposed one, where there is one) and what became of it."""

    rule: RuleDefined
    change: Change


class Comparison:
    """Both sets. `rules` judges; `named` are the rules by their own ids."""

    def __init__(self, present: Sequence[RuleDefined], proposed: Sequence[RuleDefined]) -> None:
        now = {rule.rule: rule for rule in present}
        wanted = {rule.rule: rule for rule in proposed}
        self.named: Mapping[RuleId, Compared] = {
            name: Compared(wanted[name] if name in wanted else now[name], _change(now.get(name), wanted.get(name)))
            for name in sorted(now.keys() | wanted.keys())
        }
        old = [
            replace(rule, rule=RuleId(_PRESENT + name))
            for name, rule in now.items()
            if self.named[name].change is not Change.SAME
        ]
        self.rules = RuleSet.compile([*wanted.values(), *old])

    def sided(self, fired: Sequence[F]) -> Iterator[tuple[RuleId, Side, F]]:
        """The firings of one event with the rule's own id and the side they are on; what both sets tell comes once."""
        told = {(one.rule, one.transition) for one in fired}
        for one in fired:
            name = own_name(one.rule)
            if self.named[name].change is Change.SAME:
                yield name, Side.BOTH, one
            elif one.rule == name:
                in_both = (_PRESENT + name, one.transition) in told
                yield name, Side.BOTH if in_both else Side.GAINED, one
            elif (name, one.transition) not in told:
                yield name, Side.LOST, one


def own_name(rule: RuleId) -> RuleId:
    """The id that a rule has outside of a comparison."""
    return RuleId(rule.removeprefix(_PRESENT))


def with_former_feeds(
    rules: Sequence[RuleDefined], formerly: Mapping[FeedId, Sequence[FeedId]]
) -> tuple[RuleDefined, ...]:
    """The rules looking also at what their feeds were called before: in the log, old events have the old ids."""
    return tuple(
        rule
        if rule.feeds is None
        else replace(rule, feeds=(*rule.feeds, *(old for feed in rule.feeds for old in formerly.get(feed, ()))))
        for rule in rules
    )


def _change(now: RuleDefined | None, wanted: RuleDefined | None) -> Change:
    if now is None:
        return Change.NEW
    if wanted is None:
        return Change.REMOVED
    return Change.SAME if _judged_by(now) == _judged_by(wanted) else Change.CHANGED


def _judged_by(rule: RuleDefined) -> RuleDefined:
    """The rule without what decides on nothing but whom it tells, and in which words and order it says the same."""
    feeds = None if rule.feeds is None else tuple(sorted(rule.feeds))
    return replace(rule, notify=(), severity="normal", on=tuple(sorted(rule.on)), feeds=feeds)
