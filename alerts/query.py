"""The query language of rules: query text in, a frozen tree out, with every mistake and warning and its place.

    query = and {OR and}      and = not {[AND] not}      not = {NOT} part
    part  = word | "phrase" | "words near"~5 | /expression/ | field:part | topic:name | ( query )

Nothing is raised for a wrong query: `parse` returns what is wrong as values, several at once where one mistake does not
hide the next. Pure; depth is bounded, so evaluation may recurse.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.syntax import (
    FIELDS,
    QueryError,
    Token,
    nearest,
    read_near,
    read_pattern,
    read_term,
    read_topic_term,
    tokens,
)
from alerts.tree import And, FromFeed, Has, InLanguage, Leaf, Node, Not, Or, Scope, Sought, Span, leaves

MAX_DEPTH = 50
"""Parentheses, fields and NOTs inside each other."""

_SCOPES: Mapping[str, Scope] = {
    name: name for name in ("title", "text", "author", "category", "link", "removed", "added")
}
_SOUGHT = frozenset({"word", "phrase", "pattern"})
_OPENS_PART = _SOUGHT | {"field", "(", "NOT"}


@dataclass(frozen=True, slots=True)
class Query:
    """A query as read. `tree` is None when there is a mistake."""

    text: str
    tree: Node | None
    errors: tuple[QueryError, ...]
    warnings: tuple[QueryError, ...]


def parse(text: str, topics: Mapping[str, Sequence[str]]) -> Query:
    """Read a query; `topics` gives the terms of each topic that it may name. Faulty terms of a topic are left out here,
    `syntax.check_term` tells of them."""
    found, errors = tokens(text)
    reader = _Reader(found, topics, errors)
    tree = reader.query()
    if errors or tree is None:
        return Query(text, None, tuple(sorted(dict.fromkeys(errors), key=lambda error: error.offset)), ())
    return Query(text, tree, (), tuple(_warnings(tree, found)))


def check(
    text: str, topics: Mapping[str, Sequence[str]], feeds: Collection[str] | None = None
) -> tuple[QueryError, ...]:
    """Every mistake in a query, in the order of the text. `feeds`: the ids that `feed:` may name, None = any."""
    query = parse(text, topics)
    if query.tree is None or feeds is None:
        return query.errors
    return tuple(
        QueryError(
            text.index(leaf.feed, leaf.span.offset + len("feed:")),
            len(leaf.feed),
            _unknown("feed", leaf.feed, list(feeds)),
        )
        for leaf in leaves(query.tree)
        if isinstance(leaf, FromFeed) and not any(names_feed(leaf.feed, known) for known in feeds)
    )


def warnings(text: str, topics: Mapping[str, Sequence[str]]) -> tuple[QueryError, ...]:
    """What is allowed and yet probably not meant."""
    return parse(text, topics).warnings


def names_feed(pattern: str, feed: str) -> bool:
    """Whether `feed:PATTERN` means that feed."""
    inner = pattern.strip("*")
    if pattern.startswith("*"):
        return inner in feed if pattern.endswith("*") else feed.endswith(inner)
    return feed.startswith(inner) if pattern.endswith("*") else feed == inner


class _TooDeep(Exception):
    """Stops the reading of a query that would be too deep to judge."""


@dataclass(slots=True)
class _Reader:
    """Recursive descent over the tokens; a part that cannot be read is noted and left out."""

    found: list[Token]
    topics: Mapping[str, Sequence[str]]
    errors: list[QueryError]
    at: int = 0
    depth: int = 0
    fields: list[str] = field(default_factory=list)

    @property
    def next(self) -> Token:
        return self.found[self.at]

    def take(self) -> Token:
        token = self.found[self.at]
        self.at += token.kind != "end"
        return token

    def sees(self, kind: str) -> bool:
        return self.next.kind == kind

    def wrong(self, token: Token, message: str) -> None:
        self.errors.append(QueryError(token.offset, token.length, message))

    def query(self) -> Node | None:
        try:
            tree = self.any_of()
            while self.next.kind == ")":
                self.wrong(self.take(), "no ( opens what this ) closes")
                if self.next.kind in _OPENS_PART:
                    self.any_of()
        except _TooDeep:
            return None
        return tree

    def any_of(self) -> Node | None:
        parts = [self.all_of()]
        while self.next.kind == "OR":
            self.take()
            parts.append(self.all_of())
        known = tuple(part for part in parts if part is not None)
        return known[0] if len(known) == 1 else Or(known, _around(known)) if known else None

    def all_of(self) -> Node | None:
        parts = [self.negated()]
        while self.next.kind == "AND" or self.next.kind in _OPENS_PART:
            if self.next.kind == "AND":
                self.take()
            parts.append(self.negated())
        known = tuple(part for part in parts if part is not None)
        return known[0] if len(known) == 1 else And(known, _around(known)) if known else None

    def negated(self) -> Node | None:
        if self.next.kind != "NOT":
            return self.part()
        sign = self.take()
        self.deeper(sign)
        part = self.negated()
        self.depth -= 1
        return part and Not(part, Span(sign.offset, part.span.offset + part.span.length - sign.offset))

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.wrong(token, f"nested too deeply: at most {MAX_DEPTH} parentheses, fields and NOTs inside each other")
            raise _TooDeep

    def part(self) -> Node | None:
        token = self.next
        if token.kind == "(":
            return self.group()
        if token.kind == "field":
            return self.in_field()
        if token.kind in _SOUGHT:
            return self.leaf(self.take())
        self.expected_a_term(token)
        return None

    def expected_a_term(self, token: Token) -> None:
        before = self.found[self.at - 1] if self.at else None
        if token.kind == "end" and before is None:
            self.wrong(token, "empty: write at least one term, such as Syria or topic:syria")
        elif token.kind == "end" and before is not None:
            self.wrong(before, f"a term must follow {before.text or before.kind}, but the query ends here")
        elif before is None or before.kind == "(":
            self.wrong(token, f"a term must stand before {token.text}")
        else:
            self.wrong(token, f"a term must stand between {before.text} and {token.text}")

    def group(self) -> Node | None:
        opening = self.take()
        if self.sees(")"):
            self.take()
            self.wrong(opening, "nothing stands between ( and ): write a term, or leave them out")
            return None
        self.deeper(opening)
        inside = None if self.sees("end") else self.any_of()
        self.depth -= 1
        if self.sees(")"):
            self.take()
        else:
            self.wrong(opening, "this ( is never closed: a ) must follow")
        return inside

    def in_field(self) -> Node | None:
        token = self.take()
        if token.text == "topic":
            return self.topic(token)
        if self.fields:
            self.wrong(token, f"{token.text}: stands inside {self.fields[-1]}:, a term is in one field only")
        if self.next.kind not in _OPENS_PART - {"NOT"}:
            self.wrong(token, f"a term must follow {token.text}: without a space, such as {token.text}:word")
            return None
        self.deeper(token)
        self.fields.append(token.text)
        part = self.part()
        self.fields.pop()
        self.depth -= 1
        last = self.found[self.at - 1]
        return part and replace(part, span=Span(token.offset, last.offset + last.length - token.offset))

    def topic(self, sign: Token) -> Node | None:
        if self.next.kind != "word" or (self.fields and self.fields[-1] in ("feed", "lang")):
            self.wrong(sign, "the name of a topic must follow topic: and no feed: or lang: may stand before it")
            return None
        name = self.take()
        if name.text not in self.topics:
            self.wrong(name, _unknown("topic", name.text, list(self.topics)))
            return None
        terms = tuple(term for term in (read_topic_term(written)[0] for written in self.topics[name.text]) if term)
        span = Span(sign.offset, name.offset + name.length - sign.offset)
        return Has(terms, self.scope(), name.text, span)

    def scope(self) -> Scope:
        return _SCOPES[self.fields[-1]] if self.fields else "title or text"

    def leaf(self, token: Token) -> Leaf | None:
        span = Span(token.offset, token.length)
        if self.fields and self.fields[-1] in ("feed", "lang"):
            return self.attribute(token, span)
        sought = self.sought(token)
        return Has((sought,), self.scope(), "", span) if sought else None

    def attribute(self, token: Token, span: Span) -> Leaf | None:
        if token.kind == "pattern" or token.distance is not None:
            self.wrong(token, f"{self.fields[-1]}: takes one word, such as feed:kremlin-* or lang:ru")
            return None
        if self.fields[-1] == "feed":
            return FromFeed(token.text, span)
        return InLanguage(token.text.lower().replace("_", "-"), span)

    def sought(self, token: Token) -> Sought | None:
        if token.kind == "word" and token.text == "=":
            self.wrong(token, "= stands before a word: =WHO")
            return None
        if token.kind == "word" and len(token.text) > 1 and token.text[0] in "-!":
            self.wrong(token, f"{token.text[0]} does not exclude here: write NOT {token.text[1:]}")
            return None
        if token.kind == "word" and token.text.endswith(":") and token.text[:-1] in FIELDS:
            self.wrong(token, f"a term must follow {token.text} without a space, such as {token.text}word")
            return None
        found: Sought | None
        if token.kind == "pattern":
            found, errors = read_pattern(token.text)
        elif token.distance is not None:
            found, errors = read_near(token.text, token.distance, f'"{token.text}"~{token.distance}')
        else:
            found, errors = read_term(token.text)
        inside, end = token.offset + (token.kind != "word"), token.offset + token.length
        for error in errors:
            start = min(inside + error.offset, end)
            self.errors.append(QueryError(start, min(error.length, end - start), error.message))
        return found


def _around(parts: Sequence[Node]) -> Span:
    start = parts[0].span.offset
    return Span(start, parts[-1].span.offset + parts[-1].span.length - start)


def _unknown(what: str, name: str, known: list[str]) -> str:
    meant = nearest(name, known)
    return f"unknown {what} {name}" + (f", did you mean {meant}?" if meant else "")


def _warnings(tree: Node, found: Sequence[Token]) -> list[QueryError]:
    told = [
        QueryError(
            token.offset, token.length, f"{token.text} is a word to look for here; the operator is {token.text.upper()}"
        )
        for token in found
        if token.kind == "word" and token.text in ("and", "or", "not")
    ]
    if _holds_without_any_term(tree):
        told.append(
            QueryError(tree.span.offset, tree.span.length, "this could match everything: it holds where no term stands")
        )
    return told


def _holds_without_any_term(node: Node) -> bool:
    match node:
        case And():
            return all(map(_holds_without_any_term, node.parts))
        case Or():
            return any(map(_holds_without_any_term, node.parts))
        case Not():
            return not _holds_without_any_term(node.part)
        case _:
            return False
