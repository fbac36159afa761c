"""The log read again through a set of rules, as if it had always been in force: what would have been told, and held.

In: a store, the rules, a stretch of the log. Out: page after page the `Firing`s, in order. The judging is the reactor's
own: texts as they were at each event, holds as the events name them. What a rule "told before" is what this set would
have told, back to the beginning of the log, held alerts that were released by hand included.

Reads only; each page in a snapshot of its own, so that a long replay does not keep the write-ahead log from being
emptied. Events that come meanwhile are not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from alerts.blindness import Blindness
from alerts.comparison import own_name
from alerts.duplicates import repeats
from alerts.facts import Face, FeedCard
from alerts.judge import NOTHING, Earlier, Once, in_words, judgements
from alerts.react import CONCERNING_KINDS
from alerts.rules import Match, RuleSet
from alerts.sight import Sight, sights
from alerts.sources import WORDS, Health, hearers, source_of
from alerts.transitions import Fired, Telling, alert_id
from store import walk
from store.events import (
    AlertHeld,
    AlertId,
    AlertRaised,
    AlertReleased,
    FeedId,
    FeedRenamed,
    HealthEvent,
    ItemId,
    ItemPublished,
    NetworkLost,
    NetworkRestored,
    Position,
    ReadingEvent,
    Recorded,
    RuleDefined,
    RuleId,
    RuleRetired,
)
from store.ports import EventFilter, Store, Transaction, Views

PAGE = 500
_ALERTS = frozenset({AlertRaised.KIND, AlertHeld.KIND})
_READ = CONCERNING_KINDS - {RuleDefined.KIND, RuleRetired.KIND} | _ALERTS
_BEGINNING, _END = Position(0), Position(2**63 - 1)


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that a rule would have raised, or held (`hold`) because of an event.

    `face` is the version in which the terms stand, None where there is none. `item` None: it is about the source.
    """

    rule: RuleId
    transition: str
    hold: str
    cause: Recorded
    feed: FeedId
    item: ItemId | None = None
    match: Match = NOTHING
    face: Face | None = None
    blind_since: datetime | None = None

    @property
    def alert(self) -> AlertId:
        """The id that the alert would have."""
        return alert_id(own_name(self.rule), self.item or self.feed, self.transition, self.cause.position)


@dataclass(slots=True)
class Page:
    """A part of the log, read: `read_to` is its last position, `firings` those of each event that had any.

    `statements`: how many were published in it; `erased`: events whose texts are gone, so that nobody can judge them;
    `told`: the alerts that the log itself has there.
    """

    read_to: Position
    firings: list[Sequence[Firing]] = field(default_factory=list)
    told: list[AlertRaised | AlertHeld] = field(default_factory=list)
    statements: int = 0
    erased: int = 0


def replay(
    store: Store, rules: RuleSet, feeds: Mapping[FeedId, FeedCard], after: Position, until: Position
) -> Iterator[Page]:
    """The log after one position, up to and with another. `feeds` give the language of items that name none."""
    reader = _Reader(rules, feeds, _released(store))
    while after < until:
        with store.views() as views:
            page = reader.page(views, after, until)
        after = page.read_to
        yield page


def _released(store: Store) -> Mapping[AlertId, Position]:
    """When each held alert was let out, the first time if it was let out more than once."""
    released: dict[AlertId, Position] = {}
    with store.read() as tx:
        for one in walk.events(tx.log, kinds=[AlertReleased.KIND]):
            if isinstance(one.event, AlertReleased):
                released.setdefault(one.event.alert, one.position)
    return released


def former_names(tx: Transaction) -> Mapping[FeedId, Sequence[FeedId]]:
    """What each feed was called before, by its present id."""
    formerly: dict[FeedId, tuple[FeedId, ...]] = {}
    for one in walk.events(tx.log, kinds=[FeedRenamed.KIND]):
        if isinstance(one.event, FeedRenamed):
            older = formerly.pop(one.event.formerly, ())
            formerly[one.event.feed] = (one.event.formerly, *older)
    return formerly


@dataclass(slots=True)
class _Life:
    """What the rules would have told of an item as far as its life was read, and since when each of it counts as
    told."""

    read_to: Position
    told: dict[RuleId, list[tuple[Once, Position]]] = field(default_factory=dict)


class _Reader:
    """Reads page after page; remembers the lives of the items that left or came back, or that others repeat."""

    def __init__(self, rules: RuleSet, feeds: Mapping[FeedId, FeedCard], released: Mapping[AlertId, Position]) -> None:
        self._rules = rules
        self._feeds = feeds
        self._released = released
        self._lives: dict[ItemId, _Life] = {}
        self._blindness = Blindness()

    def page(self, views: Views, after: Position, until: Position) -> Page:
        """The next part of the log."""
        window = views.pages.events(EventFilter(kinds=_READ), after=after, most=PAGE)
        read = [one for one in window.rows if one.position <= until]
        page = Page(until if window.end is None else min(window.end, until))
        causes = [(one, one.event) for one in read if isinstance(one.event, Telling)]
        seen = sights(views.tx, causes, self._feeds, about=self._rules.looks_at_about)
        for recorded in read:
            firings: Sequence[Firing] = ()
            match recorded.event:
                case AlertRaised() | AlertHeld() as alert:
                    page.told.append(alert)
                case event if isinstance(event, Telling):
                    sight = seen[recorded.position]
                    page.statements += isinstance(event, ItemPublished)
                    page.erased += sight.erased
                    firings = self._of_item(views.tx, recorded, event, sight)
                case event if isinstance(event, HealthEvent | NetworkLost | NetworkRestored):
                    firings = self._of_source(views.tx, recorded, event)
            if firings:
                page.firings.append(firings)
        return page

    def _of_item(self, tx: Transaction, recorded: Recorded, cause: Telling, sight: Sight) -> Sequence[Firing]:
        is_read = isinstance(cause, ReadingEvent)
        told = {} if is_read else in_words(self._told(tx, cause.item, recorded.position))
        repeated = repeats(tx, recorded, cause, partial(self._told, tx))
        firings: list[Firing] = []
        blind_since = None
        for judged in judgements(self._rules, cause, sight, told, repeated):
            if isinstance(fired := judged.outcome, Fired):
                blind_since = blind_since if firings else self._blindness.since(tx, recorded, cause.feed)
                face = sight.before if fired.transition == "dropped" else sight.now
                firings.append(
                    Firing(judged.rule.rule, fired.transition, fired.hold, recorded, cause.feed, cause.item,
                           judged.match, face, blind_since)
                )  # fmt: skip
        return firings

    def _of_source(self, tx: Transaction, recorded: Recorded, event: Health) -> Sequence[Firing]:
        word, source = WORDS[type(event)], source_of(event)
        concerned = hearers(tx, self._rules, recorded, event, self._feeds)
        return [Firing(rule, word, "", recorded, source) for rule in concerned]

    def _told(self, tx: Transaction, item: ItemId, before: Position) -> Earlier:
        """What the rules would have told of the item before that event."""
        life = self._lives.setdefault(item, _Life(_BEGINNING))
        lived = [one for one in walk.events(tx.log, life.read_to, subject=item) if one.position < before]
        causes = [(one, one.event) for one in lived if isinstance(one.event, Telling)]
        seen = sights(tx, causes, self._feeds, about=self._rules.looks_at_about)
        for recorded, cause in causes:
            told, sight = in_words(_counting(life, recorded.position)), seen[recorded.position]
            repeated = repeats(tx, recorded, cause, partial(self._told, tx))
            for judged in judgements(self._rules, cause, sight, told, repeated):
                if isinstance(fired := judged.outcome, Fired):
                    since = self._told_since(judged.rule.rule, cause.item, fired, recorded.position)
                    once = Once(fired.transition, sight.now.version if sight.now else None, recorded.position)
                    life.told.setdefault(judged.rule.rule, []).append((once, since))
            life.read_to = recorded.position
        return _counting(life, before)

    def _told_since(self, rule: RuleId, item: ItemId, fired: Fired, cause: Position) -> Position:
        if not fired.hold:
            return cause
        return self._released.get(alert_id(own_name(rule), item, fired.transition, cause), _END)


def _counting(life: _Life, before: Position) -> Earlier:
    """What of it counts as told at a place in the log."""
    counting = {rule: [once for once, since in told if since < before] for rule, told in life.told.items()}
    return {rule: told for rule, told in counting.items() if told}
