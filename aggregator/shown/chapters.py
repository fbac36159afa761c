"""The history of one item, told from the log: a chapter per event, with word diffs between versions. No printing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from aggregator.shown.telling import headline
from alerts.diff import Entry, word_diff
from store.events import (
    Content,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
    TextDigest,
    TextErased,
)
from store.ports import ERASED, Views
from store.walk import events

Contents = Sequence[tuple[Position, Content]]
"""What an item was known to say, and from where in the log on."""
_NOISE = {
    "template": ("nothing but a block that many entries of the feed have came or went: it is the site's",),
    "volatile": ("nothing changed but what changes with every document",),
}
TextsOf = Callable[[Collection[TextDigest]], Mapping[TextDigest, str]]
"""`store.ports.Texts.get`."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event in an item's life. `diffs` are (field, word diff) pairs; `text` is shown where it is first
    known: of version 1, and of its page.
    """

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
    """What the item was known to say, reading after reading."""
    return [(version.position, version.content) for version in views.tx.items.versions(item)]


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
            before = _before(contents, recorded.position)
            texts = texts_of(_digests(before) | _digests(e.content))
            return chapter(
                f"changed: {', '.join(e.fields)}",
                *_NOISE.get(e.hold, ()),
                version=e.to_version,
                title=texts.get(e.content.title, ERASED),
                diffs=_diffs(before, e.content, texts),
            )
        case ItemCompleted() as e if e.content.page:
            text = texts_of({e.content.page.text}).get(e.content.page.text, ERASED)
            return chapter("the text of its page:", version=e.version, text=text)
        case ItemReextracted() as e:
            before = _before(contents, recorded.position)
            texts = texts_of(_digests(before) | _digests(e.content))
            told = f"{e.formerly} had read it otherwise than {e.parser} does"
            return chapter(told, version=e.version, diffs=_diffs(before, e.content, texts))
        case ItemAbsent() | ItemDelisted() | ItemWithdrawn() as e:
            return chapter(*e.evidence)
        case TextErased() as e:
            return chapter(f"by {e.who}: {e.why}")
        case _:
            return chapter()


def _before(contents: Contents, position: Position) -> Content:
    """What the item was known to say before that event."""
    return next(content for at, content in reversed(contents) if at < position)


def _digests(content: Content) -> set[TextDigest]:
    return {content.title, content.text, *([content.page.text] if content.page else ())}


def _diffs(
    before: Content, after: Content, texts: Mapping[TextDigest, str]
) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    pairs = [("title", before.title, after.title), ("text", before.text, after.text)]
    if before.page and after.page:
        pairs.append(("page", before.page.text, after.page.text))
    return tuple(
        (name, word_diff(texts[old], texts[new]).entries)
        for name, old, new in pairs
        if old != new and old in texts and new in texts
    )
