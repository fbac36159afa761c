"""Answers about what watches and is told: sources, rules, the outbox, and how everything stands."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response

from aggregator.shown.rows import alert_row, delivery_row, rule_in_full, rule_row
from aggregator.shown.sources import sources_of, spells_of
from aggregator.shown.status import standing_of
from aggregator.web.api.backend import Backend, knows_item, unknown
from aggregator.web.api.paging import document, filled
from aggregator.web.api.questions import AlertQuery, FeedQuery, Paged, Question, name_of, parts_of, place_of
from aggregator.web.app import TRUSTED
from store.events import AlertId, FeedId, ItemId, RuleDefined, RuleId, rule_stream
from store.lock import holder
from store.ports import Delivery, DeliveryFilter, DeliveryState, Place

COUNTED = 50
"""Rules whose hits are counted at once."""
STATES: dict[str | None, tuple[DeliveryState, ...]] = {
    None: (), "pending": ("pending", "leased"), "held": ("held",), "delivered": ("delivered",), "dead": ("dead",),
}  # fmt: skip


class DeskAnswers:
    """Each method answers one address; FastAPI calls it in a thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store

    def status(self) -> Response:
        """How everything stands."""
        settings = self._backend.settings()
        running = holder(settings.store.url)
        with self._store.views() as views:
            return document(standing_of(settings, views).as_row(running))

    def feeds(self, request: Request, wanted: Annotated[FeedQuery, Query()]) -> Response:
        """The feeds of the settings, in the order of their ids."""
        with self._store.views() as views:
            question = Question.of(request, views.tx.log.head().position)
            sources = sources_of(self._backend.settings(), views)
        after = name_of(question)
        chosen = sorted(
            (each for each in sources if each.feed.id > after and wanted.state in (None, each.state)),
            key=lambda each: each.feed.id,
        )
        rows = [source.as_row() for source in chosen[: wanted.limit]]
        return question.answer({"data": rows}, (str(rows[-1]["id"]),) if len(chosen) > wanted.limit else None)

    def feed(self, feed: str) -> Response:
        """One feed, and when we could not see it."""
        settings = self._backend.settings()
        if feed not in settings.feeds:
            raise unknown("feed", feed, "/api/feeds lists them")
        with self._store.views() as views:
            source = next(each for each in sources_of(settings, views) if each.feed.id == feed)
            spells = spells_of(views, FeedId(feed))
        return document(source.as_row() | {"blind": [spell.as_row() for spell in spells]})

    def rules(self, request: Request, wanted: Annotated[Paged, Query()]) -> Response:
        """The rules in force, in the order of their ids."""
        with self._store.views() as views:
            question = Question.of(request, views.tx.log.head().position)
            in_force = views.tx.rules.in_force()

        def look(after: str | None, most: int) -> tuple[Sequence[tuple[RuleDefined, int]], str | None]:
            ahead = [rule for rule in in_force if rule.rule > (after or "")]
            counted = ahead[: min(most, COUNTED)]
            with self._store.views() as views:
                rows = [(rule, views.hits(rule.rule)) for rule in counted]
            return rows, counted[-1].rule if len(ahead) > len(counted) else None

        rows, end = filled(look, name_of(question), wanted.limit, self._backend.clock)
        return question.answer({"data": [rule_row(rule, hits) for rule, hits in rows]}, None if end is None else (end,))

    def rule(self, rule: str) -> Response:
        """One rule with all that the log says of it."""
        with self._store.views() as views:
            defined = next((each for each in views.tx.rules.in_force() if each.rule == rule), None)
            if defined is None:
                raise unknown("rule", rule, "/api/rules lists those in force")
            return document(rule_in_full(defined, views.hits(defined.rule)))

    def alerts(self, request: Request, wanted: Annotated[AlertQuery, Query()]) -> Response:
        """The outbox: what was sent, waits, is held or is dead; one row for each recipient, newest first.

        With filters a page ends after a second's search, full or not: follow `next` until it is null.
        """
        with self._store.views() as views:
            question = Question.of(request, views.tx.log.head().position)
            if wanted.rule is not None and not views.tx.log.version(rule_stream(RuleId(wanted.rule))):
                raise unknown("rule", wanted.rule, "/api/rules lists those in force")
            if wanted.item is not None:
                knows_item(views, wanted.item)
        chosen = DeliveryFilter(
            STATES[wanted.state],
            RuleId(wanted.rule) if wanted.rule else None,
            ItemId(wanted.item) if wanted.item else None,
        )

        def look(before: Place | None, most: int) -> tuple[Sequence[Delivery], Place | None]:
            with self._store.views() as views:
                window = views.pages.deliveries(chosen, before=before, most=most)
            return window.rows, window.end

        rows, end = filled(look, place_of(question), wanted.limit, self._backend.clock)
        known = _trusted(request)
        return question.answer({"data": [delivery_row(row, addresses=known) for row in rows]}, parts_of(end))

    def alert(self, request: Request, alert: str) -> Response:
        """One alert with its deliveries."""
        with self._store.views() as views:
            found = views.alerts(alert=AlertId(alert))
            if not found:
                raise unknown("alert", alert, "/api/alerts lists them, by whole ids")
            deliveries = views.deliveries(alert=found[0].alert)
        return document(alert_row(found[0], deliveries, addresses=_trusted(request)))


def _trusted(request: Request) -> bool:
    """Whether the request showed the token: addresses of recipients are for nobody else on the machine."""
    return bool(request.scope.get(TRUSTED))
