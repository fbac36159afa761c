"""All that the record knows of one item, gathered for a third party: facts, words, documents, and the proof of them.

In: an open store and an item that it knows. Out: a `Dossier`, the same for the same state of the store. A checkpoint
that does not reach the item's last event yet is signed first. Raises `store.proof.Unproven` where the log does not hold
or is not the one that was signed, StoreError where nobody may sign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aggregator.shown.chapters import chapters_of
from store.database import SqlStore
from store.events import CaptureDigest, Content, ItemId, Position
from store.ports import Capture, StoreError, TreeHead, Views
from store.proof import ProvenEvent, prove
from store.walk import events
from store.witness import find_witness


@dataclass(frozen=True, slots=True)
class Words:
    """What one version says; `about` is the canonical JSON of author, categories and link."""

    title: str
    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """`versions` by number, none of an item that was erased (`salt` is then empty); `lost`: captures that its events
    name and that are not kept any more; `history`: its chapters as rows."""

    item: ItemId
    head: TreeHead
    events: Sequence[ProvenEvent]
    salt: bytes
    versions: Mapping[int, Words]
    captures: Sequence[Capture]
    lost: Sequence[CaptureDigest]
    history: Sequence[Mapping[str, object]]


def gather(store: SqlStore, item: ItemId, progress: Callable[[Position], None] = lambda _: None) -> Dossier:
    """Gather what is known of an item; `progress` hears how far the log was verified."""
    head = _covering(store, item)
    proven = prove(store.path, item, head, progress)
    with store.views() as views:
        known = views.tx.items.get([item])[item]
        cited = _cited(views, item)
        found = [views.tx.captures.get(digest) for digest in cited]
        captures = [capture for capture in found if capture is not None]
        kept = {capture.digest for capture in captures}
        return Dossier(
            item=item,
            head=head,
            events=proven,
            salt=known.salt,
            versions={} if known.erased else _words(views, item),
            captures=captures,
            lost=[digest for digest in cited if digest not in kept],
            history=[chapter.as_row() for chapter in chapters_of(views, item)],
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


def _cited(views: Views, item: ItemId) -> list[CaptureDigest]:
    """The captures that the item's events name, in their order."""
    named = (getattr(recorded.event, "capture", "") for recorded in events(views.tx.log, subject=item))
    return [CaptureDigest(digest) for digest in dict.fromkeys(named) if digest]


def _words(views: Views, item: ItemId) -> dict[int, Words]:
    contents: dict[int, Content] = {one.number: one.content for one in views.tx.items.versions(item) if one.begins}
    texts = views.tx.texts.get({digest for one in contents.values() for digest in (one.title, one.text, one.about)})
    return {number: Words(texts[c.title], texts[c.text], texts[c.about]) for number, c in contents.items()}
