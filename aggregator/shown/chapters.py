"""The history of one item, told from the log: a chapter per event, with word diffs between versions. No printing."""

from collections.abc import Mapping
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
from store.ports import Views

ERASED = "(this text was erased)"


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
    events = [recorded for recorded in _all(views, item) if recorded.event.KIND.startswith(("item.", "text."))]
    versions = views.tx.items.versions(item)
    digests = {digest for version in versions for digest in (version.content.title, version.content.text)}
    texts = views.tx.texts.get(digests)
    contents = {version.number: version.content for version in versions}
    return [_chapter(recorded, contents, texts) for recorded in events]


def _all(views: Views, item: ItemId) -> list[Recorded]:
    found: list[Recorded] = []
    while batch := views.tx.log.read(found[-1].position if found else Position(0), 500, subject=item):
        found += batch
    return found


def _chapter(recorded: Recorded, contents: Mapping[int, Content], texts: Mapping[TextDigest, str]) -> Chapter:
    def chapter(*details: str, **more: object) -> Chapter:
        event = recorded.event
        return Chapter(recorded.position, recorded.recorded_at, event.KIND, headline(event), details, **more)  # type: ignore[arg-type]  # the callers below pass the dataclass's own fields

    match recorded.event:
        case ItemPublished() as e:
            return chapter(
                f"the source dates it {e.content.published or '(no date)'}",
                version=1,
                title=texts.get(e.content.title, ERASED),
                text=texts.get(e.content.text, ERASED),
            )
        case ItemRevised() as e:
            return chapter(
                f"changed: {', '.join(e.fields)}",
                version=e.to_version,
                title=texts.get(e.content.title, ERASED),
                diffs=_diffs(contents[e.from_version], e.content, texts),
            )
        case ItemAbsent() | ItemDelisted() | ItemWithdrawn() as e:
            return chapter(*e.evidence)
        case TextErased() as e:
            return chapter(e.why)
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
