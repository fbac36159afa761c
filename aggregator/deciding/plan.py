"""The first half of deciding: look at a poll, and say what must be read before anything can be decided.

Pure. `look_at` turns a good poll's observation into a `Look`, or refuses it at the gate; `survey` matches it with what
the store knows and names the texts, versions and salts that `decide.decide` will want. Texts are read only for items
that changed: whether one changed is told by its salted digests alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from aggregator.deciding import gate
from aggregator.deciding.gate import PollProblem
from aggregator.deciding.identity import comparable_link, is_home_page, key, strip_timestamp
from aggregator.deciding.memory import FeedMemory
from aggregator.deciding.normalise import FeedProfile, ObservedItem, normalise, policy_for
from aggregator.deciding.resolve import Match, resolve
from aggregator.deciding.twins import NO_FAMILY, Family, Statement
from aggregator.deciding.window import claimed_dates
from aggregator.outcome import Observation, Tombstone
from store.chain import text_digest
from store.codec import about_from_text, about_to_text
from store.events import CaptureDigest, Content, ItemId, ItemPublished, Key, TextDigest
from store.ports import KnownItem, Version

_SIBLINGS_READ = 3


@dataclass(frozen=True, slots=True)
class Look:
    """One good poll, ready to be compared. `observed` None: the last accepted document is confirmed.

    `seen_at`: the last good poll before this one, when all of the window was listed. `dates`: for each observed entry,
    the claimed date that orders the document, in seconds since 1970.
    """

    profile: FeedProfile
    memory: FeedMemory
    at: datetime
    seen_at: datetime
    capture: CaptureDigest
    parser: str = ""
    observed: tuple[ObservedItem, ...] | None = None
    dates: tuple[int | None, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()

    @property
    def keys(self) -> frozenset[Key]:
        """Aliases to look up in the store."""
        found = {each for entry in self.observed or () for each in entry.keys}
        found.update(each for stone in self.tombstones for each in tombstone_keys(stone))
        return frozenset(found)

    @property
    def items(self) -> frozenset[ItemId]:
        """Items to look up in the store, beside those that the aliases name."""
        found = {entry.id for entry in self.observed or ()}
        return frozenset(found | self.remembered)

    @property
    def remembered(self) -> frozenset[ItemId]:
        """Items of the last accepted document and open suspects."""
        return frozenset({entry.item for entry in self.memory.window} | {each.item for each in self.memory.suspects})


@dataclass(frozen=True, slots=True)
class Refused:
    """The document did not pass the gate: a failed poll. Only `memory` is to be kept."""

    problem: PollProblem
    memory: FeedMemory


@dataclass(frozen=True, slots=True)
class Plan:
    """A look matched with what is known, and what is still to be read: texts by digest, all versions of these items,
    and a salt for each new one.
    """

    look: Look
    aliases: Mapping[Key, ItemId]
    items: Mapping[ItemId, KnownItem]
    matches: tuple[Match, ...]
    missing: tuple[ItemId, ...]
    digests: frozenset[TextDigest]
    versions: frozenset[ItemId]
    new: tuple[ItemId, ...]

    @property
    def lists_erased(self) -> bool:
        """The document says again what was erased, so it must not be kept."""
        return any(match.known and match.known.erased for match in self.matches)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the plan asked for. Texts that were erased are left out; their items are not compared. `family`: where the
    feed has siblings, which of its `statements` stand there too. `unproven`: items that another parser of ours read, in
    a document that is not kept any more.
    """

    texts: Mapping[TextDigest, str] = field(default_factory=dict)
    versions: Mapping[ItemId, tuple[Version, ...]] = field(default_factory=dict)
    salts: Mapping[ItemId, bytes] = field(default_factory=dict)
    family: Family = NO_FAMILY
    unproven: frozenset[ItemId] = frozenset()


def look_at(
    profile: FeedProfile, memory: FeedMemory, observation: Observation, last_good_at: datetime | None
) -> Look | Refused:
    """Look at what a poll brought. `last_good_at`: the good poll before it, None if there was none."""
    at = observation.at
    look = Look(profile, memory, at, last_good_at or at, observation.capture)
    document = observation.document
    if document is None:
        return look
    policy = policy_for(document, profile, memory.identity)
    observed = normalise(document, profile, policy)
    judged = gate.judge(
        memory,
        [entry.identity for entry in observed],
        well_formed=document.well_formed,
        problem=document.problem,
        at=at,
    )
    if judged.problem:
        return Refused(judged.problem, judged.memory)
    return replace(
        look,
        memory=replace(judged.memory, identity=policy),
        parser=document.parser,
        observed=observed,
        dates=tuple(claimed_dates(observed)),
        tombstones=document.tombstones,
    )


def survey(look: Look, aliases: Mapping[Key, ItemId], items: Mapping[ItemId, KnownItem]) -> Plan:
    """Match the look with the known items: `aliases` for `look.keys`, `items` for `look.items` and all that the aliases
    name.
    """
    remembered = look.remembered
    observed = look.observed or ()
    upgraded = bool(look.memory.parser) and look.memory.parser != look.parser
    matches = resolve(observed, aliases, items, remembered, look.memory.identity, upgraded=upgraded)
    listed = {match.known.id for match in matches if match.known}
    missing = (
        ()
        if look.observed is None
        else tuple(entry.item for entry in look.memory.window if entry.item not in listed and entry.item in items)
    )
    changed = [match for match in matches if match.known and not says_the_same(match.seen, match.known)]
    digests: set[TextDigest] = set()
    for match in changed:
        if match.known:
            content = match.known.content
            digests |= {content.title, content.text, content.about}
    asked = [*missing, *(_sibling_items(look) if look.observed is None else ())]
    digests |= {items[item].content.about for item in asked if item in items}
    for each in look.memory.suspects:  # by its words its page is known
        if each.item in items:
            digests |= {items[each.item].content.title, items[each.item].content.text}
    for known in _buried(look, aliases, items):
        digests |= {known.content.title, known.content.text, known.content.about}
    return Plan(
        look=look,
        aliases=aliases,
        items=items,
        matches=matches,
        missing=missing,
        digests=frozenset(digests),
        versions=frozenset(match.known.id for match in changed if match.known),
        new=tuple(match.seen.id for match in matches if match.known is None),
    )


def statements(plan: Plan, texts: Mapping[TextDigest, str]) -> Mapping[ItemId, Statement]:
    """What may stand in sibling feeds too, by item: what came, changed or came back, is missed, or has a tombstone.
    Nothing for a feed without siblings.
    """
    look = plan.look
    if not look.profile.siblings:
        return {}
    found = missed(look.memory, plan.items, texts)
    for known in _buried(look, plan.aliases, plan.items):
        about = texts.get(known.content.about)
        found |= _statement(known, about_from_text(about).link if about else "", texts)
    for match in plan.matches:
        seen, known_item = match.seen, match.known
        came_back = known_item is not None and known_item.state != "published"
        if seen.link_key and (known_item is None or came_back or known_item.id in plan.versions):
            item = known_item.id if known_item else seen.id
            about_now = about_to_text(seen.about)
            found[item] = Statement(seen.link_key, seen.title, seen.text, about_now, seen.markup, left=came_back)
    return found


def missed(
    memory: FeedMemory, items: Mapping[ItemId, KnownItem], texts: Mapping[TextDigest, str]
) -> dict[ItemId, Statement]:
    """The open suspects, as far as they have pages of their own."""
    found: dict[ItemId, Statement] = {}
    for each in memory.suspects:
        if each.item in items:
            found |= _statement(items[each.item], each.link, texts)
    return found


def _statement(known: KnownItem, link: str, texts: Mapping[TextDigest, str]) -> dict[ItemId, Statement]:
    if not link or is_home_page(link):
        return {}
    title, text = texts.get(known.content.title), texts.get(known.content.text)
    return {known.id: Statement(key("link", comparable_link(link)), title, text, left=True)}


def _buried(look: Look, aliases: Mapping[Key, ItemId], items: Mapping[ItemId, KnownItem]) -> list[KnownItem]:
    """Items that the document has tombstones for, where a sibling feed may list them all the same."""
    if not look.profile.siblings:
        return []
    names = (aliases[each] for stone in look.tombstones for each in tombstone_keys(stone) if each in aliases)
    return [items[item] for item in names if item in items]


def says_the_same(seen: ObservedItem, known: KnownItem) -> bool:
    """Nothing but claimed dates can differ from the latest version."""
    content = known.content
    return (
        seen.markup == content.markup
        and text_digest(known.salt, seen.title) == content.title
        and text_digest(known.salt, seen.text) == content.text
        and text_digest(known.salt, about_to_text(seen.about)) == content.about
    )


def content_of(seen: ObservedItem, salt: bytes) -> Content:
    """What the entry says, with its texts as salted digests."""
    return Content(
        title=TextDigest(text_digest(salt, seen.title)),
        text=TextDigest(text_digest(salt, seen.text)),
        about=TextDigest(text_digest(salt, about_to_text(seen.about))),
        markup=seen.markup,
        language=seen.language,
        published=seen.published,
        updated=seen.updated,
        published_at=seen.published_at,
        updated_at=seen.updated_at,
        truncated=seen.truncated,
    )


def first_sight(
    plan: Plan,
    loaded: Loaded,
    match: Match,
    *,
    hold: str = "",
    baseline: bool = False,
    backdated: bool = False,
    surfaced: bool = False,
    mark: Literal["recovered-late"] | None = None,
) -> ItemPublished:
    """The first sight of an entry that no known item is."""
    look, seen = plan.look, match.seen
    return ItemPublished(
        item=seen.id,
        feed=look.profile.id,
        keys=(seen.identity, *(alias for alias in seen.aliases if alias not in plan.aliases)),
        content=content_of(seen, loaded.salts[seen.id]),
        baseline=baseline,
        backdated=backdated,
        surfaced=surfaced,
        hold=hold,
        capture=look.capture,
        parser=look.parser,
        mark=mark,
    )


def texts_of(seen: ObservedItem, item: ItemId) -> tuple[tuple[ItemId, str], ...]:
    """The texts that `content_of` names, for the text store."""
    return ((item, seen.title), (item, seen.text), (item, about_to_text(seen.about)))


def tombstone_keys(stone: Tombstone) -> tuple[Key, Key]:
    """The names under which a tombstone's item may be known."""
    return key("guid", strip_timestamp(stone.ref)), key("link", comparable_link(stone.ref))


def _sibling_items(look: Look) -> tuple[ItemId, ...]:
    """Listed items whose pages may serve as the control of a probe, when the document itself is not at hand."""
    if not look.memory.suspects:
        return ()
    older = [item for each in look.memory.suspects for item in each.older]
    return (*older, *(entry.item for entry in look.memory.window[:_SIBLINGS_READ]))
