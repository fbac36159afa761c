"""Tokens and terms of the query language: the text of a query or topic term in, tokens or a `Term` out.

What is wrong is not raised but returned as `QueryError`s with the place and what would be right, so that all mistakes
of a query are told at once. Pure.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from alerts import patterns
from alerts.terms import is_run, words
from alerts.tree import Near, Pattern, Term

FIELDS = ("title", "text", "author", "category", "link", "removed", "added", "feed", "lang", "topic")
MAX_WORDS = 30
MAX_RUN_GAPS = 6
MAX_NEAR_WORDS = 8
MAX_DISTANCE = 100

_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_TOKEN = re.compile(
    r'\s*(?:(?P<paren>[()])|(?P<quote>["“„«])|(?P<slash>/(?=[^\s/]))|(?P<field>[A-Za-z]+:(?=["“„«(]|[^\s()]))'
    r'|(?P<word>[^\s()"“”„«»]+|.))'
)


@dataclass(frozen=True, slots=True)
class QueryError:
    """A mistake, or a warning, in a query: where (code points of its text), what is wrong and what would be right."""

    offset: int
    length: int
    message: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query. `text` is the inside of a phrase or pattern, the name of a field without its colon.
    `distance` is the number behind a phrase's `~`."""

    kind: Literal["word", "phrase", "pattern", "field", "AND", "OR", "NOT", "(", ")", "end"]
    text: str
    offset: int
    length: int
    distance: int | None = None


def tokens(query: str) -> tuple[list[Token], list[QueryError]]:
    """The tokens of a query with an `end` after the last, and what could not be read."""
    found: list[Token] = []
    errors: list[QueryError] = []
    place, end = 0, len(query.rstrip())
    while place < end:
        match = _TOKEN.match(query, place)
        if match is None:  # cannot be: the last alternative takes any sign
            break
        kind = str(match.lastgroup)
        start, place = match.span(kind)
        text = match[kind]
        if kind == "quote":
            place = _phrase(query, start, found, errors)
        elif kind == "slash":
            place = _pattern(query, start, found, errors)
        elif kind == "field":
            place = _field(query, start, text[:-1], found, errors)
        elif kind == "word":
            found.append(Token(_operator(text), text, start, len(text)))
        else:
            found.append(Token("(" if text == "(" else ")", text, start, 1))
    found.append(Token("end", "", end, 0))
    return found, errors


def _operator(text: str) -> Literal["word", "AND", "OR", "NOT"]:
    match text:
        case "AND" | "OR" | "NOT":
            return text
        case _:
            return "word"


def _phrase(query: str, start: int, found: list[Token], errors: list[QueryError]) -> int:
    """Read a quoted phrase; returns the place after it."""
    closing = _QUOTES[query[start]]
    end = next((place for place in range(start + 1, len(query)) if query[place] in closing), -1)
    if end < 0:
        errors.append(QueryError(start, 1, f"this quote is never closed: a {closing[-1]} must follow the phrase"))
        end = len(query)
    nearness = re.compile(r"~(\d*)").match(query, end + 1)
    after = nearness.end() if nearness else min(end + 1, len(query))
    distance = None
    if nearness:
        distance = min(int(nearness[1] or 0), MAX_DISTANCE + 1)
        if not 1 <= distance <= MAX_DISTANCE:
            hint = f'how many words apart, 1 to {MAX_DISTANCE}, must follow ~: "aid convoy"~5'
            errors.append(QueryError(nearness.start(), len(nearness[0]), hint))
    found.append(Token("phrase", query[start + 1 : end], start, after - start, distance))
    return after


def _pattern(query: str, start: int, found: list[Token], errors: list[QueryError]) -> int:
    """Read a regular expression; returns the place after it. `\\/` is a slash in it."""
    closed = re.compile(r"/((?:[^/\\]|\\.)*)/", re.DOTALL).match(query, start)
    if closed is None:
        errors.append(QueryError(start, 1, "this / is never closed: a / must follow the regular expression"))
        found.append(Token("pattern", query[start + 1 :].rstrip(), start, len(query) - start))
        return len(query)
    found.append(Token("pattern", closed[1], start, len(closed[0])))
    return closed.end()


def _field(query: str, start: int, name: str, found: list[Token], errors: list[QueryError]) -> int:
    """Read `name:`; an unknown one is a mistake, and what follows is read as if it stood alone."""
    after = start + len(name) + 1
    follows_field = bool(found) and found[-1].kind == "field" and found[-1].offset + found[-1].length == start
    if name in FIELDS:
        found.append(Token("field", name, start, len(name) + 1))
    elif follows_field or query.startswith("//", after):
        word = re.compile(r'[^\s()"“”„«»]+').match(query, start)
        text = word[0] if word else name
        found.append(Token("word", text, start, len(text)))
        return start + len(text)
    else:
        meant = nearest(name.lower(), FIELDS)
        errors.append(
            QueryError(
                start, len(name) + 1, f"unknown field {name}:{_did_you_mean(meant)}; fields are {_listed(FIELDS)}"
            )
        )
    return after


def read_term(text: str) -> tuple[Term | None, list[QueryError]]:
    """A word or phrase as written (without quotes) into a term; offsets of errors count from its first code point."""
    exact = text.startswith("=")
    open_start = text.startswith("*", exact)
    open_end = text.endswith("*") and len(text) > exact + open_start
    start, end = exact + open_start, len(text) - open_end
    inner = text[start:end]
    star = inner.find("*")
    if star >= 0:
        return None, [QueryError(start + star, 1, "* stands for letters only at the start or the end of a term")]
    folded = tuple(words(inner))
    if not folded:
        hint = {"&": "write AND", "&&": "write AND", "|": "write OR", "||": "write OR", "!": "write NOT"}.get(text)
        return None, [QueryError(0, max(len(text), 1), hint or "a term needs at least one letter or digit")]
    gaps = sum(is_run(left) and is_run(right) for left, right in pairwise(folded))
    if len(folded) > MAX_WORDS or gaps > MAX_RUN_GAPS:
        return None, [QueryError(0, len(text), f"too long: at most {MAX_WORDS} words, or {MAX_RUN_GAPS + 1} parts")]
    return Term(text.strip(), folded, open_start, open_end, exact), []


def read_near(text: str, distance: int, written: str) -> tuple[Near | None, list[QueryError]]:
    """The words of a phrase with `~` behind it; offsets of errors count from the phrase's first code point."""
    terms: list[Term] = []
    errors: list[QueryError] = []
    for word in re.finditer(r"\S+", text):
        term, wrong = read_term(word[0])
        errors += [QueryError(word.start() + error.offset, error.length, error.message) for error in wrong]
        terms += [term] if term else []
    if not errors and len({term.words for term in terms}) < len(terms):
        errors.append(QueryError(0, len(text), "the same word twice: words near each other are different ones"))
    if not errors and not 2 <= len(terms) <= MAX_NEAR_WORDS:
        errors.append(QueryError(0, max(len(text), 1), f"two to {MAX_NEAR_WORDS} words must stand before ~"))
    return (None, errors) if errors else (Near(written, tuple(terms), distance), [])


def read_pattern(source: str) -> tuple[Pattern | None, list[QueryError]]:
    """What stands between slashes; offsets of errors count from its first code point."""
    wrong = patterns.refusal(source)
    return (None, [QueryError(*wrong)]) if wrong else (Pattern(f"/{source}/", source), [])


def is_pattern(term: str) -> bool:
    """Whether a term of a topic is written as a regular expression."""
    written = term.strip()
    return len(written) > 2 and written[0] == written[-1] == "/"


def read_topic_term(text: str) -> tuple[Term | Pattern | None, list[QueryError]]:
    """A term of a topic: a word, several as a phrase, or a regular expression."""
    if is_pattern(text):
        pattern, errors = read_pattern(text.strip()[1:-1])
        shift = text.index("/") + 1
        return pattern, [QueryError(error.offset + shift, error.length, error.message) for error in errors]
    return read_term(text)


def check_term(text: str) -> tuple[QueryError, ...]:
    """What is wrong with a term of a topic: there `*`, `=` and `/…/` work, operators and fields do not. What
    `topic:NAME` names is looked at by `alerts.topics`."""
    name, colon, rest = text.strip().partition(":")
    if colon and rest.strip() and name == "topic":
        return ()
    if colon and rest.strip() and name in FIELDS and not is_pattern(text):
        return (QueryError(0, len(name) + 1, f"{name}: works in a query, not in a topic: write the word alone"),)
    return tuple(read_topic_term(text)[1])


def nearest(word: str, known: "tuple[str, ...] | list[str]") -> str:
    """The known word most like this one, "" when none is."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, 0.6)), "")


def _did_you_mean(word: str) -> str:
    return f", did you mean {word}: ?" if word else ""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
