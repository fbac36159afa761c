"""Topics inside topics: `topic:other` among a topic's terms stands for all terms of that one. Pure.

In: the terms of every topic as written. Out: the terms of every topic, none of them `topic:…`, each once; and the
mistakes: topics that are not there, and topics that contain themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from alerts.syntax import QueryError, nearest

SIGN = "topic:"
Topics = Mapping[str, Sequence[str]]


class TopicMistake(NamedTuple):
    """A mistake in a topic's term of that number; `error` counts from the term's first code point."""

    topic: str
    number: int
    error: QueryError


def expanded(topics: Topics) -> dict[str, tuple[str, ...]]:
    """Every topic with the terms of those that it names in their place; what is wrong is left out."""
    return {name: tuple(dict.fromkeys(_terms(name, topics, {name}))) for name in topics}


def _terms(name: str, topics: Topics, seen: set[str]) -> Iterator[str]:
    """The terms of a topic and, where they are first named, of those inside it; `seen` are gone into already."""
    for term in topics[name]:
        other = named(term)
        if other is None:
            yield term
        elif other in topics and other not in seen:
            seen.add(other)
            yield from _terms(other, topics, seen)


def mistakes(topics: Topics) -> Iterator[TopicMistake]:
    """Every `topic:NAME` that cannot be followed."""
    for topic, terms in topics.items():
        for number, term in enumerate(terms):
            other = named(term)
            if other is None:
                continue
            place, length = term.index(SIGN), len(term.strip())
            if other not in topics:
                meant = nearest(other, list(topics))
                hint = f", did you mean {SIGN}{meant}?" if meant else ""
                yield TopicMistake(topic, number, QueryError(place, length, f"unknown topic {other}{hint}"))
            elif circle := _circle(topic, other, topics):
                message = f"a topic cannot contain itself: {' in '.join(circle)}"
                yield TopicMistake(topic, number, QueryError(place, length, message))


def named(term: str) -> str | None:
    """The topic that a term names, None for a term that is looked for."""
    written = term.strip()
    return written[len(SIGN) :].strip() if written.startswith(SIGN) and len(written) > len(SIGN) else None


def _circle(topic: str, other: str, topics: Topics) -> list[str]:
    """The way from `other` back to `topic`, innermost first, both included; empty when there is none."""
    if other == topic:
        return [topic, topic]
    ways, seen = [[topic, other]], {other}
    while ways:
        way = ways.pop()
        for term in topics[way[-1]]:
            following = named(term)
            if following == topic:
                return [topic, *reversed(way)]
            if following is not None and following in topics and following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return []
