"""The tree of a query: frozen values with their places in the query text. Pure data; `alerts.query` builds it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

Field = Literal["title", "text", "author", "category", "link"]
"""What a query may name."""
TextField = Field | Literal["lead"]
"""Where a term may stand: of an item whose page was read, `lead` is what the feed says, which counts as its text."""
Scope = Literal["title or text", "title", "text", "author", "category", "link", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase to look for. `written` is how its author wrote it, without quotes; `words` are folded.

    `open_start` is the `*` before it (`*settlement`), `open_end` the one after it (`peacekeep*`), `exact` the `=`;
    `inflected`: other forms of the words will do, which is not written but a setting of the rule.
    """

    written: str
    words: tuple[str, ...]
    open_start: bool = False
    open_end: bool = False
    exact: bool = False
    inflected: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """Words (each a term) that stand within `distance` words of each other, in any order. `written` with its `~5`."""

    written: str
    terms: tuple[Term, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression. `written` with its slashes; `source` is what stands between them, valid for
    `alerts.patterns`."""

    written: str
    source: str


Sought = Term | Near | Pattern
"""What a leaf looks for."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the query text: code points."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Has:
    """One of these terms stands in that part of the item. `topic` names the topic that they come from, if any."""

    terms: tuple[Sought, ...]
    scope: Scope
    topic: str
    span: Span


@dataclass(frozen=True, slots=True)
class FromFeed:
    """The item is of that feed; `*` at either end stands for anything."""

    feed: str
    span: Span


@dataclass(frozen=True, slots=True)
class InLanguage:
    """The item's language is this one, or a regional form of it; lower case."""

    language: str
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple["Node", ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Node", ...]
    span: Span


Leaf = Has | FromFeed | InLanguage
Node = Leaf | Not | And | Or


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf, in the order of the query."""
    match node:
        case And() | Or():
            for part in node.parts:
                yield from leaves(part)
        case Not():
            yield from leaves(node.part)
        case _:
            yield node


def inflected(node: Node) -> Node:
    """The same tree with words that other forms of them will do for: all but those with `=` or `*`."""
    match node:
        case Has():
            return replace(node, terms=tuple(map(_inflected, node.terms)))
        case Not():
            return replace(node, part=inflected(node.part))
        case And() | Or():
            return replace(node, parts=tuple(map(inflected, node.parts)))
        case _:
            return node


def _inflected(sought: Sought) -> Sought:
    match sought:
        case Term():
            as_written = sought.exact or sought.open_start or sought.open_end
            return sought if as_written else replace(sought, inflected=True)
        case Near():
            terms = tuple(term for term in map(_inflected, sought.terms) if isinstance(term, Term))
            return replace(sought, terms=terms)
        case Pattern():
            return sought
