"""Which sources cannot be seen, grouped by the reason: a hundred that fail alike are one line. Pure; no printing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.shown.sources import Source
from aggregator.shown.telling import reason_in_words
from store import walk
from store.events import DAEMON_STREAM, NetworkLost, NetworkRestored
from store.ports import Views


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason in words, and who fails for it; `since` is when the first of them began to."""

    words: str
    since: datetime
    feeds: tuple[str, ...]


def troubles_of(sources: Iterable[Source]) -> list[Trouble]:
    """Those that are watched and cannot be seen, by reason; what strikes most of them first."""
    failing: dict[str, list[tuple[datetime, str]]] = {}
    for source in sources:
        known = source.known
        if known is not None and known.failing_since is not None and source.feed.enabled:
            failing.setdefault(reason_in_words(known.reason), []).append((known.failing_since, source.feed.id))
    troubles = [
        Trouble(words, min(since for since, _ in those), tuple(feed for _, feed in those))
        for words, those in failing.items()
    ]
    return sorted(troubles, key=lambda trouble: (-len(trouble.feeds), trouble.since, trouble.words))


def some(names: Sequence[str], most: int) -> str:
    """The names in a sentence, at most so many of them: `a, b and 3 more`."""
    rest = len(names) - most
    return ", ".join(names[:most]) + f" and {rest} more" if rest > 0 else ", ".join(names)


def network_lost_since(views: Views) -> datetime | None:
    """Since when our own network is lost, as the log knows it; None while it is not."""
    since = None
    for recorded in walk.events(views.tx.log, stream=DAEMON_STREAM, kinds=[NetworkLost.KIND, NetworkRestored.KIND]):
        since = recorded.event.since if isinstance(recorded.event, NetworkLost) else None
    return since
