"""Tokens and terms of the query language: the text of a query or topic term in, tokens or a `Term` out.

What is wrong is not raised but returned as `QueryError`s with the place and what would be right, so that all mistakes
of a query are told at once. Pure.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from alerts.terms import is_run, words
from alerts.tree import Term

FIELDS = ("title", "text", "author", "category", "link", "feed", "lang", "topic")
LATER_FIELDS = ("removed", "added")
MAX_WORDS = 30
MAX_RUN_GAPS = 6

_QUOTES = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_TOKEN = re.compile(
    r'\s*(?:(?P<paren>[()])|(?P<quote>["“„«])|(?P<field>[A-Za-z]+:(?=["“„«(]|[^\s()]))|(?P<word>[^\s()"“”„«»]+|.))'
)
_LATER = "not supported yet"


@dataclass(frozen=True, slots=True)
class QueryError:
    """A mistake, or a warning, in a query: where (code points of its text), what is wrong and what would be right."""

    offset: int
    length: int
    message: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query. `text` is the inside of a phrase, the name of a field without its colon."""

    kind: Literal["word", "phrase", "field", "AND", "OR", "NOT", "(", ")", "end"]
    text: str
    offset: int
    length: int


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
    found.append(Token("phrase", query[start + 1 : end], start, min(end + 1, len(query)) - start))
    nearness = re.compile(r"~\d*").match(query, end + 1)
    if nearness is None:
        return end + 1
    errors.append(QueryError(nearness.start(), len(nearness[0]), f'words near each other ("…"~5): {_LATER}'))
    return nearness.end()


def _field(query: str, start: int, name: str, found: list[Token], errors: list[QueryError]) -> int:
    """Read `name:`; an unknown one is a mistake, and what follows is read as if it stood alone."""
    after = start + len(name) + 1
    follows_field = bool(found) and found[-1].kind == "field" and found[-1].offset + found[-1].length == start
    if name in FIELDS:
        found.append(Token("field", name, start, len(name) + 1))
    elif name in LATER_FIELDS:
        errors.append(QueryError(start, len(name) + 1, f"{name}: is {_LATER}"))
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
    if re.fullmatch(r"\s*/.+/\s*", text):
        return None, [QueryError(0, len(text), f"regular expressions (/…/): {_LATER}")]
    folded = tuple(words(inner))
    if not folded:
        hint = {"&": "write AND", "&&": "write AND", "|": "write OR", "||": "write OR", "!": "write NOT"}.get(text)
        return None, [QueryError(0, max(len(text), 1), hint or "a term needs at least one letter or digit")]
    gaps = sum(is_run(left) and is_run(right) for left, right in pairwise(folded))
    if len(folded) > MAX_WORDS or gaps > MAX_RUN_GAPS:
        return None, [QueryError(0, len(text), f"too long: at most {MAX_WORDS} words, or {MAX_RUN_GAPS + 1} parts")]
    return Term(text.strip(), folded, open_start, open_end, exact), []


def check_term(text: str) -> tuple[QueryError, ...]:
    """What is wrong with a term of a topic: there `*` and `=` work, operators and fields do not."""
    name, colon, rest = text.strip().partition(":")
    if colon and rest.strip() and name == "topic":
        return (QueryError(0, len(text), f"a topic inside a topic: {_LATER}"),)
    if colon and rest.strip() and name in FIELDS + LATER_FIELDS:
        return (QueryError(0, len(name) + 1, f"{name}: works in a query, not in a topic: write the word alone"),)
    return tuple(read_term(text)[1])


def nearest(word: str, known: "tuple[str, ...] | list[str]") -> str:
    """The known word most like this one, "" when none is."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, 0.6)), "")


def _did_you_mean(word: str) -> str:
    return f", did you mean {word}: ?" if word else ""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
