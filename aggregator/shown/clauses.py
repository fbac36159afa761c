"""A query judged clause by clause: lines for people, and the same for JSON. Pure.

In: an `alerts.rules.Clause`. Out: a line for each part of the query, indented by depth, or one nested row.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from alerts.plain import one_line
from alerts.rules import Clause
from store.events import Hit


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
        "terms": [
            {"term": term.term, "hits": [{"field": h.field, "start": h.start, "end": h.end} for h in term.hits]}
            for term in clause.terms
        ],
        "parts": [clause_row(part) for part in clause.parts],
    }


def _places(clause: Clause) -> str:
    """Where the terms of a clause stand, in words."""
    found = [f"{term.term} in {_fields(term.hits)}" for term in clause.terms if term.hits]
    if found:
        return ": " + "; ".join(found)
    looked_for = [term.term for term in clause.terms if term.term != clause.text]
    return "" if not clause.terms else f": nowhere ({', '.join(looked_for)})" if looked_for else ": nowhere"


def _fields(hits: Sequence[Hit]) -> str:
    counted = Counter(hit.field for hit in hits)
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in counted.items())
