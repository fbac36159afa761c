"""After our own parser changed: what it makes of what was read before, so that its change is never news. Pure.

An item whose recorded reading is of another parser than the document at hand is not compared across parsers. In comes
the document in which it was last read, as the present parser reads that; what the two parsers make of it otherwise is
put right (`item.reextracted`), and what the item says now is compared with that. So a true edit in the first document
after an upgrade is found, and told, like any other. Where the old document is not kept any more nobody can tell the two
apart: such an item is `unproven`, and its edit is held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator.deciding.edits import Face, compare
from aggregator.deciding.normalise import ObservedItem, normalise
from aggregator.deciding.plan import Loaded, Plan, content_of, says_the_same, texts_of
from aggregator.deciding.resolve import Match
from aggregator.deciding.revise import face_of, recorded_face
from aggregator.outcome import ParsedFeed
from store.events import CaptureDigest, ItemId, ItemReextracted
from store.ports import KnownItem, Version

Anew = Mapping[CaptureDigest, ParsedFeed]
"""Documents of the past as the present parser reads them; those that are not kept, or not readable, are left out."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A plan and its readings as if the present parser had always been ours; the events that say what was put right,
    and the texts that they need.
    """

    plan: Plan
    loaded: Loaded
    events: tuple[ItemReextracted, ...] = ()
    texts: tuple[tuple[ItemId, str], ...] = ()


def to_read_anew(plan: Plan, versions: Mapping[ItemId, Sequence[Version]]) -> frozenset[CaptureDigest]:
    """The captures that the present parser must read before this plan can be decided."""
    return frozenset(last.reading.capture for _, _, last in _outdated(plan, versions))


def catch_up(plan: Plan, loaded: Loaded, anew: Anew) -> CaughtUp:
    """Put right what the present parser reads otherwise."""
    outdated = list(_outdated(plan, loaded.versions))
    if not outdated:
        return CaughtUp(plan, loaded)
    entries = {
        capture: normalise(document, plan.look.profile, plan.look.memory.identity) for capture, document in anew.items()
    }
    unproven: set[ItemId] = set()
    righted: dict[ItemId, tuple[KnownItem, ObservedItem]] = {}
    events: list[ItemReextracted] = []
    for match, known, last in outdated:
        then = _entry_of(entries.get(last.reading.capture, ()), match, known)
        old = recorded_face(known, loaded)
        if then is None or old is None:
            unproven.add(known.id)
            continue
        event = _righted(plan, known, last, old, then)
        if event is not None:
            events.append(event)
            right = replace(known, content=event.content, capture=event.capture, parser=event.parser)
            righted[known.id] = right, then
    texts = tuple(pair for known, then in righted.values() for pair in texts_of(then, known.id))
    return CaughtUp(_with(plan, righted), _with_texts(loaded, righted, unproven), tuple(events), texts)


def _outdated(plan: Plan, versions: Mapping[ItemId, Sequence[Version]]) -> list[tuple[Match, KnownItem, Version]]:
    """Listed items that say something else than is recorded, which another parser read; with that reading."""
    found = []
    for match in plan.matches:
        known = match.known
        if known is None or known.erased or known.id not in plan.versions:
            continue
        last = next((one for one in reversed(versions.get(known.id, ())) if not one.of_page), None)
        if last is not None and last.reading.parser != plan.look.parser:
            found.append((match, known, last))
    return found


def _entry_of(entries: Sequence[ObservedItem], match: Match, known: KnownItem) -> ObservedItem | None:
    """The entry of an old document that is this item."""
    named = (each for each in entries if each.id == known.id or each.identity == match.seen.identity)
    linked = (each for each in entries if each.link_key is not None and each.link_key == match.seen.link_key)
    return next(named, None) or next(linked, None)


def _righted(plan: Plan, known: KnownItem, last: Version, old: Face, then: ObservedItem) -> ItemReextracted | None:
    """What is put right of an item, None where both parsers read it alike."""
    content = replace(content_of(then, known.salt), page=known.content.page)
    if content == known.content:
        return None
    difference = compare(old, face_of(then))
    return ItemReextracted(
        item=known.id,
        feed=plan.look.profile.id,
        content=content,
        version=known.version,
        fields=difference.fields if difference else ("text",),
        capture=last.reading.capture,
        parser=plan.look.parser,
        formerly=last.reading.parser,
    )


def _with(plan: Plan, righted: Mapping[ItemId, tuple[KnownItem, ObservedItem]]) -> Plan:
    def caught_up(match: Match) -> Match:
        if match.known is None or match.known.id not in righted:
            return match
        return replace(match, known=righted[match.known.id][0])

    matches = tuple(map(caught_up, plan.matches))
    same = {match.known.id for match in matches if match.known and says_the_same(match.seen, match.known)}
    items = {**plan.items, **{item: known for item, (known, _) in righted.items()}}
    return replace(plan, matches=matches, items=items, versions=plan.versions - same)


def _with_texts(
    loaded: Loaded, righted: Mapping[ItemId, tuple[KnownItem, ObservedItem]], unproven: set[ItemId]
) -> Loaded:
    texts = dict(loaded.texts)
    for known, then in righted.values():
        digests = (known.content.title, known.content.text, known.content.about)
        texts |= dict(zip(digests, (text for _, text in texts_of(then, known.id)), strict=True))
    return replace(loaded, texts=texts, unproven=frozenset(unproven))
