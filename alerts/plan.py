"""How a query is judged: its tree made ready for speed, and the questions asked of it.

A `Searched` item goes in; whether a plan holds comes out, and which of its terms prove it. Terms are numbered by the
index, sets of terms in one scope ("groups") by the rule set, so that queries with the same topic share all work on it.
Pure; recursion is bounded by the depth that `alerts.query` allows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.facts import Face
from alerts.haystack import Haystack
from alerts.index import Found
from alerts.query import names_feed
from alerts.tree import And, FromFeed, Has, InLanguage, Node, Not, Or
from store.events import Hit


@dataclass(frozen=True, slots=True)
class Searched:
    """An item and what was found in it: places by number of the term, and the groups that stand in it.

    `hits` remembers the places that were worked out in the item's own texts.
    """

    face: Face
    haystack: Haystack
    found: Found
    groups: set[int]
    hits: dict[int, Sequence[Hit]] = field(default_factory=dict)


Test = Callable[[Searched], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A node made ready. `holds` tells whether an item is as the node says; `group` and `numbers` are those of a term
    leaf (-1 and none for the others)."""

    node: Node
    parts: tuple["Plan", ...]
    holds: Test
    group: int = -1
    numbers: tuple[int, ...] = ()


def plan(node: Node, terms: Callable[[Has], tuple[int, tuple[int, ...]]]) -> Plan:
    """The plan of a tree; `terms` gives a leaf's group and the numbers of its terms."""
    match node:
        case Has():
            group, numbers = terms(node)
            return Plan(node, (), lambda item: group in item.groups, group, numbers)
        case FromFeed(pattern):
            return Plan(node, (), lambda item: names_feed(pattern, item.face.feed))
        case InLanguage(wanted):
            return Plan(node, (), lambda item: _is_in_language(item.face, wanted))
        case Not(part):
            inner = plan(part, terms)
            return Plan(node, (inner,), lambda item: not inner.holds(item))
        case And():
            parts = tuple(plan(part, terms) for part in node.parts)
            return Plan(node, parts, _all_of(parts))
        case Or():
            parts = tuple(plan(part, terms) for part in node.parts)
            return Plan(node, parts, _any_of(parts))


def _all_of(parts: tuple[Plan, ...]) -> Test:
    """Whether every part holds; terms that must and must not stand there are asked for at once, as sets."""
    wanted = frozenset(part.group for part in parts if part.group >= 0)
    barred = frozenset(part.parts[0].group for part in parts if _bars_a_group(part))
    rest = [part.holds for part in parts if part.group < 0 and not _bars_a_group(part)]

    def test(item: Searched) -> bool:
        if not (wanted <= item.groups and barred.isdisjoint(item.groups)):
            return False
        return not rest or all(holds(item) for holds in rest)

    return test


def _any_of(parts: tuple[Plan, ...]) -> Test:
    wanted = frozenset(part.group for part in parts if part.group >= 0)
    rest = [part.holds for part in parts if part.group < 0]

    def test(item: Searched) -> bool:
        return not wanted.isdisjoint(item.groups) or any(holds(item) for holds in rest)

    return test


def _bars_a_group(part: Plan) -> bool:
    return isinstance(part.node, Not) and part.parts[0].group >= 0


def _is_in_language(face: Face, wanted: str) -> bool:
    language = face.language.lower().replace("_", "-")
    return language == wanted or language.startswith(f"{wanted}-")


def proof(this: Plan, item: Searched) -> Iterator[Plan]:
    """The term leaves that make a plan hold, given that it holds. What stands nowhere (NOT) proves nothing."""
    if this.group >= 0:
        yield this
    elif isinstance(this.node, And | Or):
        for part in this.parts:
            if isinstance(this.node, And) or part.holds(item):
                yield from proof(part, item)


@dataclass(frozen=True, slots=True)
class Key:
    """A group that calls for a query when it stands in an item, if `guard` stands there too (-1: in any case)."""

    group: int
    guard: int = -1


def keys(this: Plan, popularity: Mapping[int, int]) -> frozenset[Key] | None:
    """Keys of which at least one must fit an item before the plan can hold; None: it may hold without any.

    `popularity` counts the queries that use a group: of the parts of an AND the least common one is the key, and the
    next single group its guard.
    """
    if this.group >= 0:
        return frozenset((Key(this.group),))
    if not isinstance(this.node, And | Or):
        return None
    of_parts = [keys(part, popularity) for part in this.parts]
    known = [part for part in of_parts if part is not None]
    if isinstance(this.node, Or):
        return frozenset().union(*known) if len(known) == len(of_parts) else None
    if not known:
        return None
    best, *others = sorted(known, key=lambda part: sum(popularity[key.group] for key in part))
    guard = next((key.group for part in others if len(part) == 1 for key in part), -1)
    return frozenset(key if key.guard >= 0 else Key(key.group, guard) for key in best)


def term_leaves(this: Plan) -> Iterator[Plan]:
    """Every leaf of a plan that looks for terms."""
    if this.group >= 0:
        yield this
    for part in this.parts:
        yield from term_leaves(part)
