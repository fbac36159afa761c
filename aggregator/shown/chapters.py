"""The history of one item, told from the log: a chapter per event, with word diffs between versions. No printing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from aggregator.shown.telling import headline
from alerts.diff import Entry, word_diff
from store.events import (
    Content,
    ItemAbsent,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
    TextDigest,
    TextErased,
)
from store.ports import ERASED, Views
from store.walk import events

Contents = Mapping[int, Content]
TextsOf = Callable[[Collection[TextDigest]], Mapping[TextDigest, str]]
"""`store.ports.Texts.get`."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event in an item's life. `diffs` are (field, word diff) pairs; `text` is shown for version 1 only."""

    position: Position
    at: datetime
    kind: str
    headline: str
    details: tuple[str, ...] = ()
    version: int | None = None
    title: str | None = None
    text: str | None = None
    diffs: tuple[tuple[str, tuple[Entry, ...]], ...] = field(default=())

    def as_row(self) -> dict[str, object]:
        """The chapter for JSON."""
        return asdict(self)


def chapters_of(views: Views, item: ItemId) -> list[Chapter]:
    """Every chapter of the item's life, oldest first."""
    contents = contents_of(views, item)
    told = (chapter_of(recorded, contents, views.tx.texts.get) for recorded in events(views.tx.log, subject=item))
    return [chapter for chapter in told if chapter is not None]


def contents_of(views: Views, item: ItemId) -> Contents:
    """What each version of the item says, by its number."""
    return {version.number: version.content for version in views.tx.items.versions(item)}


def chapter_of(recorded: Recorded, contents: Contents, texts_of: TextsOf) -> Chapter | None:
    """The chapter that an event is; None where it is about something else than the item itself, as an alert is."""
    event = recorded.event
    if not event.KIND.startswith(("item.", "text.")):
        return None

    def chapter(*details: str, **more: object) -> Chapter:
        return Chapter(recorded.position, recorded.recorded_at, event.KIND, headline(event), details, **more)  # type: ignore[arg-type]  # the callers below pass the dataclass's own fields

    match event:
        case ItemPublished() as e:
            texts = texts_of({e.content.title, e.content.text})
            return chapter(
                f"the source dates it {e.content.published or '(no date)'}",
                version=1,
                title=texts.get(e.content.title, ERASED),
                text=texts.get(e.content.text, ERASED),
            )
        case ItemRevised() as e:
            before = contents[e.from_version]
            texts = texts_of({before.title, before.text, e.content.title, e.content.text})
            return chapter(
                f"changed: {', '.join(e.fields)}",
                version=e.to_version,
                title=texts.get(e.content.title, ERASED),
                diffs=_diffs(before, e.content, texts),
            )
        case ItemAbsent() | ItemDelisted() | ItemWithdrawn() as e:
            return chapter(*e.evidence)
        case TextErased() as e:
            return chapter(f"by {e.who}: {e.why}")
        case _:
            return chapter()


def _diffs(
    before: Content, after: Content, texts: Mapping[TextDigest, str]
) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    pairs = (("title", before.title, after.title), ("text", before.text, after.text))
    return tuple(
        (name, word_diff(texts[old], texts[new]).entries)
        for name, old, new in pairs
        if old != new and old in texts and new in texts
    )
