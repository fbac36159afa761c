"""What a reading of a page is as an event: a completion, an edit with its holds, a better reading, a return. Pure."""

from dataclasses import dataclass, replace

from aggregator.echo import feed_side, is_echo, page_side
from aggregator.edits import Face, compare
from aggregator.mojibake import same_but_for_encoding
from aggregator.page.known import KnownPage
from aggregator.page.memory import PageMemory
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText
from aggregator.returning import is_flapping
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


def revised(known: KnownPage, sight: PageSight, read: PageText, before: Before) -> ItemRevised:
    """The page says something else than before; the edit itself, and why it may not be told."""
    item = known.item
    language = read.language or item.content.language
    edit = compare(_shown(before.text, language), _shown(read.text, language))
    reverts_to = earlier(known, read)
    encoding = same_but_for_encoding(before.text, read.text)
    return ItemRevised(
        item=item.id,
        feed=item.feed,
        keys=(),
        content=replace(item.content, page=_face(known, read, sight.capture)),
        kind=edit.kind if edit else "whitespace",
        flags=edit.flags if edit and not encoding else (),
        fields=("page",),
        from_version=item.version,
        to_version=item.version + 1,
        reverts_to=reverts_to,
        hold=_hold(known, sight, read, before, encoding=encoding, returns=reverts_to is not None),
        capture=sight.capture,
        parser=read.extractor,
    )


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


def _shown(text: str, language: str) -> Face:
    """A page, as far as edits of texts go."""
    return Face("", text, _NOWHERE, "", "", "", None, None, language)
