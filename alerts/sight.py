"""What an item looked like when something happened to it: the faces that a rule judges, read from the store.

In: events, and the transaction that they are read in. Out: a `Sight` for each, texts and all. A text that was erased
leaves its face out (`erased`); nothing else can be missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.facts import Face, FeedCard
from alerts.transitions import Telling
from store.codec import about_from_text
from store.events import (
    About,
    Content,
    FeedId,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemRevised,
    Position,
    Recorded,
    TextDigest,
)
from store.ports import Transaction, Version

_NOTHING_SAID = About("", (), "")


@dataclass(frozen=True, slots=True)
class Sight:
    """The version judged now and, for an edit, the one before it; None where there is none or its text was erased."""

    now: Face | None
    before: Face | None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    number: int
    content: Content
    at: datetime


def sights(
    tx: Transaction,
    causes: Sequence[tuple[Recorded, Telling]],
    feeds: Mapping[FeedId, FeedCard],
    *,
    about: bool = True,
) -> Mapping[Position, Sight]:
    """The sights of these events by position; texts are fetched for all of them at once. `about` False leaves author,
    categories and link out, for rules that look at none of them."""
    seen = {recorded.position: _seen(tx, recorded, event) for recorded, event in causes}
    digests = {digest for pair in seen.values() for one in pair if one for digest in _digests(one.content, about=about)}
    texts = tx.texts.get(digests)
    found: dict[Position, Sight] = {}
    for recorded, event in causes:
        now, before = (
            _face(one, event.item, event.feed, feeds.get(event.feed), texts, about=about)
            for one in seen[recorded.position]
        )
        had_now, had_before = seen[recorded.position]
        erased = (had_now is not None and now is None) or (had_before is not None and before is None)
        found[recorded.position] = Sight(now, before, erased)
    return found


def _digests(content: Content, *, about: bool) -> tuple[TextDigest, ...]:
    page = (content.page.text,) if content.page else ()
    return (content.title, content.text, *page, *((content.about,) if about else ()))


def _seen(tx: Transaction, recorded: Recorded, event: Telling) -> tuple[_Seen | None, _Seen | None]:
    if isinstance(event, ItemPublished):
        return _Seen(1, event.content, recorded.recorded_at), None
    known = tx.items.versions(event.item)
    before = next((_version(one) for one in reversed(known) if one.position < recorded.position), None)
    match event:
        case ItemRevised():
            return _Seen(event.to_version, event.content, recorded.recorded_at), before
        case ItemCompleted():
            return _Seen(event.version, event.content, recorded.recorded_at), before
        case _:
            return before, None


def _version(version: Version) -> _Seen:
    return _Seen(version.number, version.content, version.recorded_at)


def _face(
    seen: _Seen | None,
    item: ItemId,
    feed: FeedId,
    card: FeedCard | None,
    texts: Mapping[TextDigest, str],
    *,
    about: bool,
) -> Face | None:
    if seen is None or not all(digest in texts for digest in _digests(seen.content, about=about)):
        return None
    content = seen.content
    said = about_from_text(texts[content.about]) if about else _NOTHING_SAID
    return Face(
        id=item,
        feed=feed,
        version=seen.number,
        title=texts[content.title],
        text=texts[content.page.text if content.page else content.text],
        author=said.author,
        categories=said.categories,
        link=said.link,
        language=content.language or (card.language if card else ""),
        published_at=content.published_at,
        observed_at=seen.at,
        truncated=content.page.truncated if content.page else content.truncated,
        lead=texts[content.text] if content.page else None,
    )
