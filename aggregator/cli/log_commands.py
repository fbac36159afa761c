"""Commands about the log itself: `events`, `verify`, `rebuild`."""

import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import context
from store.events import Position, Recorded, feed_stream, subject_of

if TYPE_CHECKING:
    from store.database import SqlStore

BATCH = 500
FOLLOW_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(events)
    app.command()(verify)
    app.command()(rebuild)


def events(
    ctx: typer.Context,
    after: int = typer.Option(0, "--after", metavar="N", help="Only events with a position above N."),
    follow: bool = typer.Option(False, "--follow", help="Go on with what comes."),
    feed: str = typer.Option("", "--feed", metavar="ID", help="Only this feed's."),
    item: str = typer.Option("", "--item", metavar="ID", help="Only this item's."),
) -> None:
    """Show the log itself, oldest first."""
    here = context(ctx)
    with here.store() as store:
        wanted = _read(store, Position(after), feed, item, follow=follow)
        if not here.json:
            for recorded in wanted:
                row = event_row(recorded)
                out.say(
                    f"{recorded.position:>7}  {out.when(recorded.recorded_at)}  {row['kind']:<20} {row['subject']}  "
                    f"{out.line(out.compact(row['data']), 160)}"
                )
        elif follow:
            for recorded in wanted:
                out.emit(event_row(recorded))
                sys.stdout.flush()
        else:
            out.emit_rows(event_row(recorded) for recorded in wanted)


def event_row(recorded: Recorded) -> dict[str, object]:
    """An event as CONTRACT 4 shows it."""
    from store.codec import encode

    return {
        "position": recorded.position,
        "event_id": recorded.event_id,
        "stream": recorded.stream,
        "version": recorded.version,
        "kind": recorded.event.KIND,
        "subject": subject_of(recorded.event),
        "recorded_at": out.stamp(recorded.recorded_at),
        "data": json.loads(encode(recorded.event)[1]),
        "hash": recorded.hash.hex(),
    }


def _read(store: "SqlStore", after: Position, feed: str, item: str, *, follow: bool) -> Iterator[Recorded]:
    stream = feed_stream(feed) if feed else None  # type: ignore[arg-type]  # what the user typed names a feed
    while True:
        with store.read() as tx:
            batch = tx.log.read(after, BATCH, stream=stream, subject=item or None)
        yield from batch
        if batch:
            after = batch[-1].position
        elif not follow:
            return
        else:
            time.sleep(FOLLOW_SECONDS)


def verify(ctx: typer.Context) -> int:
    """Recompute the chain of hashes; names the first bad position."""
    from store.verify import verify as recompute

    here = context(ctx)
    with here.store() as store, out.progress("verifying", quiet=here.json) as advance:
        total = _head(store)
        report = recompute(store, lambda done: advance(done, total))
    if here.json:
        out.emit({
            "ok": report.ok, "events": report.head.position, "hash": report.head.hash.hex(),
            "first_bad": report.first_bad, "problem": report.problem,
        })  # fmt: skip
    elif report.ok:
        out.say(f"the log holds: {report.head.position} events, head {report.head.hash.hex()}")
    else:
        out.say(f"the log does not hold: position {report.first_bad}: {report.problem}")
    return 0 if report.ok else 1


def _head(store: "SqlStore") -> Position:
    with store.read() as tx:
        return tx.log.head().position


def rebuild(ctx: typer.Context) -> None:
    """Throw the read tables away and replay the log into them."""
    from aggregator.clock import utc_now
    from store.database import open_store
    from store.lock import hold
    from store.rebuild import rebuild as replay

    here = context(ctx)
    url = here.settings().store.url
    with (
        hold(url, command="rebuild", since=utc_now()),
        open_store(url, migrate=False) as store,
        out.progress("replaying", quiet=here.json) as advance,
    ):
        total = _head(store)
        count = replay(store, lambda done: advance(done, total))
    if here.json:
        out.emit({"events": count})
    else:
        out.say(f"replayed {count} events; the read tables are as the log says")
