"""How a query is judged: its tree made ready for speed, and the questions asked of it.

A `Searched` item goes in; whether a plan holds comes out, and which of its terms prove it. Terms are numbered by the
index, sets of terms in one scope ("groups") by the rule set, so that queries with the same topic share all work on it.
Pure; recursion is bounded by the depth that `alerts.query` allows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from alerts.facts import Face
from alerts.index import Found, Haystack
from alerts.query import names_feed
from alerts.tree import And, FromFeed, Has, InLanguage, Node, Not, Or


@dataclass(frozen=True, slots=True)
class Searched:
    """An item and what was found in it: places by number of the term, and the groups that stand in it."""

    face: Face
    haystack: Haystack
    found: Found
    groups: set[int]


@dataclass(frozen=True, slots=True, eq=False)
class HasPlan:
    """One term of a group, with the numbers of its terms in the index."""

    node: Has
    group: int
    numbers: tuple[int, ...]
    parts: tuple["Plan", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OriginPlan:
    """Where the item comes from, or its language."""

    node: FromFeed | InLanguage
    parts: tuple["Plan", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class JoinedPlan:
    """A node with parts."""

    node: Not | And | Or
    parts: tuple["Plan", ...]


Plan = HasPlan | OriginPlan | JoinedPlan


def plan(node: Node, terms: Callable[[Has], HasPlan]) -> Plan:
    """The plan of a tree; `terms` numbers a leaf."""
    match node:
        case Has():
            return terms(node)
        case FromFeed() | InLanguage():
            return OriginPlan(node)
        case Not():
            return JoinedPlan(node, (plan(node.part, terms),))
        case And() | Or():
            return JoinedPlan(node, tuple(plan(part, terms) for part in node.parts))


def holds(this: Plan, item: Searched) -> bool:
    """Whether the item is as the plan says."""
    if isinstance(this, HasPlan):
        return this.group in item.groups
    match this.node:
        case And():
            return all(holds(part, item) for part in this.parts)
        case Or():
            return any(holds(part, item) for part in this.parts)
        case Not():
            return not holds(this.parts[0], item)
        case FromFeed(pattern):
            return names_feed(pattern, item.face.feed)
        case InLanguage(wanted):
            language = item.face.language.lower().replace("_", "-")
            return language == wanted or language.startswith(f"{wanted}-")


def proof(this: Plan, item: Searched) -> Iterator[HasPlan]:
    """The term leaves that make a plan hold, given that it holds. What stands nowhere (NOT) proves nothing."""
    if isinstance(this, HasPlan):
        yield this
    elif isinstance(this.node, And | Or):
        for part in this.parts:
            if isinstance(this.node, And) or holds(part, item):
                yield from proof(part, item)


def keys(this: Plan, popularity: Mapping[int, int]) -> frozenset[int] | None:
    """Groups of which at least one must stand in an item before the plan can hold; None: it may hold without any.

    `popularity` counts the queries that use a group: of the parts of an AND the least common one is the key.
    """
    if isinstance(this, HasPlan):
        return frozenset((this.group,))
    if not isinstance(this.node, And | Or):
        return None
    of_parts = [keys(part, popularity) for part in this.parts]
    known = [key for key in of_parts if key is not None]
    if isinstance(this.node, And):
        return min(known, key=lambda key: sum(popularity.get(group, 0) for group in key), default=None)
    return frozenset().union(*known) if len(known) == len(of_parts) else None


def has_plans(this: Plan) -> Iterator[HasPlan]:
    """Every leaf of a plan that looks for terms."""
    if isinstance(this, HasPlan):
        yield this
    for part in this.parts:
        yield from has_plans(part)
