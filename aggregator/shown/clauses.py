"""A query judged clause by clause: lines for people, and the same for JSON. Pure.

In: an `alerts.rules.Clause`. Out: a line for each part of the query, indented by depth, or one nested row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from alerts.misses import NearMiss
from alerts.plain import one_line
from alerts.rules import Clause, TermSeen
from store.events import Hit

MOST_MISSES = 3
"""Near misses told of one part of a query."""
MOST_SIGNS = 300


def clause_lines(clause: Clause, depth: int = 0) -> Iterator[str]:
    """Whether each part holds, and where its terms stand."""
    places = "" if clause.parts else _places(clause)
    yield f"{'yes' if clause.holds else 'no ':<3}  {'  ' * depth}{one_line(clause.text)}{places}"
    for part in clause.parts:
        yield from clause_lines(part, depth + 1)


def clause_row(clause: Clause) -> dict[str, object]:
    """The clause with its parts."""
    return {
        "text": clause.text,
        "holds": clause.holds,
        "terms": [_term_row(term) for term in clause.terms],
        "parts": [clause_row(part) for part in clause.parts],
    }


def _places(clause: Clause) -> str:
    """Where the terms of a clause stand, in words."""
    found = [f"{term.term} in {_fields(term.hits)}" for term in clause.terms if term.hits]
    if found:
        return ": " + "; ".join(found)
    if clause.holds or not clause.terms:
        return ""  # what stood in a removed text stands in none of these
    alone = len(clause.terms) == 1 and clause.terms[0].term in clause.text
    looked_for = [] if alone else [term.term for term in clause.terms]
    misses = [f"{term.term}: " * (len(clause.terms) > 1) + _miss(term.miss) for term in clause.terms if term.miss]
    more = f"; and {len(misses) - MOST_MISSES} more" if len(misses) > MOST_MISSES else ""
    but = f", but {'; '.join(misses[:MOST_MISSES])}{more}" if misses else ""
    terms = f" ({one_line(', '.join(looked_for), MOST_SIGNS)})" if looked_for else ""
    return f": nowhere{terms}{but}"


def _miss(miss: NearMiss) -> str:
    """A near miss, in words."""
    seen = f"“{one_line(miss.seen, 80)}”"
    match miss.reason:
        case "other-case":
            return f"{seen} stands in {miss.field}, in another case"
        case "untouched":
            return f"{seen} stands in {miss.field}, and the edit did not touch it"
        case "added":
            return f"the edit put {seen} in, it did not take it out"
        case "other-field":
            return f"{seen} stands in {miss.field}"
        case "too-far":
            return f"in {miss.field} its words stand {miss.distance} words apart at the nearest: {seen}"
        case "other-text":
            return f"{seen} stands in {miss.field}, the rest in another text"
        case "other-form":
            return f"{seen} stands in {miss.field}, another form"
        case "inside-a-word":
            return f"it stands inside {seen} in {miss.field}"
        case "without-boundary":
            return f"{seen} stands in {miss.field}, where no \\b is"
        case "words-missing":
            return f"{seen} stands in {miss.field}, without {', '.join(miss.missing)}"
        case _:
            assert_never(miss.reason)


def _term_row(term: TermSeen) -> dict[str, object]:
    miss = term.miss
    return {
        "term": term.term,
        "hits": [{"field": hit.field, "start": hit.start, "end": hit.end} for hit in term.hits],
        "near_miss": miss
        and {
            "reason": miss.reason,
            "field": miss.field,
            "start": miss.start,
            "end": miss.end,
            "seen": miss.seen,
            "distance": miss.distance,
            "missing": list(miss.missing),
        },
    }


def _fields(hits: Sequence[Hit]) -> str:
    counted = Counter(hit.field for hit in hits)
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in counted.items())
