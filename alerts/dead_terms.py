"""Terms that stand nowhere: what the rules look for, and no statement of a while had where they look.

In: a store, the rules, a stretch of the log. Out: page after page how far it was read, and in the end the dead terms of
each rule. Every version of every statement counts, whichever feeds a rule looks at. Reads only, each page in a snapshot
of its own. Terms of rules about edits are left out: what was removed is not looked for here.
"""

from collections.abc import Iterator, Mapping, Sequence

from alerts.facts import FeedCard
from alerts.rules import RuleSet
from alerts.sight import sights
from store.events import FeedId, ItemPublished, ItemRevised, Position, RuleDefined, RuleId
from store.ports import EventFilter, Store

PAGE = 500
_KINDS = frozenset({ItemPublished.KIND, ItemRevised.KIND})


class DeadTerms:
    """The search; `of_rules` is right when `read` has come to its end."""

    def __init__(self, definitions: Sequence[RuleDefined]) -> None:
        self._rules = RuleSet.compile(definitions)
        self._alive: set[int] = set()

    def read(
        self, store: Store, feeds: Mapping[FeedId, FeedCard], after: Position, until: Position
    ) -> Iterator[Position]:
        """Read the log after one position, up to another; gives each position that it comes to."""
        while after < until:
            with store.views() as views:
                window = views.pages.events(EventFilter(kinds=_KINDS), after=after, most=PAGE)
                causes = [(one, one.event) for one in window.rows if isinstance(one.event, ItemPublished | ItemRevised)]
                seen = sights(views.tx, causes, feeds, about=self._rules.looks_at_about)
            for sight in seen.values():
                if sight.now:
                    self._alive.update(self._rules.terms_in(sight.now))
            after = until if window.end is None else min(window.end, until)
            yield after

    @property
    def of_rules(self) -> Mapping[RuleId, Sequence[str]]:
        """The dead terms of each rule that has any, as they are written."""
        dead = {name: self._dead(name) for name in self._rules.rules if not self._rules.judges_revisions(name)}
        return {name: terms for name, terms in dead.items() if terms}

    def _dead(self, rule: RuleId) -> list[str]:
        """A term that the query looks for in several fields is dead when it stood in none of them."""
        terms = self._rules.terms_of(rule)
        alive = {written for number, written in terms.items() if number in self._alive}
        return [written for written in dict.fromkeys(terms.values()) if written not in alive]
