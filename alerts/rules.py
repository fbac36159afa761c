"""A set of rules, compiled once: which of them an item matches, where their terms stand, and why another one does not.

In: the rules in force (`RuleDefined`), then items as `Face`s. Out: `Match`es with code-point offsets into the face's
texts, or an `Explanation`. Pure. Raises nothing for rules that `query.check` accepts; a rule that it does not accept
(say, from a log that another version wrote) matches nothing and stands in `RuleSet.faulty`.

Rules with the same query share it. A query is judged only when a group of terms that it cannot do without stands in the
item: of the parts of an AND, the one that fewest queries have in common. Queries without any are always judged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from alerts import stems
from alerts.facts import Face
from alerts.haystack import Haystack
from alerts.index import Index, Watch
from alerts.language import language_of
from alerts.misses import NearMiss, near_misses
from alerts.plan import Plan, Searched, keys, plan, proof, term_leaves
from alerts.query import Query, parse
from alerts.revision import revision_of
from alerts.syntax import QueryError
from alerts.tree import Has, Node, Scope, Sought, Span, inflected, leaves
from store.events import FeedId, Hit, RuleDefined, RuleId

MAX_PLACES_A_TERM = 10
MAX_HITS = 100
_ORDER = {field: number for number, field in enumerate(("title", "text", "lead", "author", "category", "link"))}


@dataclass(frozen=True, slots=True)
class Match:
    """Why a rule matches: where the terms stand that made it so, and the topics of the query that they belong to.

    Hits are in the order of the item (title, text, author, category, link), at most `MAX_PLACES_A_TERM` of a term and
    `MAX_HITS` in all, the first ones. Offsets in `category` count code points of the categories joined by ", ".
    """

    hits: tuple[Hit, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TermSeen:
    """One term of a clause: where it stands, or nowhere, and then what stands almost there. Near misses are told of
    clauses in which no term stands."""

    term: str
    hits: tuple[Hit, ...]
    miss: NearMiss | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a query (`text`, at `span` of it) judged: whether it holds, and what it is made of."""

    text: str
    span: Span
    holds: bool
    parts: tuple["Clause", ...] = ()
    terms: tuple[TermSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule matches an item or not. `in_scope`: the rule looks at the item's feed. `clause` None: the rule has no
    query (it is about the health of sources), or a faulty one (`errors`)."""

    matched: bool
    in_scope: bool
    clause: Clause | None
    errors: tuple[QueryError, ...] = ()


@dataclass(slots=True, eq=False)
class _Shared:
    """A planned query and the rules that share it."""

    text: str
    plan: Plan
    of_revisions: bool
    everywhere: list[RuleId] = field(default_factory=list)
    by_feed: dict[FeedId, list[RuleId]] = field(default_factory=dict)

    def add(self, rule: RuleDefined) -> None:
        if rule.feeds is None:
            self.everywhere.append(rule.rule)
        for feed in rule.feeds or ():
            self.by_feed.setdefault(feed, []).append(rule.rule)

    def rules(self, feed: FeedId) -> list[RuleId]:
        return self.everywhere + self.by_feed[feed] if feed in self.by_feed else self.everywhere


class RuleSet:
    """Rules that judge together. Immutable; build another one when a rule changes."""

    def __init__(self, definitions: Sequence[RuleDefined], read_before: Mapping["_Text", Query]) -> None:
        self.rules: Mapping[RuleId, RuleDefined] = {rule.rule: rule for rule in definitions}
        texts = {rule.rule: _text_of(rule) for rule in self.rules.values() if rule.match.strip()}
        self.read = {text: read_before.get(text) or _parsed(text) for text in dict.fromkeys(texts.values())}
        queries = {rule: self.read[text] for rule, text in texts.items()}
        self.faulty: Mapping[RuleId, tuple[QueryError, ...]] = {
            rule: query.errors for rule, query in queries.items() if query.errors
        }
        trees = {id(query): query.tree for query in queries.values() if query.tree is not None}
        self._index = Index(leaf for tree in trees.values() for leaf in leaves(tree) if isinstance(leaf, Has))
        self._groups: dict[tuple[tuple[Sought, ...], Scope], int] = {}
        self._groups_of: list[list[int]] = [[] for _ in self._index.watches]
        self._by_rule: dict[RuleId, _Shared] = {}
        shared: dict[int, _Shared] = {}
        for rule, query in queries.items():
            if query.tree is None:
                continue
            if id(query) not in shared:
                shared[id(query)] = _Shared(query.text, plan(query.tree, self._terms), is_of_revisions(query.tree))
            shared[id(query)].add(self.rules[rule])
            self._by_rule[rule] = shared[id(query)]
        self._always, self._by_key = _keyed(list(shared.values()))

    @classmethod
    def compile(cls, definitions: Sequence[RuleDefined], like: "RuleSet | None" = None) -> "RuleSet":
        """The rule set of these definitions; of two with one id the later counts. What stands in `like` as well is not
        read again."""
        return cls(definitions, like.read if like else {})

    def match(self, face: Face, before: Face | None = None) -> Mapping[RuleId, Match]:
        """The rules that this version of an item matches. `before`: the version that was edited into it; rules that
        judge edits (`removed:`, `added:`) match nothing without it."""
        item = self._search(face, before)
        matched: dict[RuleId, Match] = {}
        for query in self._candidates(item):
            if query.of_revisions and before is None:
                continue
            rules = query.rules(face.feed)
            if rules and query.plan.holds(item):
                matched.update(dict.fromkeys(rules, self._told(query.plan, item)))
        return matched

    @property
    def looks_at_about(self) -> bool:
        """Whether any query looks at author, categories or link."""
        return not self._index.parts.isdisjoint(("author", "category", "link"))

    def judges_revisions(self, rule: RuleId) -> bool:
        """Whether the rule's query asks for what an edit removed or added."""
        query = self._by_rule.get(rule)
        return query is not None and query.of_revisions

    def terms_of(self, rule: RuleId) -> Mapping[int, str]:
        """The terms of the rule's query as they are written, by their numbers in this set."""
        query = self._by_rule.get(rule)
        numbers = [number for leaf in term_leaves(query.plan) for number in leaf.numbers] if query else []
        return {number: self._index.watches[number].sought.written for number in numbers}

    def terms_in(self, face: Face) -> Iterable[int]:
        """The numbers of all terms that stand in this version of an item."""
        return self._search(face).found.numbers()

    def explain(self, rule: RuleId, face: Face, before: Face | None = None) -> Explanation:
        """Why this rule matches that version of an item, or not; `before` as in `match`. Raises `KeyError` for a rule
        that is not here."""
        definition = self.rules[rule]
        in_scope = definition.feeds is None or face.feed in definition.feeds
        query = self._by_rule.get(rule)
        if query is None:
            return Explanation(matched=False, in_scope=in_scope, clause=None, errors=self.faulty.get(rule, ()))
        item = self._search(face, before)
        judged = before is not None or not query.of_revisions
        missed = [leaf for leaf in term_leaves(query.plan) if judged and not leaf.holds(item)]
        watches = [self._index.watches[number] for leaf in missed for number in leaf.numbers]
        revision = revision_of(before, face) if before is not None and query.of_revisions else None
        clause = self._clause(query, query.plan, item, near_misses(watches, face, revision))
        return Explanation(clause.holds and judged and in_scope, in_scope, clause)

    def _terms(self, leaf: Has) -> tuple[int, tuple[int, ...]]:
        """The leaf's group, a new one if no leaf had the same terms before, and the numbers of its terms."""
        numbers = self._index.numbers(leaf)
        key = (leaf.terms, leaf.scope)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = len(self._groups)
            for number in numbers:
                self._groups_of[number].append(group)
        return group, numbers

    def _search(self, face: Face, before: Face | None = None) -> Searched:
        edited = before is not None and not self._index.parts.isdisjoint(("removed", "added"))
        revision = revision_of(before, face) if before is not None and edited else None
        haystack = Haystack(face, self._index.parts, revision)
        found = self._index.find(haystack, language_of(face) if self._index.asks_language else "")
        groups = {group for number in found.numbers() for group in self._groups_of[number]}
        return Searched(face, haystack, found, groups)

    def _candidates(self, item: Searched) -> Iterable[_Shared]:
        """The queries that could hold, each once."""
        groups = item.groups
        called: dict[_Shared, None] = dict.fromkeys(self._always)
        for group in groups:
            for guard, query in self._by_key.get(group, ()):
                if guard < 0 or guard in groups:
                    called[query] = None
        return called

    def _told(self, root: Plan, item: Searched) -> Match:
        """The match of a query that holds."""
        proven = list(proof(root, item))
        hits = {hit for leaf in proven for number in leaf.numbers for hit in self._hits(number, item)}
        ordered = sorted(hits, key=_place_in_item)
        topics = tuple(
            dict.fromkeys(leaf.node.topic for leaf in proven if isinstance(leaf.node, Has) and leaf.node.topic)
        )
        return Match(tuple(ordered[:MAX_HITS]), topics)

    def _hits(self, number: int, item: Searched) -> Sequence[Hit]:
        """Where a term stands in the item's own texts; worked out once, however many rules ask."""
        hits = item.hits.get(number)
        if hits is None:
            term = self._index.watches[number].sought.written
            sources = islice(self._index.sources(number, item.haystack, item.found), MAX_PLACES_A_TERM)
            hits = item.hits[number] = [Hit(term, *source) for source in sources]
        return hits

    def _clause(self, query: _Shared, part: Plan, item: Searched, misses: Mapping[Watch, NearMiss]) -> Clause:
        span = part.node.span
        holds = part.holds(item)
        watched = [(number, self._index.watches[number]) for number in part.numbers]
        terms = tuple(
            TermSeen(watch.sought.written, tuple(self._hits(number, item)), None if holds else misses.get(watch))
            for number, watch in watched
        )
        text = query.text[span.offset : span.offset + span.length]
        parts = tuple(self._clause(query, inner, item, misses) for inner in part.parts)
        return Clause(text, span, holds, parts, terms)


def is_of_revisions(tree: Node) -> bool:
    """Whether a query asks for what an edit removed or added: such a rule is judged on edits alone."""
    return any(isinstance(leaf, Has) and leaf.scope in ("removed", "added") for leaf in leaves(tree))


def _place_in_item(hit: Hit) -> tuple[int, int, int, str]:
    return _ORDER[hit.field], hit.start, hit.end, hit.term


class _Text(NamedTuple):
    """All that the meaning of a query follows from; rules with the same one share it."""

    match: str
    stem: bool
    topics: frozenset[tuple[str, tuple[str, ...]]]


def _text_of(rule: RuleDefined) -> _Text:
    return _Text(rule.match, rule.stem, frozenset((name, tuple(terms)) for name, terms in rule.topics.items()))


def _parsed(text: _Text) -> Query:
    query = parse(text.match, dict(text.topics))
    return _with_other_forms(query) if text.stem else query


def _with_other_forms(query: Query) -> Query:
    """The query with other forms of its words; a mistake where nothing can make them."""
    if not stems.installed():
        return replace(query, tree=None, errors=(QueryError(0, len(query.text), stems.NOT_INSTALLED), *query.errors))
    return replace(query, tree=query.tree and inflected(query.tree))


def _keyed(queries: Sequence[_Shared]) -> tuple[list[_Shared], dict[int, list[tuple[int, _Shared]]]]:
    """The queries that must always be judged, and the others, with their guards, by the groups that call for them."""
    popularity = Counter(leaf.group for query in queries for leaf in term_leaves(query.plan))
    always: list[_Shared] = []
    by_key: dict[int, list[tuple[int, _Shared]]] = {}
    for query in queries:
        calling = keys(query.plan, popularity)
        if calling is None:
            always.append(query)
        for key in calling or ():
            by_key.setdefault(key.group, []).append((key.guard, query))
    return always, by_key
