"""Folds recorded events into the read tables.

The one place that writes them: called in the transaction that appends, and again by a rebuild, so that both come out
the same. What an event does to the tables is a list of writes that follows from the event alone (`writes`); writes of
neighbouring events of one kind are sent together, statement by statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import assert_never

import sqlalchemy as sa

from store.batch import execute_rows
from store.events import (
    AlertHeld,
    AlertRaised,
    AlertReleased,
    DeliverySettled,
    FeedBaselined,
    FeedDegraded,
    FeedGap,
    FeedGone,
    FeedMoved,
    FeedQuiet,
    FeedRecovered,
    FeedReissued,
    FeedRenamed,
    FeedRepaired,
    FeedUnwatched,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemPublished,
    ItemReextracted,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemState,
    ItemWithdrawn,
    NetworkLost,
    NetworkRestored,
    Recorded,
    RuleDefined,
    RuleRetired,
    SettingsApplied,
    TextErased,
)
from store.instants import to_micros
from store.tables import ALERTS, ITEMS, RULES, VERSIONS

Write = tuple[sa.ClauseElement, Mapping[str, object]]

_PUBLISH = sa.insert(ITEMS)
_REVISE = (
    sa.update(ITEMS)
    .where(ITEMS.c.id == sa.bindparam("of"))
    .values(version=sa.bindparam("to"), position=sa.bindparam("by"), changed_at=sa.bindparam("at"))
)
_KNOW_BETTER = sa.update(ITEMS).where(ITEMS.c.id == sa.bindparam("of")).values(position=sa.bindparam("by"))
_MOVE = sa.update(ITEMS).where(ITEMS.c.id == sa.bindparam("of")).values(state=sa.bindparam("to"))
_ADD_VERSION = sa.insert(VERSIONS)
_ADD_ALIAS = sa.text("INSERT INTO aliases (feed, key, item) VALUES (:feed, :key, :item) ON CONFLICT DO NOTHING")
_BASELINE = sa.text(
    "INSERT INTO feeds (feed, state, since, reason, url, baselined_at) VALUES (:feed, 'ok', :at, '', '', :at)"
    " ON CONFLICT (feed) DO UPDATE SET baselined_at = excluded.baselined_at"
)
_SET_HEALTH = sa.text(
    "INSERT INTO feeds (feed, state, since, reason, url) VALUES (:feed, :state, :since, :reason, '')"
    " ON CONFLICT (feed) DO UPDATE SET state = excluded.state, since = excluded.since, reason = excluded.reason"
)
_SET_URL = sa.text(
    "INSERT INTO feeds (feed, state, since, reason, url) VALUES (:feed, 'ok', :since, '', :url)"
    " ON CONFLICT (feed) DO UPDATE SET url = excluded.url"
)
_RENAME = (
    sa.text("UPDATE items SET feed = :new WHERE feed = :old"),
    sa.text(
        "INSERT INTO aliases (feed, key, item) SELECT :new, key, item FROM aliases WHERE feed = :old"
        " ON CONFLICT DO NOTHING"
    ),
    sa.text("DELETE FROM aliases WHERE feed = :old"),
    sa.text(
        "INSERT INTO feeds (feed, state, since, reason, url, baselined_at)"
        " SELECT :new, state, since, reason, url, baselined_at FROM feeds WHERE feed = :old ON CONFLICT DO NOTHING"
    ),
    sa.text("DELETE FROM feeds WHERE feed = :old"),
    sa.text("UPDATE alerts SET feed = :new WHERE feed = :old"),
)
_CHANGE_RULE = sa.insert(RULES)
_RAISE = sa.insert(ALERTS)
_RELEASE = sa.text(
    "UPDATE alerts SET held = '', told = :by, follows ="
    " (SELECT f.alert FROM alerts AS f WHERE f.rule = alerts.rule AND f.item = alerts.item AND f.told IS NOT NULL"
    " ORDER BY f.told LIMIT 1) WHERE alert = :of"
)


def project(connection: sa.Connection, recorded: Sequence[Recorded]) -> None:
    """Fold these events, in order."""
    for _, run in groupby(recorded, key=_together_with):
        together: dict[sa.ClauseElement, list[Mapping[str, object]]] = {}
        for one in run:
            for statement, values in writes(one):
                together.setdefault(statement, []).append(values)
        for statement, rows in together.items():
            execute_rows(connection, statement, rows)


def _together_with(one: Recorded) -> object:
    """Events with the same answer may be sent statement by statement: their writes do not wait for one another."""
    return one.position if isinstance(one.event, FeedRenamed) else type(one.event)


def writes(one: Recorded) -> Iterator[Write]:
    """What an event does to the read tables; a kind that is not named here does not pass the type checker."""
    match one.event:
        case ItemPublished() | ItemRevised() | ItemRekeyed():
            yield from _version(one, one.event)
        case (
            ItemCompleted(item=item, version=number, capture=capture)
            | ItemReextracted(item=item, version=number, capture=capture)
        ):
            yield _KNOW_BETTER, {"of": item, "by": one.position}
            yield _ADD_VERSION, {"item": item, "number": number, "position": one.position, "capture": capture}
        case ItemAbsent() | ItemDelisted() | ItemWithdrawn() | ItemRestored():
            yield _MOVE, {"of": one.event.item, "to": _state_after(one.event)}
        case FeedBaselined() | FeedDegraded() | FeedRecovered() | FeedQuiet() | FeedGone() | FeedMoved():
            yield _health(one, one.event)
        case FeedRenamed(feed=new, formerly=old):
            for statement in _RENAME:
                yield statement, {"new": new, "old": old}
        case RuleDefined() | RuleRetired():
            in_force = int(isinstance(one.event, RuleDefined))
            yield _CHANGE_RULE, {"position": one.position, "rule": one.event.rule, "in_force": in_force}
        case AlertRaised() | AlertHeld():
            yield _alert(one, one.event)
        case AlertReleased(alert=alert):
            yield _RELEASE, {"of": alert, "by": one.position}
        case (
            SettingsApplied() | FeedReissued() | FeedGap() | FeedRepaired() | FeedUnwatched() | NetworkLost()
            | NetworkRestored() | TextErased() | DeliverySettled()
        ):  # fmt: skip
            return
        case unknown:
            assert_never(unknown)


def _version(one: Recorded, event: ItemPublished | ItemRevised | ItemRekeyed) -> Iterator[Write]:
    at = to_micros(one.recorded_at)
    match event:
        case ItemPublished(item=item, feed=feed, capture=capture):
            yield (
                _PUBLISH,
                {
                    "id": item,
                    "feed": feed,
                    "state": "published",
                    "version": 1,
                    "position": one.position,
                    "first_seen_at": at,
                    "changed_at": at,
                },
            )
            yield _ADD_VERSION, {"item": item, "number": 1, "position": one.position, "capture": capture}
        case ItemRevised(item=item, to_version=number, capture=capture):
            yield _REVISE, {"of": item, "to": number, "by": one.position, "at": at}
            yield _ADD_VERSION, {"item": item, "number": number, "position": one.position, "capture": capture}
        case ItemRekeyed():
            pass
    for key in event.keys:
        yield _ADD_ALIAS, {"feed": event.feed, "key": key, "item": event.item}


def _state_after(event: ItemAbsent | ItemDelisted | ItemWithdrawn | ItemRestored) -> ItemState:
    match event:
        case ItemAbsent():
            return "absent"
        case ItemDelisted():
            return "delisted"
        case ItemWithdrawn():
            return "withdrawn"
        case ItemRestored():
            return "published"


def _health(
    one: Recorded, event: FeedBaselined | FeedDegraded | FeedRecovered | FeedQuiet | FeedGone | FeedMoved
) -> Write:
    at = to_micros(one.recorded_at)
    match event:
        case FeedBaselined(feed=feed):
            return _BASELINE, {"feed": feed, "at": at}
        case FeedMoved(feed=feed, url=url):
            return _SET_URL, {"feed": feed, "since": at, "url": url}
        case FeedRecovered(feed=feed):
            return _SET_HEALTH, {"feed": feed, "state": "ok", "since": at, "reason": ""}
        case FeedDegraded(feed=feed, since=since, reason=reason):
            state = "degraded"
        case FeedQuiet(feed=feed, since=since, reason=reason):
            state = "quiet"
        case FeedGone(feed=feed, since=since, reason=reason):
            state = "gone"
    return _SET_HEALTH, {"feed": feed, "state": state, "since": to_micros(since), "reason": reason}


def _alert(one: Recorded, event: AlertRaised | AlertHeld) -> Write:
    held = isinstance(event, AlertHeld)
    return _RAISE, {
        "alert": event.alert,
        "rule": event.rule,
        "feed": event.feed,
        "item": event.item,
        "transition": event.transition,
        "cause": event.cause,
        "position": one.position,
        "recorded_at": to_micros(one.recorded_at),
        "version": event.version,
        "before": event.before,
        "held": event.reason if isinstance(event, AlertHeld) else "",
        "follows": event.follows,
        "told": None if held else one.position,
    }
