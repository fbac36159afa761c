"""A parsed document made comparable: entries become observed items with keys, clean links and claimed dates.

Pure. In comes a `ParsedFeed` with the settings of its feed, out come `ObservedItem`s in document order, exact
duplicates collapsed. Each carries an identity of its own within the document: two listed entries are two items,
whatever they share.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from aggregator.deciding.identity import (
    choose_policy,
    clean_link,
    comparable_link,
    is_home_page,
    item_id,
    key,
    strip_timestamp,
)
from aggregator.deciding.memory import IdentityPolicy
from aggregator.outcome import ParsedEntry, ParsedFeed
from store.events import About, FeedId, ItemId, Key


@dataclass(frozen=True, slots=True)
class FeedProfile:
    """One feed's settings, as far as deciding needs them.

    `siblings`: the other feeds of the same source; of them `idle` are off, so that what they last listed says nothing.
    `every` is also the least distance between two polls that confirm an absence; with `cron` (read in `timezone`) it is
    the feed's usual distance. `first_fetch`: which items of the first fetch may alert. `page`: whose pages are read,
    and `revisit` when again, rising, counted from publication or the last change.
    """

    id: FeedId
    url: str
    every: timedelta
    identity: Literal["auto", "guid", "link", "title"] = "auto"
    first_fetch: Literal["silent", "all"] | timedelta = "silent"
    language: str = ""
    quiet_after: timedelta | None = None
    cron: str = ""
    timezone: str = ""
    page: Literal["none", "fulltext", "matched"] = "none"
    revisit: tuple[timedelta, ...] = ()
    siblings: tuple[FeedId, ...] = ()
    idle: frozenset[FeedId] = frozenset()


@dataclass(frozen=True, slots=True)
class ObservedItem:
    """One entry of one document. `id` is the id it gets if it proves to be new; `identity` the key behind that.

    `aliases`: further keys by which it may be found again. Texts and markup are as parsed; `about.link` is cleaned.
    """

    id: ItemId
    identity: Key
    aliases: tuple[Key, ...]
    title: str
    text: str
    markup: str
    about: About
    language: str
    published: str
    updated: str
    published_at: datetime | None
    updated_at: datetime | None
    truncated: bool

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every key, the identity first."""
        return (self.identity, *self.aliases)

    @property
    def link_key(self) -> Key | None:
        """The alias by its link, where it has a link of its own."""
        return next((each for each in self.keys if each.startswith("link:")), None)


def policy_for(parsed: ParsedFeed, profile: FeedProfile, fixed: IdentityPolicy) -> IdentityPolicy:
    """The identity policy in force: the one that memory holds, else the one this document asks for."""
    return fixed or choose_policy(profile.identity, _distinct(parsed.entries))


def normalise(parsed: ParsedFeed, profile: FeedProfile, policy: IdentityPolicy) -> tuple[ObservedItem, ...]:
    """The document's entries as observed items, in document order."""
    entries = _distinct(parsed.entries)
    links = Counter(comparable_link(entry.link) for entry in entries)
    names = _names(entries, policy)
    observed = []
    for entry, name in zip(entries, names, strict=True):
        link = comparable_link(entry.link)
        aliases = []
        if policy != "link" and link and links[link] == 1 and not is_home_page(link):
            aliases.append(key("link", link))
        observed.append(
            ObservedItem(
                id=item_id(profile.id, name),
                identity=name,
                aliases=tuple(alias for alias in aliases if alias != name),
                title=entry.title,
                text=entry.text,
                markup=entry.markup,
                about=About(entry.author, entry.categories, clean_link(entry.link)),
                language=entry.language or parsed.language or profile.language,
                published=entry.published,
                updated=entry.updated,
                published_at=entry.published_at,
                updated_at=entry.updated_at,
                truncated=entry.truncated,
            )
        )
    return tuple(observed)


def _distinct(entries: Sequence[ParsedEntry]) -> tuple[ParsedEntry, ...]:
    """Without entries that repeat an earlier one in everything."""
    seen: set[tuple[str, ...]] = set()
    kept = []
    for entry in entries:
        whole = (entry.guid, entry.link, entry.title, entry.text, entry.published, entry.updated)
        if whole not in seen:
            seen.add(whole)
            kept.append(entry)
    return tuple(kept)


def _names(entries: Sequence[ParsedEntry], policy: IdentityPolicy) -> list[Key]:
    """An identity for each entry, all different: where the policy's own repeats, the claimed date joins it, then the
    words, then the place among equals.
    """
    names = [_name(entry, policy) for entry in entries]
    for extra in (_date_of, _words_of):
        repeated = Counter(names)
        names = [
            key(name.partition(":")[0], name, extra(entry)) if repeated[name] > 1 else name
            for name, entry in zip(names, entries, strict=True)
        ]
    place: Counter[Key] = Counter()
    unique = []
    for name in names:
        unique.append(name if not place[name] else key(name.partition(":")[0], name, str(place[name])))
        place[name] += 1
    return unique


def _name(entry: ParsedEntry, policy: IdentityPolicy) -> Key:
    guid, link = strip_timestamp(entry.guid), comparable_link(entry.link)
    if policy == "dated":
        return key("dated", guid, link, _date_of(entry))
    if policy == "guid" and guid:
        return key("guid", guid)
    if policy in ("guid", "link") and link:
        return key("link", link)
    if policy == "link" and guid:
        return key("guid", guid)
    return key("title", entry.title, _date_of(entry))


def _date_of(entry: ParsedEntry) -> str:
    return entry.published or entry.updated


def _words_of(entry: ParsedEntry) -> str:
    return f"{entry.title}\n{entry.text}"
