"""A query as a test of items in a list. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from alerts.facts import face_of_row
from alerts.query import check
from alerts.rules import RuleSet
from store.events import RuleDefined, RuleId

if TYPE_CHECKING:
    from alerts.syntax import QueryError
    from store.ports import ItemRow


class WrongQuery(Exception):
    """The query cannot be read; `errors` are its mistakes, in the order of the text."""

    def __init__(self, errors: "Sequence[QueryError]") -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


def matcher(query: str, topics: Mapping[str, tuple[str, ...]], feeds: Collection[str]) -> "Callable[[ItemRow], bool]":
    """Whether an item, listed with its texts, matches. The query may name these topics and feeds; else `WrongQuery`."""
    if errors := check(query, topics, feeds):
        raise WrongQuery(errors)
    rules = RuleSet.compile([RuleDefined(RuleId("match"), query, topics, None, (), (), "normal", "wording")])
    return lambda row: bool(rules.match(face_of_row(row)))
