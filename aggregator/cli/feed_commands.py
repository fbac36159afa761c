"""Commands about the sources: `status` and `feeds`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import Context, Failure, context
from store.events import (
    FeedDegraded,
    FeedId,
    FeedRecovered,
    Position,
    feed_stream,
)

if TYPE_CHECKING:
    from config.model import Settings
    from store.ports import Views

COVERAGE_KINDS = ("feed.degraded/1", "feed.recovered/1")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(status)
    app.command()(feeds)


def feed_rows(settings: "Settings", views: "Views") -> list[dict[str, object]]:
    """Every feed of the settings as CONTRACT 4 shows it; `state` is new, off, or the health of its polls."""
    from aggregator.settings import public_url

    states = views.tx.polls.all()
    rows: list[dict[str, object]] = []
    for feed in settings.feeds.values():
        known = states.get(FeedId(feed.id))
        rows.append({
            "id": feed.id,
            "url": public_url(feed.url),
            "state": "off" if not feed.enabled else known.health if known else "new",
            "last_good_at": out.stamp(known.last_good_at) if known else None,
            "next_at": out.stamp(known.next_at) if known and feed.enabled else None,
            "failing_since": out.stamp(known.failing_since) if known else None,
            "reason": (known.reason or None) if known else None,
        })  # fmt: skip
    return rows


def status(ctx: typer.Context) -> None:
    """How things stand: feeds, queues, the head of the log, the settings in force, the daemon."""
    from aggregator.in_force import last_applied
    from store.lock import holder

    here = context(ctx)
    settings = here.settings()
    running = holder(settings.store.url)
    with here.views() as views:
        rows = feed_rows(settings, views)
        head = views.tx.log.head()
        applied = last_applied(views.tx)
        counts = views.counts()
    by_state = Counter(str(row["state"]) for row in rows)
    if here.json:
        out.emit({
            "feeds": dict(by_state),
            "queues": dict(counts),
            "head": {"position": head.position, "hash": head.hash.hex()},
            "settings": {"digest": applied.digest if applied else None, "file": applied.file if applied else None},
            "daemon": {"running": running is not None, "since": running.since if running else None},
        })  # fmt: skip
        return
    out.say(f"daemon    {f'{running.command}, pid {running.pid}, since {running.since}' if running else 'not running'}")
    out.say(f"settings  {applied.file if applied else '(none applied yet)'}")
    out.say(f"log       {head.position} events, head {head.hash.hex()[:16]}")
    out.say(f"queues    {', '.join(f'{count} {name}' for name, count in counts.items()) or 'empty'}")
    out.say(f"feeds     {', '.join(f'{count} {state}' for state, count in sorted(by_state.items())) or 'none'}\n")
    out.table(
        ("feed", "state", "last good (UTC)", "next (UTC)", "failing since", "reason"),
        map(_cells, rows),
        empty="no feeds",
    )


def _cells(row: Mapping[str, object]) -> tuple[object, ...]:
    def moment(name: str) -> str:
        value = row[name]
        return str(value)[:19].replace("T", " ") if value else "—"

    return (
        row["id"],
        row["state"],
        moment("last_good_at"),
        moment("next_at"),
        moment("failing_since"),
        row["reason"] or "",
    )


def feeds(ctx: typer.Context, feed: str = typer.Argument("", metavar="[ID]", help="One feed: its coverage.")) -> None:
    """List the feeds, or tell one feed's coverage: when we could not see it."""
    here = context(ctx)
    settings = here.settings()
    if feed and feed not in settings.feeds:
        raise Failure(f"no feed {out.line(feed)} in the settings: `feedwitness feeds` lists them", 2)
    with here.views() as views:
        rows = [row for row in feed_rows(settings, views) if not feed or row["id"] == feed]
        spells = spells_of(views, FeedId(feed)) if feed else []
    if feed:
        _tell_feed(here, rows[0], spells)
    elif here.json:
        out.emit_rows(rows)
    else:
        out.table(
            ("feed", "state", "last good (UTC)", "next (UTC)", "failing since", "reason"),
            map(_cells, rows),
            empty="no feeds in the settings",
        )


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which we could not see the source; `until` None while it lasts."""

    since: datetime
    until: datetime | None
    reason: str


def spells_of(views: "Views", feed: FeedId) -> list[Spell]:
    """The feed's blind spells, oldest first, as the log tells them."""
    spells: list[Spell] = []
    position = Position(0)
    while batch := views.tx.log.read(position, 500, stream=feed_stream(feed), kinds=COVERAGE_KINDS):
        position = batch[-1].position
        for recorded in batch:
            match recorded.event:
                case FeedDegraded(since=since, reason=reason):
                    spells.append(Spell(since, None, reason))
                case FeedRecovered() if spells:
                    spells[-1] = Spell(spells[-1].since, recorded.recorded_at, spells[-1].reason)
                case _:
                    pass
    return spells


def _tell_feed(here: Context, row: Mapping[str, object], spells: list[Spell]) -> None:
    if here.json:
        blind = [{"since": out.stamp(s.since), "until": out.stamp(s.until), "reason": s.reason} for s in spells]
        out.emit_rows([dict(row) | {"blind": blind}])
        return
    for name, value in row.items():
        out.say(f"{name:<14} {out.line(str(value)) if value else '—'}")
    out.say("\ncould not be seen:" if spells else "\nno blind spell since it is watched")
    for spell in spells:
        out.say(f"  {out.when(spell.since)} to {out.when(spell.until) if spell.until else 'now'}: {spell.reason}")
