"""What a reading of a page is as an event: a completion, an edit with its holds, a better reading, a return. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.deciding.echo import feed_side, is_echo, page_side
from aggregator.deciding.edits import Edit, Face, compare
from aggregator.deciding.mojibake import same_but_for_encoding
from aggregator.deciding.noise import Found, Noise, Past, at_rest, look_past
from aggregator.deciding.returning import is_flapping
from aggregator.deciding.template import hunks, whole_blocks, without
from aggregator.page.known import KnownPage
from aggregator.page.memory import PageMemory
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText
from store.chain import text_digest
from store.events import (
    About,
    CaptureDigest,
    ItemCompleted,
    ItemId,
    ItemReextracted,
    ItemRestored,
    ItemRevised,
    PageFace,
    TextDigest,
)

_NOWHERE = About("", (), "")


@dataclass(frozen=True, slots=True)
class Before:
    """What the page said, as our present extractor reads it where it can. `other_reader`: it cannot, so that what
    differs may be our own doing.
    """

    face: PageFace
    text: str
    other_reader: bool


def last_said(known: KnownPage, sight: PageSight, read: PageText, memory: PageMemory) -> Before | None:
    """What this reading is to be compared with; None if the page was never read, or its text is not at hand."""
    face, text, former = known.face, known.page_text, sight.former
    if face is None or text is None:
        return None
    if read.extractor in (face.extractor, memory.extractor) or not isinstance(former, PageText):
        return Before(face, text, other_reader=read.extractor not in (face.extractor, memory.extractor))
    face = _face(known, former, face.capture)
    return Before(face, former.text, other_reader=former.extractor != read.extractor)


def restored(known: KnownPage, capture: CaptureDigest) -> tuple[ItemRestored, ...]:
    """Its page stands again, which had been gone; a feed that lists it again says so itself."""
    item = known.item
    if item.state != "withdrawn" or known.grade != "page-gone" or known.listed:
        return ()
    return (ItemRestored(item.id, item.feed, "withdrawn", capture),)


def completed(known: KnownPage, sight: PageSight, read: PageText) -> ItemCompleted:
    """Its page was read for the first time."""
    item = known.item
    content = replace(item.content, page=_face(known, read, sight.capture))
    return ItemCompleted(item.id, item.feed, content, item.version, known.hold, sight.capture, read.extractor)


def better(
    known: KnownPage, before: Before | None
) -> tuple[tuple[ItemReextracted, ...], tuple[tuple[ItemId, str], ...]]:
    """Our present extractor reads otherwise what was read before: that is put right first, and is no news."""
    item, formerly = known.item, known.face
    if before is None or formerly is None or before.text == known.page_text:
        return (), ()
    content = replace(item.content, page=before.face)
    event = ItemReextracted(
        item.id, item.feed, content, item.version, ("page",), before.face.capture, before.face.extractor,
        formerly.extractor,
    )  # fmt: skip
    return (event,), ((item.id, before.text),)


def found(known: KnownPage, sight: PageSight, read: PageText, before: Before, memory: PageMemory) -> Found:
    """What leads from the last text to this one, beside what never rests and blocks that are the site's."""
    old, new = _shown(known, before.text, read.language), _shown(known, read.text, read.language)
    return look_past(
        old, new, past_of(known, memory), sight.at, compare, lambda gone, come: _of_the_site(gone, come, sight)
    )


def past_of(known: KnownPage, memory: PageMemory) -> Past:
    """What is remembered of a page that may not rest."""
    return Past(memory.volatile, memory.restless, known.item.changed_at)


def resting(known: KnownPage, read: PageText, memory: PageMemory, at: datetime) -> PageMemory:
    """Remember that the page says what is recorded."""
    spots, restless = at_rest(_shown(known, read.text, read.language), past_of(known, memory), at)
    return replace(memory, volatile=spots, restless=restless)


def revised(
    known: KnownPage, sight: PageSight, read: PageText, before: Before, edit: Edit, noise: Noise
) -> ItemRevised:
    """The page says something else than before. `noise`: what the edit is, where it is nothing else."""
    item, reverts_to = known.item, earlier(known, read)
    encoding = same_but_for_encoding(before.text, read.text)
    hold = _hold(known, sight, read, before, encoding=encoding, returns=reverts_to is not None) or noise
    return ItemRevised(
        item=item.id,
        feed=item.feed,
        keys=(),
        content=replace(item.content, page=_face(known, read, sight.capture)),
        kind=edit.kind,
        flags=() if encoding else edit.flags,
        fields=("page",),
        from_version=item.version,
        to_version=item.version + 1,
        reverts_to=reverts_to,
        hold=hold,
        capture=sight.capture,
        parser=read.extractor,
    )


def has_moved_blocks(before: Before, read: PageText) -> bool:
    """Whole blocks came or went: they may be the site's, which another page of it tells."""
    return any(len(gone) != len(come) for gone, come in hunks(before.text, read.text))


def _of_the_site(old: str, new: str, sight: PageSight) -> frozenset[str]:
    """Blocks that came to this page and stand on the control page too, or left both."""
    if not isinstance(sight.control, PageText):
        return frozenset()
    there = set(sight.control.text.split("\n"))
    comes = there - set(old.split("\n")) - {""}
    goes = set((sight.control_before or "").split("\n")) - there - set(new.split("\n")) - {""}
    if without(old, goes) == without(new, comes):
        return frozenset(goes | comes)
    return whole_blocks(old, new, goes, comes)


def _hold(known: KnownPage, sight: PageSight, read: PageText, before: Before, *, encoding: bool, returns: bool) -> str:
    """Why an edit of the page may not be told, "" if it may."""
    if before.other_reader:
        return "extractor"
    if encoding:
        return "mojibake"
    if is_echo(before.text, read.text, known.readings, known.texts, page_side, feed_side):
        return "other-face"
    if returns and is_flapping([(each.recorded_at, page_side(each.content)) for each in known.readings], sight.at):
        return "flapping"
    return ""


def earlier(known: KnownPage, read: PageText) -> int | None:
    """The lowest version whose page said the same."""
    now = _digest(known, read.text)
    return next((each.number for each in known.readings if each.content.page and each.content.page.text == now), None)


def _face(known: KnownPage, read: PageText, capture: CaptureDigest) -> PageFace:
    return PageFace(_digest(known, read.text), capture, read.extractor, read.truncated)


def _digest(known: KnownPage, text: str) -> TextDigest:
    return TextDigest(text_digest(known.item.salt, text))


def _shown(known: KnownPage, text: str, language: str) -> Face:
    """A page, as far as edits of texts go."""
    return Face("", text, _NOWHERE, "", "", "", None, None, language or known.item.content.language)
