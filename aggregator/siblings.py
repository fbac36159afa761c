"""Reads what sibling feeds have under the links of a poll's statements, inside the transaction that records it.

In: the statements that a plan named. Out: a `Family`. A feed without siblings costs nothing; one with siblings a
look-up by link in each of them when something came, changed, left or came back, and more only where the link is known.
"""

from collections.abc import Collection, Mapping

from aggregator.deciding.identity import comparable_link, is_home_page, key
from aggregator.deciding.normalise import FeedProfile
from aggregator.deciding.twins import Family, Sibling, Statement
from aggregator.remembered import window_of
from store.codec import about_from_text
from store.events import FeedId, ItemDelisted, ItemId, ItemRestored, ItemWithdrawn, Key, Position, Recorded
from store.ports import KnownItem, Transaction
from store.walk import events

_UNSEEN = ("degraded", "gone", "off")
_TURNS = (ItemWithdrawn.KIND, ItemDelisted.KIND, ItemRestored.KIND)


def family_of(tx: Transaction, profile: FeedProfile, statements: Mapping[ItemId, Statement]) -> Family:
    """The statements with the items of sibling feeds that have their links."""
    keys = {statement.link for statement in statements.values()}
    if not keys:
        return Family()
    found = [
        (feed, link, item) for feed in profile.siblings for link, item in sorted(tx.items.find(feed, keys).items())
    ]
    known = tx.items.get({item for _, _, item in found})
    left = {statement.link for statement in statements.values() if statement.left}
    listed = {feed: _listed(tx, profile, feed) for feed in {feed for feed, link, _ in found if link in left}}
    several = len(profile.siblings) > 1
    siblings: dict[Key, list[Sibling]] = {}
    for feed, link, item in found:
        if item in known:
            sibling = _sibling(tx, known[item], listed.get(feed, ()), left=link in left, several=several)
            siblings.setdefault(link, []).append(sibling)
    return Family(statements, siblings)


def family_of_item(tx: Transaction, profile: FeedProfile, known: KnownItem, page: str | None = None) -> Family:
    """The family of one known item, for what its page proves. `page`: what that says now."""
    content = known.content
    texts = tx.texts.get([content.title, content.text, content.about]) if profile.siblings else {}
    link = about_from_text(texts[content.about]).link if content.about in texts else ""
    if not link or is_home_page(link):
        return Family()
    title, text = texts.get(content.title), texts.get(content.text)
    statement = Statement(key("link", comparable_link(link)), title, text, page=page, left=True)
    return family_of(tx, profile, {known.id: statement})


def _listed(tx: Transaction, profile: FeedProfile, feed: FeedId) -> Collection[ItemId]:
    """What the feed lists as far as we know; nothing where we cannot see it."""
    return () if feed in profile.idle or tx.polls.health(feed) in _UNSEEN else window_of(tx, feed)


def _sibling(tx: Transaction, known: KnownItem, listed: Collection[ItemId], *, left: bool, several: bool) -> Sibling:
    turn = _last_turn(tx, known.id) if left else None
    return Sibling(
        known,
        said_at=_said_at(tx, known) if several else Position(0),
        turned_at=turn.position if turn else Position(0),
        came_back=turn is not None and isinstance(turn.event, ItemRestored),
        listed=known.id in listed,
    )


def _said_at(tx: Transaction, known: KnownItem) -> Position:
    """The first of the readings without a break that have its present title and text."""
    position = Position(0)
    for reading in reversed(tx.items.versions(known.id)):
        if (reading.content.title, reading.content.text) != (known.content.title, known.content.text):
            break
        position = reading.position
    return position


def _last_turn(tx: Transaction, item: ItemId) -> Recorded | None:
    """When it last left or came back; a mere absence is no leaving."""
    last = None
    for one in events(tx.log, subject=item, kinds=_TURNS):
        if not (isinstance(one.event, ItemRestored) and one.event.was == "absent"):
            last = one
    return last
