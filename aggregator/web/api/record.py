"""Answers about the record: items, their histories, the log."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated

from fastapi import Query, Request, Response

from aggregator.shown.chapters import chapter_of, contents_of
from aggregator.shown.rows import event_row, item_row
from aggregator.shown.search import WrongQuery, matcher
from aggregator.shown.status import head_row
from aggregator.web.api.backend import Backend, knows_item, unknown
from aggregator.web.api.cursors import ahead
from aggregator.web.api.paging import SECONDS, document, filled
from aggregator.web.api.questions import (
    EventQuery,
    HistoryQuery,
    ItemQuery,
    Question,
    kinds_of,
    moment,
    parts_of,
    place_of,
    position_of,
)
from aggregator.web.refusal import Refused
from store.events import FeedId, ItemId, Position, Recorded, TextDigest, feed_stream
from store.ports import EventFilter, ItemFilter, ItemRow, Place, Window

SEARCHED = 100
"""Items whose texts are read at once to be searched."""

Fits = Callable[[ItemRow], bool]


class RecordAnswers:
    """Each method answers one address; FastAPI calls it in a thread."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._store = backend.store

    def head(self) -> Response:
        """The end of the log: cheap to ask, and different whenever anything was recorded."""
        with self._store.read() as tx:
            return document(head_row(tx.log.head()))

    def items(self, request: Request, wanted: Annotated[ItemQuery, Query()]) -> Response:
        """What is known, newest first by when we saw it.

        With `match` or `state` a page ends after a second's search, full or not: follow `next` until it is null.
        """
        fits = self._matcher(wanted.match) if wanted.match is not None else None
        since = moment(wanted.since, self._backend.now()) if wanted.since is not None else None
        with self._store.views() as views:
            question = Question.of(request, views.tx.log.head().position)
            if wanted.feed is not None:
                self._backend.knows_feed(views, wanted.feed)
        chosen = ItemFilter(feed=FeedId(wanted.feed) if wanted.feed else None, since=since, state=wanted.wanted_state)

        def look(before: Place | None, most: int) -> tuple[Sequence[ItemRow], Place | None]:
            with self._store.views() as views:
                if fits is None:
                    window = views.pages.items(chosen, before=before, most=most)
                    return window.rows, window.end
                window = views.pages.items(chosen, before=before, most=SEARCHED, texts=True)
            return _searched(window, fits, most)

        rows, end = filled(look, place_of(question), wanted.limit, self._backend.clock)
        return question.answer({"data": [item_row(row) for row in rows]}, parts_of(end))

    def _matcher(self, query: str) -> Fits:
        settings = self._backend.settings()
        try:
            return matcher(query, {name: topic.any for name, topic in settings.topics.items()}, settings.feeds)
        except WrongQuery as wrong:
            told = "; ".join(f"at character {error.offset + 1}: {error.message}" for error in wrong.errors[:5])
            raise Refused(400, "bad_query", f"`match`: {told}") from None

    def history(self, request: Request, feed: str, item: str, wanted: Annotated[HistoryQuery, Query()]) -> Response:
        """An item, and what was observed of it when, oldest first, with word diffs between its versions."""
        name = ItemId(f"{feed}/{item}")
        with self._store.views() as views:
            row = next(views.items(ItemFilter(item=name)), None)
            if row is None:
                raise unknown("item", name, "/api/items lists them")
            question = Question.of(request, views.tx.log.head().position)
            after = position_of(question)
            events = views.tx.log.read(after, wanted.limit + 1, subject=name)
            contents = contents_of(views, name)
        until = self._backend.clock() + SECONDS
        told: list[dict[str, object]] = []
        for recorded in events[: wanted.limit]:
            if told and self._backend.clock() >= until:
                break
            chapter = chapter_of(recorded, contents, self._texts)
            told += [chapter.as_row()] if chapter is not None else []
            after = recorded.position
        more = bool(events) and after < events[-1].position
        return question.answer({"item": item_row(row), "history": told}, (after,) if more else None)

    def _texts(self, digests: Collection[TextDigest]) -> Mapping[TextDigest, str]:
        with self._store.read() as tx:
            return tx.texts.get(digests)

    def events(self, wanted: Annotated[EventQuery, Query()]) -> Response:
        """The log itself, in its order. To follow it, ask again with `after` = `next`.

        With filters a page ends after a second's search, full or not; `more` says whether the log goes on.
        """
        kinds = kinds_of(wanted.kinds)
        with self._store.views() as views:
            head = views.tx.log.head().position
            if wanted.after > head:
                raise ahead(wanted.after, head)
            if wanted.feed is not None:
                self._backend.knows_feed(views, wanted.feed)
            if wanted.item is not None:
                knows_item(views, wanted.item)
        chosen = EventFilter(feed_stream(FeedId(wanted.feed)) if wanted.feed else None, wanted.item, kinds)
        reached = head

        def look(after: Position | None, most: int) -> tuple[Sequence[Recorded], Position | None]:
            nonlocal reached
            with self._store.views() as views:
                window = views.pages.events(chosen, after=after or Position(0), most=most)
                reached = views.tx.log.head().position
            return window.rows, window.end

        rows, end = filled(look, Position(wanted.after), wanted.limit, self._backend.clock)
        told = [event_row(row) for row in rows]
        return document({"data": told, "next": reached if end is None else end, "more": end is not None})


def _searched(window: Window[ItemRow, Place], fits: Fits, most: int) -> tuple[list[ItemRow], Place | None]:
    """What fits of a window, at most so many, and how far that came."""
    found: list[ItemRow] = []
    for number, row in enumerate(window.rows, start=1):
        if fits(row):
            found.append(row)
        if len(found) == most and number < len(window.rows):
            return found, Place(row.observed_at, row.id)
    return found, window.end
