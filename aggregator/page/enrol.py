"""Puts pages on the schedule: in the transaction that records an item, follows an alert, or takes other settings.

In: a transaction, the profile of a feed, and what was recorded. Out: rows of visits. Nothing is fetched here. With
`page = "fulltext"` every item is visited from its publication on; with `"matched"` from its first alert on. An item
that was there before the settings asked for its page is caught up on, and what its page brings is held as `late-page`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.deciding.normalise import FeedProfile
from aggregator.page.plan import (
    FOLLOWED,
    LATE,
    Page,
    changed,
    ended,
    first_visit,
    followed,
    page_of,
    plan_of,
    published_at,
    replanned,
    unshared,
)
from store.codec import about_from_text
from store.events import Content, Event, FeedId, ItemId, ItemPublished, ItemRevised, Position
from store.ports import KnownItem, Told, Transaction, Visit

FOLLOWER = "pages"
"""The checkpoint of who follows the alerts."""
_MOST = 500

Profiles = Mapping[FeedId, FeedProfile]


def after_poll(tx: Transaction, profile: FeedProfile, events: Iterable[Event], at: datetime) -> None:
    """Schedule what a poll of the feed recorded: new items of a feed whose pages are read, and revised ones."""
    if profile.page == "none":
        return
    told = [event for event in events if isinstance(event, ItemPublished | ItemRevised)]
    visits = dict(tx.visits.get({event.item for event in told}))
    pages = _pages(tx, {event.item: event.content for event in told})
    touched: dict[ItemId, Visit] = {}
    for event in told:
        item, page = event.item, pages.get(event.item)
        if page is None:  # its words were erased
            continue
        if item in visits:
            touched[item] = visits[item] = changed(visits[item], profile, page, at)
        elif profile.page == "fulltext":
            published = isinstance(event, ItemPublished)
            since, hold = (published_at(event.content, at), event.hold) if published else (at, LATE)
            touched[item] = visits[item] = first_visit(item, profile, page, since=since, now=at, hold=hold)
    _save(tx, profile.id, touched.values())


def after_alerts(tx: Transaction, profiles: Profiles, now: datetime) -> bool:
    """Follow the alerts: the pages of what alerted somebody are visited where the feed asks for that. Returns whether
    there is more to follow.
    """
    after = tx.checkpoints.get(FOLLOWER)
    told = tx.page_plans.told(after, _MOST)
    wanted = [one for one in told if one.feed in profiles and profiles[one.feed].page == "matched"]
    for feed in sorted({one.feed for one in wanted}):
        _follow(tx, profiles[feed], [one for one in wanted if one.feed == feed], now, hold=None)
    if told:
        tx.checkpoints.set(FOLLOWER, told[-1].position)
    return len(told) == _MOST


def take(tx: Transaction, profiles: Profiles, now: datetime) -> tuple[FeedId, ...]:
    """Other settings may be in force, of these feeds that are switched on: what a feed no longer asks for ends. Returns
    the feeds that want to be planned anew (`plan_anew`). Alerts are followed up to here, by the settings until now.
    """
    before = tx.page_plans.all()
    followed_until_now = {feed: one for feed, one in profiles.items() if before.get(feed, "").startswith("matched")}
    while after_alerts(tx, followed_until_now, now):
        pass
    wanted = {feed: plan for feed, profile in profiles.items() if (plan := plan_of(profile))}
    for feed in before.keys() - wanted.keys():
        tx.visits.save([ended(visit) for visit in tx.visits.of(feed)])
        tx.page_plans.set(feed, "")
    return tuple(sorted(feed for feed, plan in wanted.items() if before.get(feed) != plan))


def plan_anew(tx: Transaction, profile: FeedProfile, now: datetime) -> None:
    """Plan the visits of a feed by its settings, and catch up on what they newly ask for: with `fulltext` the items
    seen within the longest offset, with `matched` those that alerted somebody within thirty days.
    """
    known = tx.visits.of(profile.id)
    if profile.page == "fulltext":
        kept = [replanned(replace(visit, until=None), profile, now) for visit in known]
        items = tx.page_plans.unvisited(profile.id, now - profile.revisit[-1])
        _save(tx, profile.id, [*kept, *_first(tx, profile, items, now, hold=LATE)])
    else:
        tx.visits.save([replanned(visit, profile, now) if visit.until else ended(visit) for visit in known])
        for told in _told(tx, profile.id):
            _follow(tx, profile, [one for one in told if one.at >= now - FOLLOWED], now, hold=LATE)
    tx.page_plans.set(profile.id, plan_of(profile))


def _told(tx: Transaction, feed: FeedId) -> Iterator[Sequence[Told]]:
    """Every alert about an item of the feed that was let out, in portions."""
    after = Position(0)
    while told := tx.page_plans.told(after, _MOST, feed=feed):
        yield told
        after = told[-1].position


def _follow(tx: Transaction, profile: FeedProfile, told: Sequence[Told], now: datetime, *, hold: str | None) -> None:
    """Visit what these alerts were about; `hold` None: what that of its publication was."""
    known = tx.visits.get({one.item for one in told})
    first = {one.item: one.at for one in reversed(told)}
    again = [followed(visit, profile, first[item], now) for item, visit in known.items()]
    new = _first(tx, profile, first.keys() - known.keys(), now, hold=hold)
    _save(tx, profile.id, [*again, *(replace(visit, until=first[visit.item] + FOLLOWED) for visit in new)])


def _first(
    tx: Transaction, profile: FeedProfile, items: Collection[ItemId], now: datetime, *, hold: str | None
) -> list[Visit]:
    """First visits to the pages of items that are known; `hold` None: what that of its publication was."""
    known = tx.items.get(items)
    pages = _pages(tx, {item: one.content for item, one in known.items()})
    return [
        first_visit(
            item,
            profile,
            page,
            since=_since(known[item]),
            now=now,
            hold=_hold(tx, item) if hold is None else hold,
        )
        for item, page in pages.items()
    ]


def _since(known: KnownItem) -> datetime:
    """The publication of an item, or its last change."""
    return published_at(known.content, known.first_seen_at) if known.version == 1 else known.changed_at


def _hold(tx: Transaction, item: ItemId) -> str:
    """Why what the publication of the item said may alert nobody."""
    for one in tx.log.read(Position(0), 1, subject=item, kinds=[ItemPublished.KIND]):
        if isinstance(one.event, ItemPublished):
            return one.event.hold
    return ""


def _pages(tx: Transaction, contents: Mapping[ItemId, Content]) -> dict[ItemId, Page]:
    """The page of each item, as its links say; of erased ones nothing is known."""
    texts = tx.texts.get({content.about for content in contents.values()})
    return {
        item: page_of(about_from_text(texts[content.about]).link)
        for item, content in contents.items()
        if content.about in texts
    }


def _save(tx: Transaction, feed: FeedId, visits: Collection[Visit]) -> None:
    if visits:
        tx.visits.save(unshared(list(visits), tx.visits.of(feed, pages={visit.page for visit in visits})))
