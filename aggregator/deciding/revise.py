"""Which changed entries are edits, and which of them may alert. Pure.

In comes a plan with the texts it asked for, out come `item.revised` events with their holds, the texts to store, and
what to remember: items that change in every document, and blocks of text that belong to the site. Guards, in the order
in which their names stand in `hold`: another parser of our own whose document is lost, a repaired encoding, a reissued
feed, an edit that the page told before, two caches out of step, a block of the site, an item that never rests.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.deciding import reissue
from aggregator.deciding.echo import feed_side, is_echo, page_side, texts_wanted
from aggregator.deciding.edits import Edit, Face, block_key, changed_blocks, compare
from aggregator.deciding.mojibake import same_but_for_encoding
from aggregator.deciding.noise import Comparer, Noise, at_rest, past_of
from aggregator.deciding.normalise import ObservedItem
from aggregator.deciding.plan import Loaded, Plan, content_of, texts_of
from aggregator.deciding.resolve import Match
from aggregator.deciding.restless import Restless, Volatile
from aggregator.deciding.returning import is_flapping
from aggregator.deciding.wording import text_change
from store.codec import about_from_text
from store.events import Content, ItemId, ItemRevised, Key, TextDigest
from store.ports import KnownItem, Version

DATES_EVERY = timedelta(hours=24)  # dates that move alone are recorded so often
_SUBSTANTIAL = ("punctuation", "metadata", "wording", "title")


@dataclass(frozen=True, slots=True)
class Change:
    """A known item that says something else than its latest version. `encoding`: only its encoding was repaired."""

    match: Match
    known: KnownItem
    old: Face
    new: Face
    edit: Edit
    encoding: bool
    reverts_to: int | None
    noise: Noise = ""


@dataclass(frozen=True, slots=True)
class Revisions:
    """`changes`: edits to record, in document order. `touched`: how many count for the reissue brake. `shared`: blocks
    newly found to be parts of the site, in so many entries. `alike`: nearly all changed by the same block.
    `unsettled`: a change is waiting to settle.
    """

    changes: tuple[Change, ...]
    touched: int
    restless: Mapping[ItemId, Restless]
    volatile: Mapping[ItemId, tuple[Volatile, ...]]
    boilerplate: tuple[str, ...]
    shared: int
    alike: bool
    unsettled: bool


def find_changes(plan: Plan, loaded: Loaded) -> Revisions:
    """Compare every listed known item with its latest version."""
    look = plan.look
    pairs = [(match, match.known) for match in plan.matches if match.known]
    faces = [
        (match, known, old)
        for match, known in pairs
        if known.id in plan.versions and (old := recorded_face(known, loaded)) is not None
    ]
    boilerplate, affected = _template(plan, [(old.text, match.seen.text) for match, _, old in faces], len(pairs))
    comparer = Comparer(plan, frozenset(boilerplate), {known.id: old for _, known, old in faces})
    changes: list[Change] = []
    restless: dict[ItemId, Restless] = {}
    spots: dict[ItemId, tuple[Volatile, ...]] = {}
    unsettled = False
    for match, known, old in faces:
        found = comparer.compare(known, old, face_of(match.seen))
        if found.spots:
            spots[known.id] = found.spots
        if found.restless:
            restless[known.id] = found.restless
        unsettled = unsettled or found.waits
        if found.edit is None or found.waits:
            continue
        new = face_of(match.seen)
        encoding = same_but_for_encoding(f"{old.title}\n{old.text}", f"{new.title}\n{new.text}")
        reverts_to = _reverts_to(loaded.versions.get(known.id, ()), known.content, content_of(match.seen, known.salt))
        edit = replace(found.edit, flags=()) if encoding else found.edit
        changes.append(Change(match, known, old, new, edit, encoding, reverts_to, found.noise))
    for match, known in pairs:
        past = past_of(look.memory, known)
        if known.id in plan.versions or not (past.spots or past.restless):
            continue
        resting, again = at_rest(face_of(match.seen), past, look.at)
        if resting:
            spots[known.id] = resting
        if again:
            restless[known.id] = again
    changes += _moved_dates(pairs, changes, plan.versions, look.at)
    counted = [each for each in changes if each.edit.kind in _SUBSTANTIAL and not each.encoding and not each.noise]
    told = [changed_blocks(change.old.text, change.new.text) for change in counted if "text" in change.edit.fields]
    alike = reissue.all_alike(told)
    return Revisions(tuple(changes), len(counted), restless, spots, boilerplate, affected, alike, unsettled)


def _template(plan: Plan, texts: Sequence[tuple[str, str]], listed: int) -> tuple[tuple[str, ...], int]:
    """The blocks known as parts of the site after this document, and how many entries a newly found one changed in.
    `texts`: old and new text of each changed entry.
    """
    known = plan.look.memory.boilerplate
    sides = [changed_blocks(old, new) for old, new in texts if text_change(old, new) == "wording"]
    blocks = [frozenset(block_key(block) for block in gone | come if block) for gone, come in sides]
    shared = reissue.shared_blocks(blocks, listed)
    if not shared:
        return known, 0
    affected = sum(bool(keys & shared) for keys in blocks) if shared - set(known) else 0
    return reissue.learn_blocks(known, shared), affected


def record(
    plan: Plan, loaded: Loaded, change: Change, *, reissued: bool, stale: bool
) -> tuple[ItemRevised, tuple[tuple[ItemId, str], ...]]:
    """The event of one change, and the texts it needs. `reissued`: much of the feed changed at once; `stale`: this
    document or the last one looks like an older copy of the feed.
    """
    look, known = plan.look, change.known
    event = ItemRevised(
        item=known.id,
        feed=look.profile.id,
        keys=() if change.match.rekeyed else new_keys(plan, change.match.seen),
        content=replace(content_of(change.match.seen, known.salt), page=known.content.page),
        kind=change.edit.kind,
        flags=change.edit.flags,
        fields=change.edit.fields,
        from_version=known.version,
        to_version=known.version + 1,
        reverts_to=change.reverts_to,
        hold=_hold(plan, loaded, change, reissued=reissued, stale=stale),
        capture=look.capture,
        parser=look.parser,
    )
    return event, texts_of(change.match.seen, known.id)


def new_keys(plan: Plan, seen: ObservedItem) -> tuple[Key, ...]:
    """Keys of the entry that no item of the feed is known by yet."""
    return tuple(each for each in seen.keys if each not in plan.aliases)


def face_of(seen: ObservedItem) -> Face:
    """What the entry shows."""
    return Face(
        seen.title, seen.text, seen.about, seen.markup,
        seen.published, seen.updated, seen.published_at, seen.updated_at, seen.language,
    )  # fmt: skip


def recorded_face(known: KnownItem, loaded: Loaded) -> Face | None:
    """What the latest version showed; None if its texts were erased."""
    content, texts = known.content, loaded.texts
    if not {content.title, content.text, content.about} <= texts.keys():
        return None
    return Face(
        texts[content.title], texts[content.text], about_from_text(texts[content.about]), content.markup,
        content.published, content.updated, content.published_at, content.updated_at, content.language,
    )  # fmt: skip


def _hold(plan: Plan, loaded: Loaded, change: Change, *, reissued: bool, stale: bool) -> str:
    at, versions = plan.look.at, loaded.versions.get(change.known.id, ())
    if change.known.id in loaded.unproven:
        return "parser"
    if change.encoding:
        return "mojibake"
    if reissued and change.edit.kind != "dates":
        return "reissue"
    if is_echo(_whole(change.old), _whole(change.new), versions, loaded.texts, feed_side, page_side):
        return "other-face"
    said = [(version.recorded_at, (version.content.title, version.content.text)) for version in versions]
    if change.reverts_to is not None and (stale or is_flapping(said, at)):
        return "flapping"
    return change.noise


def faces_wanted(versions: Iterable[Sequence[Version]]) -> frozenset[TextDigest]:
    """What the pages behind these items said: an edit of the feed may repeat what its page told before."""
    return frozenset(digest for readings in versions for digest in texts_wanted(readings, feed_side, page_side))


def _whole(face: Face) -> str:
    return f"{face.title}\n{face.text}"


def _reverts_to(versions: Sequence[Version], current: Content, new: Content) -> int | None:
    if (current.title, current.text) == (new.title, new.text):
        return None
    return next((v.number for v in versions if (v.content.title, v.content.text) == (new.title, new.text)), None)


def _moved_dates(
    pairs: Sequence[tuple[Match, KnownItem]], changes: Sequence[Change], changed: Collection[ItemId], at: datetime
) -> list[Change]:
    """Items whose claimed dates moved alone: recorded sparingly, never alerted."""
    otherwise = {change.known.id for change in changes}
    moved = []
    for match, known in pairs:
        if known.id in otherwise or known.id in changed:
            continue
        new, content = face_of(match.seen), known.content
        old = Face(
            new.title, new.text, new.about, new.markup,
            content.published, content.updated, content.published_at, content.updated_at,
        )  # fmt: skip
        edit = compare(old, new)
        if edit:
            moved.append(Change(match, known, old, new, edit, encoding=False, reverts_to=None))
    if not reissue.dates_speak(len(pairs), len(moved)):
        return []
    return [change for change in moved if at - change.known.changed_at >= DATES_EVERY]
