"""Commands about the log itself: `events` and `rebuild`; `verify` has a module of its own."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context
from aggregator.shown.rows import event_row
from store.events import FeedId, ItemId, Position, Recorded, feed_stream, subject_of

if TYPE_CHECKING:
    from rich.text import Text

    from store.database import SqlStore

BATCH = 500
FOLLOW_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(events)
    app.command()(rebuild)


def events(
    ctx: typer.Context,
    after: Annotated[int, typer.Option("--after", metavar="N", min=0, help="Only events with a position above N.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    feed: Annotated[str, typer.Option("--feed", metavar="ID", help="Only this feed's, its items' included.")] = "",
    item: Annotated[str, typer.Option("--item", metavar="ID", help="Only this item's.")] = "",
) -> None:
    """Show the log itself, oldest first. `--json` has all that an event says."""
    here = context(ctx)
    with here.store() as store:
        _refuse_unknown(store, feed, item)
        wanted = _read(store, Position(after), feed, item, follow=follow)
        if not here.json:
            for recorded in wanted:
                out.say(_line(recorded))
                sys.stdout.flush()
        elif follow:
            for recorded in wanted:
                out.emit(event_row(recorded))
                sys.stdout.flush()
        else:
            out.emit_rows(event_row(recorded) for recorded in wanted)


def _refuse_unknown(store: "SqlStore", feed: str, item: str) -> None:
    """A name that the log does not know is a mistake, not an empty answer."""
    with store.read() as tx:
        if feed and not tx.log.version(feed_stream(FeedId(feed))):
            raise Failure(f"no events of a feed {out.line(feed)}: `feedwitness feeds` lists the feeds", 2)
        if item and not tx.items.get([ItemId(item)]):
            raise Failure(f"no item {out.line(item)}: `feedwitness items` lists the ids", 2)


def _line(recorded: Recorded) -> "Text":
    """An event for people; on a narrow terminal its words stand below."""
    from rich.text import Text

    from aggregator.shown.telling import headline

    event = recorded.event
    head = f"{recorded.position:>6}  {out.when(recorded.recorded_at)}  {event.KIND:<19} {out.line(subject_of(event))}"
    words = out.line(headline(event))
    room = not out.console().is_terminal or Text(f"{head}  {words}").cell_len <= out.console().width
    return Text(f"{head}  {words}" if room else f"{head}\n        {words}")


def _read(store: "SqlStore", after: Position, feed: str, item: str, *, follow: bool) -> Iterator[Recorded]:
    stream = feed_stream(FeedId(feed)) if feed else None
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
