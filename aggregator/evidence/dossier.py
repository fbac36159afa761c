"""All that the record knows of one item, gathered for a third party: facts, words, documents, and the proof of them.

In: an open store and an item that it knows. Out: a `Dossier`, the same for the same state of the store. A checkpoint
that does not reach the item's last event yet is signed first. Raises `store.proof.Unproven` where the log does not hold
or is not the one that was signed, StoreError where nobody may sign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aggregator.shown.chapters import chapters_of
from store.database import SqlStore
from store.events import CaptureDigest, Content, ItemId, Position, TextDigest
from store.ports import Capture, StoreError, TreeHead, Views
from store.proof import ProvenEvent, prove
from store.walk import events
from store.witness import find_witness


@dataclass(frozen=True, slots=True)
class Words:
    """What an item says; `about` is the canonical JSON of author, categories and link, `page` the text of the page
    behind it, None where that was not read.
    """

    title: str
    text: str
    about: str
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a version by the event at `position`: with one it `begins`, later ones know it better."""

    version: int
    position: Position
    begins: bool
    words: Words


@dataclass(frozen=True, slots=True)
class Dossier:
    """`readings` in the order of the log, none of an item that was erased (`salt` is then empty); `lost`: captures that
    its events name and that are not kept any more; `history`: its chapters as rows."""

    item: ItemId
    head: TreeHead
    events: Sequence[ProvenEvent]
    salt: bytes
    readings: Sequence[Reading]
    captures: Sequence[Capture]
    lost: Sequence[CaptureDigest]
    history: Sequence[Mapping[str, object]]

    @property
    def versions(self) -> Mapping[int, Words]:
        """What each version said when it began, by its number."""
        return {one.version: one.words for one in self.readings if one.begins}


def gather(store: SqlStore, item: ItemId, progress: Callable[[Position], None] = lambda _: None) -> Dossier:
    """Gather what is known of an item; `progress` hears how far the log was verified."""
    head = _covering(store, item)
    proven = prove(store.path, item, head, progress)
    with store.views() as views:
        known = views.tx.items.get([item])[item]
        cited = _cited(views, item, head)
        found = [views.tx.captures.get(digest) for digest in cited]
        captures = [capture for capture in found if capture is not None]
        kept = {capture.digest for capture in captures}
        return Dossier(
            item=item,
            head=head,
            events=proven,
            salt=known.salt,
            readings=[] if known.erased else _readings(views, item, head),
            captures=captures,
            lost=[digest for digest in cited if digest not in kept],
            history=[one.as_row() for one in chapters_of(views, item) if one.position <= head.size],
        )


def _covering(store: SqlStore, item: ItemId) -> TreeHead:
    """The first checkpoint that covers the item's last event, so that the same state gives the same evidence."""
    with store.read() as tx:
        last = max(recorded.position for recorded in events(tx.log, subject=item))
        head = tx.tree_heads.covering(last)
    if head is not None:
        return head
    if (witness := find_witness(store.path)) is None:
        msg = "nothing was signed yet: `feedwitness poll` or `run` makes the record's key"
        raise StoreError(msg)
    head = store.write(witness.sign).result()
    if head is None:
        msg = "the log is not the one that was signed before: `feedwitness verify` says more"
        raise StoreError(msg)
    witness.publish(head)
    return head


def _cited(views: Views, item: ItemId, head: TreeHead) -> list[CaptureDigest]:
    """The captures that the item's events name, in their order."""
    covered = (one for one in events(views.tx.log, subject=item) if one.position <= head.size)
    named = (getattr(recorded.event, "capture", "") for recorded in covered)
    return [CaptureDigest(digest) for digest in dict.fromkeys(named) if digest]


def _readings(views: Views, item: ItemId, head: TreeHead) -> list[Reading]:
    """What is known of its versions, as far as the checkpoint covers it: a daemon may have recorded more meanwhile."""
    known = [one for one in views.tx.items.versions(item) if one.position <= head.size]
    texts = views.tx.texts.get({digest for one in known for digest in _digests(one.content)})
    return [Reading(one.number, one.position, one.begins, _words(one.content, texts)) for one in known]


def _digests(content: Content) -> set[TextDigest]:
    return {content.title, content.text, content.about, *([content.page.text] if content.page else ())}


def _words(content: Content, texts: Mapping[TextDigest, str]) -> Words:
    page = texts[content.page.text] if content.page else None
    return Words(texts[content.title], texts[content.text], texts[content.about], page)
