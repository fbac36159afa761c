"""The command `poll`: one pass now."""

import asyncio
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import no_feed
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.one_pass import PassReport
    from config.load import Loaded
    from config.model import Settings
    from store.database import SqlStore
    from store.ports import StoreLocked


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(poll)


def poll(
    ctx: typer.Context,
    feeds: Annotated[list[str] | None, typer.Argument(metavar="[FEED…]", help="Only these feeds.")] = None,
) -> int:
    """One pass over the feeds now, due or not. Fetch, record, match, try each delivery that is due once."""
    from aggregator import logs
    from aggregator.clock import utc_now
    from aggregator.shown.troubles import network_lost_since
    from store.database import open_store
    from store.lock import hold
    from store.ports import StoreLocked

    here = context(ctx)
    loaded, settings = here.loaded()
    wanted = _chosen(settings, feeds or [])
    logs.configure(verbose=here.verbose, as_json=False)
    if not here.verbose:
        logging.getLogger("feedwitness").setLevel(logging.ERROR)  # what failed is said at the end, once
    with ExitStack() as held:
        try:
            held.enter_context(hold(settings.store.url, command="poll", since=utc_now()))
        except StoreLocked as locked:
            raise _refused(locked, settings.store.url) from locked
        store = held.enter_context(open_store(settings.store.url, migrate=True))
        with store.read() as tx:
            before = tx.log.head().position
        report = asyncio.run(_pass(here, loaded, store, wanted))
        found = _found(store, before)
        with store.views() as views:
            lost_since = network_lost_since(views)
    _tell(here, report, found, lost_since)
    return 0 if report.good else 1


def _refused(locked: "StoreLocked", url: str) -> Failure:
    """Beside a daemon there is nothing to stop: it polls."""
    from store.lock import holder

    running = holder(url)
    if running is None or running.command != "run":
        return Failure(str(locked), 2)
    return Failure(f"{locked}; or let it be: it polls by itself, and `feedwitness feeds` says when", 2)


def _chosen(settings: "Settings", named: Sequence[str]) -> list[str]:
    """Every feed that is on, or those that were named (once each), off or not."""
    unknown = [name for name in named if name not in settings.feeds]
    if unknown:
        raise Failure("\n".join(no_feed(name, settings) for name in unknown), 2)
    off = [name for name in named if not settings.feeds[name].enabled]
    if off:
        raise Failure(f"{', '.join(off)}: switched off in the settings; set `enabled = true` to poll", 2)
    return list(dict.fromkeys(named)) or [feed.id for feed in settings.feeds.values() if feed.enabled]


async def _pass(here: Context, loaded: "Loaded", store: "SqlStore", wanted: Sequence[str]) -> "PassReport":
    from aggregator.one_pass import one_pass
    from aggregator.wiring import build
    from store.events import FeedId

    async with build(loaded, store, console=sys.stderr if here.json else sys.stdout) as program:
        await program.start()
        with out.progress("polling", quiet=here.json) as advance:
            return await one_pass(program, [FeedId(feed) for feed in wanted], advance)


def _found(store: "SqlStore", before: int) -> Counter[str]:
    """What the pass wrote into the log, counted by what it means."""
    from store.events import ItemPublished, Position

    found: Counter[str] = Counter()
    position = Position(before)
    while True:
        with store.read() as tx:
            batch = tx.log.read(position, 500)
        if not batch:
            return found
        position = batch[-1].position
        for recorded in batch:
            event = recorded.event
            first = isinstance(event, ItemPublished) and event.baseline
            found["first fetch" if first else event.KIND.partition("/")[0]] += 1


WORDS = {
    "item.published": "new",
    "item.revised": "edited",
    "item.withdrawn": "withdrawn",
    "item.delisted": "delisted",
    "item.restored": "listed again",
    "item.completed": "completed from their pages",
    "first fetch": "known from a first fetch, which is no news",
}


GOOD_VISITS = ("completed", "edited", "read", "same", "superseded", "erased")
NAMED = 5
"""How many of the feeds that fail for one reason are named."""


def _tell(here: Context, report: "PassReport", found: Counter[str], lost_since: datetime | None) -> None:
    if here.json:
        out.emit(report.as_json())
        return
    if lost_since:
        out.note(f"our own network is lost since {out.minute(lost_since)} UTC; no source is blamed")
    _tell_failed(report, verbose=here.verbose)
    out.say(f"polled      {out.counted(len(report.reports), 'feed')}, {len(report.failed)} failed")
    told = [f"{found[kind]} {words}" for kind, words in WORDS.items() if found[kind]]
    out.say(f"statements  {', '.join(told) or 'nothing new'}")
    if visited := sum(report.pages.values()):
        left = f", {report.pages_waiting} still due" if report.pages_waiting else ""
        unread = visited - sum(report.pages.get(good, 0) for good in GOOD_VISITS)
        out.say(f"pages       {visited} visited, {unread} could not be read{left}")
    held = f", {found['alert.held']} held" if found["alert.held"] else ""
    out.say(f"alerts      {report.delivered} delivered, {report.waiting} to try again, {report.dead} dead{held}")


def _tell_failed(report: "PassReport", *, verbose: bool) -> None:
    """The feeds without a usable document, by reason, in the words of `status`; each one's own under `-v`."""
    from aggregator.shown.telling import reason_in_words
    from aggregator.shown.troubles import some

    failed: dict[str, list[str]] = {}
    for each in report.failed:
        words = each.detail if each.failure == "bug" else reason_in_words(each.failure)
        failed.setdefault(words, []).append(each.feed)
    for words, feeds in sorted(failed.items(), key=lambda group: -len(group[1])):
        out.note(f"cannot see {some(feeds, len(feeds) if verbose else NAMED)}: {words}")
    if verbose:
        for each in report.failed:
            out.note(f"  {each.feed}: {each.failure}: {each.detail}")
