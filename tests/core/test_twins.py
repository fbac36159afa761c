"""Which event repeats a sibling feed's, and what a sibling still lists."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.deciding.twins import Family, Sibling, Statement
from store.chain import text_digest
from store.events import (
    CaptureDigest,
    Content,
    Event,
    FeedId,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemState,
    ItemWithdrawn,
    Key,
    PageFace,
    Position,
    TextDigest,
    Twin,
)
from store.ports import KnownItem

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
HERE, FEED = ItemId("all/s"), FeedId("all")
LINK = Key("link:1")
SAID = Statement(LINK, "Aid", "Twelve trucks.", "{}", "m")
LEFT = replace(SAID, left=True)
CONTENT = Content(TextDigest("t"), TextDigest("x"), TextDigest("a"), "m", "en", "", "", None, None)

PUBLISHED = ItemPublished(HERE, FEED, (), CONTENT, False, False, False, "", CAPTURE, "p")
REVISED = ItemRevised(HERE, FEED, (), CONTENT, "wording", (), ("text",), 1, 2, None, "", CAPTURE, "p")
WITHDRAWN = ItemWithdrawn(HERE, FEED, "page-gone", NOW, NOW, ())
DELISTED = ItemDelisted(HERE, FEED, "standing", NOW, NOW, ())
RESTORED = ItemRestored(HERE, FEED, "withdrawn", CAPTURE)


def there(
    name: str = "news/s", text: str = SAID.text or "", state: ItemState = "published", about: str = "{}", **more: object
) -> Sibling:
    salt = f"salt of {name}".encode()[:16]
    digests = [TextDigest(text_digest(salt, one)) for one in ("Aid", text, about)]
    content = Content(*digests, "m", "en", "", "", None, None)
    known = KnownItem(ItemId(name), FeedId("news"), state, 3, content, salt, NOW, NOW, CAPTURE, "p")
    return Sibling(known, **more)  # type: ignore[arg-type]  # the names are Sibling's own


def twin_of(event: Event, *siblings: Sibling, said: Statement = SAID) -> Twin | None:
    (told,) = Family({HERE: said}, {LINK: siblings}).with_twins([event])
    return told.twin  # type: ignore[union-attr]  # every event here can have one


NEWS = Twin(ItemId("news/s"), 3)


@pytest.mark.parametrize("event", [PUBLISHED, REVISED])
def test_what_says_the_same_under_the_same_link_is_a_twin(event: Event) -> None:
    assert twin_of(event, there()) == NEWS
    assert twin_of(event, there(text="Twenty trucks.")) is None
    assert twin_of(event) is None


def test_a_twin_whose_texts_were_erased_is_none() -> None:
    gone = there()
    assert twin_of(PUBLISHED, replace(gone, known=replace(gone.known, salt=b""))) is None
    assert twin_of(WITHDRAWN, there(state="withdrawn"), said=replace(LEFT, title=None)) is None


def test_dates_that_move_alone_repeat_nothing() -> None:
    assert twin_of(replace(REVISED, kind="dates", fields=("published",)), there()) is None


def test_an_edit_of_its_metadata_repeats_only_what_has_the_same_metadata() -> None:
    edit = replace(REVISED, kind="metadata", fields=("author",))
    assert twin_of(edit, there()) == NEWS
    assert twin_of(edit, there(about="{other}")) is None
    assert twin_of(REVISED, there(about="{other}")) == NEWS


def test_an_edit_of_its_page_repeats_only_what_has_the_same_page() -> None:
    edit = replace(REVISED, fields=("page",))
    bare = there()
    face = PageFace(TextDigest(text_digest(bare.known.salt, "The whole text.")), CAPTURE, "x")
    read = replace(bare, known=replace(bare.known, content=replace(bare.known.content, page=face)))
    assert twin_of(edit, read, said=replace(SAID, page="The whole text.")) == NEWS
    assert twin_of(edit, read, said=replace(SAID, page="Another text.")) is None
    assert twin_of(edit, bare, said=replace(SAID, page="The whole text.")) is None


def test_a_page_that_was_read_there_too_is_a_twin() -> None:
    completed = ItemCompleted(HERE, FEED, CONTENT, 1, "", CAPTURE, "x")
    other = there()
    digest = TextDigest(text_digest(other.known.salt, "The whole text."))
    content = replace(other.known.content, page=PageFace(digest, CAPTURE, "x"))
    read = replace(other, known=replace(other.known, content=content))
    assert twin_of(completed, read, said=replace(SAID, page="The whole text.")) == NEWS
    assert twin_of(completed, other, said=replace(SAID, page="The whole text.")) is None
    assert twin_of(completed, read, said=replace(SAID, page="Another text.")) is None


def test_of_several_siblings_the_one_that_said_it_last_is_named() -> None:
    early, late = there("a/s", said_at=Position(4)), there("b/s", said_at=Position(9))
    assert twin_of(PUBLISHED, early, late) == twin_of(PUBLISHED, late, early) == Twin(ItemId("b/s"), 3)


@pytest.mark.parametrize(
    ("event", "state", "came_back", "expected"),
    [
        (WITHDRAWN, "withdrawn", False, NEWS),
        (WITHDRAWN, "published", False, None),
        (WITHDRAWN, "delisted", False, None),
        (DELISTED, "delisted", False, NEWS),
        (DELISTED, "withdrawn", False, None),
        (RESTORED, "published", True, NEWS),
        (RESTORED, "published", False, None),
        (RESTORED, "withdrawn", True, None),
        (replace(RESTORED, was="absent"), "published", True, None),
    ],
)
def test_what_left_or_came_back_repeats_a_sibling_that_did_the_same(
    event: Event, state: ItemState, came_back: bool, expected: Twin | None
) -> None:
    assert twin_of(event, there(state=state, came_back=came_back), said=LEFT) == expected


def test_other_events_stay_as_they_are() -> None:
    absent = ItemAbsent(HERE, FEED, NOW, NOW, (), CAPTURE)
    assert Family({HERE: SAID}, {LINK: (there(),)}).with_twins([absent]) == (absent,)


def test_what_a_sibling_lists_is_listed_elsewhere_in_whatever_words() -> None:
    siblings = {LINK: (there("a/s"), there("b/s", text="Longer.", listed=True))}
    assert Family({HERE: LEFT}, siblings).listed_elsewhere == {HERE}
    assert Family({HERE: SAID}, siblings).listed_elsewhere == frozenset(), "it is listed here, nobody asks"
    assert Family({HERE: LEFT}, {LINK: (there(),)}).listed_elsewhere == frozenset()
