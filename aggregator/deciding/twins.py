"""One statement in several feeds of a source: what an event repeats, and what is still listed elsewhere. Pure.

In come the statements of a poll that came, changed, left or came back, and the items that have their links in sibling
feeds. Out: the same events, those that repeat a sibling's with their `twin`, and the items that a sibling still lists.
Words are compared by the sibling's own salted digests, so nothing of it has to be read. Of several siblings the one is
named that said it, left or came back last: so a chain of twins leads through all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from store.chain import text_digest
from store.events import (
    Event,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemState,
    ItemWithdrawn,
    Key,
    Position,
    Twin,
)
from store.ports import KnownItem

GONE: tuple[ItemState, ...] = ("withdrawn", "delisted")
_NOWHERE = Position(0)
_WORDS = frozenset({"title", "text"})


@dataclass(frozen=True, slots=True)
class Statement:
    """What an item of this feed says, with the alias by its link. Texts are None where they were erased; `about` (as
    JSON), `markup` and `page` (what its page says) where they are not at hand. `left`: it left or came back, or is
    missed.
    """

    link: Key
    title: str | None
    text: str | None
    about: str | None = None
    markup: str | None = None
    page: str | None = None
    left: bool = False


@dataclass(frozen=True, slots=True)
class Sibling:
    """An item of a sibling feed with the same link. Positions of events, 0 where they do not matter: `said_at`, with
    which it came to say what it says, and `turned_at`, which took it away or brought it back (`came_back`). `listed`:
    it stands in the last accepted window of a feed that can be seen.
    """

    known: KnownItem
    said_at: Position = _NOWHERE
    turned_at: Position = _NOWHERE
    came_back: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """The statements of a poll that may stand in sibling feeds too, and the items that have their links there."""

    statements: Mapping[ItemId, Statement] = field(default_factory=dict)
    siblings: Mapping[Key, Sequence[Sibling]] = field(default_factory=dict)

    @property
    def listed_elsewhere(self) -> frozenset[ItemId]:
        """Those that a sibling feed still lists, in whatever words: they are not gone."""
        return frozenset(
            item
            for item, statement in self.statements.items()
            if statement.left and any(each.listed for each in self.siblings.get(statement.link, ()))
        )

    def with_twins(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """The events, those that repeat what a sibling feed has with their `twin`."""
        if not self.siblings:
            return tuple(events)
        return tuple(self._with_twin(event) for event in events)

    def _with_twin(self, event: Event) -> Event:
        match event:
            case ItemPublished():
                return replace(event, twin=self._same_words(event.item))
            case ItemCompleted():
                return replace(event, twin=self._same_words(event.item, ("page",)))
            case ItemRevised() if event.kind != "dates":
                return replace(event, twin=self._same_words(event.item, event.fields))
            case ItemWithdrawn():
                return replace(event, twin=self._same_turn(event.item, "withdrawn"))
            case ItemDelisted():
                return replace(event, twin=self._same_turn(event.item, "delisted"))
            case ItemRestored() if event.was in GONE:
                return replace(event, twin=self._same_turn(event.item, "published"))
            case _:
                return event

    def _same_words(self, item: ItemId, fields: Sequence[str] = ("text",)) -> Twin | None:
        """The sibling that came last to say the same. `fields`: what an edit changed: where neither title nor text is
        among them, that too must be the same.
        """
        statement = self.statements.get(item)
        found = [
            each
            for each in self._alike(statement)
            if not _WORDS.isdisjoint(fields) or (statement is not None and _same_beside(statement, each.known, fields))
        ]
        return _twin(max(found, key=lambda each: each.said_at, default=None))

    def _same_turn(self, item: ItemId, state: ItemState) -> Twin | None:
        """The sibling that last came to be in the same state."""
        found = [
            each
            for each in self._alike(self.statements.get(item))
            if each.known.state == state and (state in GONE or each.came_back)
        ]
        return _twin(max(found, key=lambda each: each.turned_at, default=None))

    def _alike(self, statement: Statement | None) -> list[Sibling]:
        if statement is None or statement.title is None or statement.text is None:
            return []
        return [
            each
            for each in self.siblings.get(statement.link, ())
            if not each.known.erased
            and text_digest(each.known.salt, statement.title) == each.known.content.title
            and text_digest(each.known.salt, statement.text) == each.known.content.text
        ]


NO_FAMILY = Family()


def _same_beside(statement: Statement, known: KnownItem, fields: Sequence[str]) -> bool:
    """What an edit changed that touched neither title nor text: the page, or author, categories, link and markup."""
    content = known.content
    if "page" in fields:
        page = content.page.text if content.page else None
        return statement.page is not None and text_digest(known.salt, statement.page) == page
    about = statement.about
    return about is not None and text_digest(known.salt, about) == content.about and statement.markup == content.markup


def _twin(sibling: Sibling | None) -> Twin | None:
    return Twin(sibling.known.id, sibling.known.version) if sibling else None
