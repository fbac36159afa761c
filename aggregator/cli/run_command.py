"""The command `run`: the daemon, until it is told to stop.

Log lines go to stderr, alerts of console channels to stdout. At the start it says what it watches, and after the first
look at every source which ones it cannot see.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.web.health import Pulse, Readiness
    from aggregator.wiring import Program
    from config.load import Loaded
    from config.model import Settings
    from store.database import SqlStore
    from store.events import FeedId
    from store.ports import PollState

log = logging.getLogger("feedwitness")

LOOK = timedelta(seconds=0.5)
ECHO = timedelta(seconds=0.3)
NAMED = 5
"""How many unseen sources the summary names."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(run)


def run(ctx: typer.Context) -> None:
    """The daemon: watch until told to stop (Ctrl-C, TERM)."""
    from aggregator import logs
    from aggregator.clock import utc_now
    from store.database import open_store
    from store.lock import hold

    here = context(ctx)
    loaded, settings = here.loaded()
    logs.configure(verbose=here.verbose, as_json=os.environ.get("FEEDWITNESS_LOG") == "json")
    with (
        hold(settings.store.url, command="run", since=utc_now()) as held,
        open_store(settings.store.url, migrate=True) as store,
    ):
        asyncio.run(_daemon(here, loaded, settings, store, held.note))


async def _daemon(
    here: Context, loaded: "Loaded", settings: "Settings", store: "SqlStore", note: Callable[[str], None]
) -> None:
    from aggregator.clock import utc_now
    from aggregator.daemon import Daemon
    from aggregator.notify import Notifier
    from aggregator.reload import Reloader
    from aggregator.settings import load
    from aggregator.watchdog import Watchdog
    from aggregator.web.health import Pulse, Readiness
    from aggregator.wiring import build

    stop, reread = asyncio.Event(), asyncio.Event()
    _obey_signals(stop, reread)
    pulse, readiness, started = Pulse(), Readiness(), utc_now()
    notifier, console = Notifier(os.environ), sys.stderr if here.json else sys.stdout
    async with build(loaded, store, console=console) as program, AsyncExitStack() as served:
        with store.read() as tx:
            head = tx.log.head().position  # before the start writes anything
        await program.start()
        await _serve(settings, program, pulse, readiness, served)
        _announce(loaded, settings, head)
        looking = asyncio.create_task(_tell_first_look(program, settings, started, head), name="first look")
        reloader = Reloader(
            program,
            loaded,
            read=partial(load, loaded.file, os.environ, Path.cwd()),
            asked=reread,
            note=note,
            readiness=readiness,
            notifier=notifier,
            console=console,
        )
        watchdog = Watchdog(notifier, pulse, readiness, store)
        try:
            await Daemon(program, pulse, readiness, reloader=reloader, notifier=notifier, watchdog=watchdog).run(stop)
        finally:
            looking.cancel()
    log.info("stopped; the record is in %s", settings.store.path)


async def _serve(
    settings: "Settings", program: "Program", pulse: "Pulse", readiness: "Readiness", served: AsyncExitStack
) -> None:
    if not settings.web.listen:
        return
    from aggregator.cli.served import access, api
    from aggregator.web.app import application
    from aggregator.web.server import ListenFailed, bind, serving

    try:
        sock = bind(settings.web.listen)
    except ListenFailed as failed:
        raise Failure(str(failed), 2) from failed
    questions = api(program.store, lambda: program.settings)
    app = application(pulse, readiness, program.metrics, access=access(settings.web), api=questions)
    await served.enter_async_context(serving(app, sock))
    host, port = sock.getsockname()[:2]
    log.info(
        "health at http://%s/healthz, metrics at /metrics", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    )


def _announce(loaded: "Loaded", settings: "Settings", head: int) -> None:
    """What is watched, by which settings, where the record is, and who is told."""
    for warning in loaded.warnings:
        log.warning("%s", warning.render().partition("\n")[0])
    watched = sum(feed.enabled for feed in settings.feeds.values())
    off = len(settings.feeds) - watched
    log.info("settings: %s", loaded.file)
    log.info("watching %s%s for %s", out.counted(watched, "feed"), f" ({off} more are off)" if off else "",
             out.counted(len(settings.rules), "rule"))  # fmt: skip
    named = {name for rule in settings.rules.values() for name in rule.notify}
    log.info("telling %s", ", ".join(sorted(named)) or "nobody: no rule has a `notify`")
    log.info("the record: %s, %s", settings.store.path, f"{head} events so far" if head else "new")


async def _tell_first_look(program: "Program", settings: "Settings", started: datetime, head: int) -> None:
    """When every source was looked at once, or had its time: which ones are seen and which are not, and what will be
    news. A record that is not new (`head`) has news of the time before the start as well; one that cannot be written
    has none.
    """
    from aggregator.clock import utc_now
    from store.events import FeedId

    watched = {FeedId(feed.id) for feed in settings.feeds.values() if feed.enabled}
    latest = started + settings.fetch.timeout + timedelta(seconds=30)
    while utc_now() < latest:
        remembered = program.ledger.states()
        if all(_looked_at(remembered.get(feed), started) for feed in watched):
            break
        await asyncio.sleep(LOOK.total_seconds())
    states = {feed: state for feed, state in program.ledger.states().items() if feed in watched}
    unseen = [feed for feed, state in states.items() if state.failing_since or not state.last_good_at]
    seen = len(states) - len(unseen)
    since = (
        "what changed since the last look is news as well" if head else "from here on, what is new or edited is news"
    )
    news = f"; {since}" if seen and not program.store.trouble else ""
    log.info("first look: %s of %s seen%s", seen or "none", out.counted(len(watched), "feed"), news)
    if unseen:
        _tell_unseen(unseen, states, total=len(watched), lost=program.ledger.network.lost)


def _looked_at(state: "PollState | None", started: datetime) -> bool:
    if state is None or state.last_polled_at is None:
        return False
    return state.last_polled_at >= started or (state.next_at is not None and state.next_at > started)


def _tell_unseen(unseen: "list[FeedId]", states: "Mapping[FeedId, PollState]", *, total: int, lost: bool) -> None:
    from aggregator.shown.troubles import some

    soonest = min((at for feed in unseen if (at := states[feed].next_at)), default=None)
    again = f", the next at {soonest:%H:%M:%S} UTC" if soonest else ""
    log.warning("cannot see %d of %s: %s", len(unseen), out.counted(total, "feed"), some(unseen, NAMED))
    if lost:
        log.warning("our own network is lost: no source is blamed")
    elif len(unseen) == total > 1:
        log.warning("that is all of them: is this machine online?")
    log.warning("each is tried again until it is seen%s; `feedwitness status` says since when and why", again)


def _obey_signals(stop: asyncio.Event, reread: asyncio.Event) -> None:
    """TERM and INT ask to stop; a second one stops now, unless it is the first one's echo (`timeout` sends two).

    HUP asks for the settings to be read again: as soon as the daemon runs, and not when it stops.
    """
    loop = asyncio.get_running_loop()
    first = 0.0

    def asked() -> None:
        nonlocal first
        if not stop.is_set():
            first = loop.time()
            log.info("stopping: finishing what is in flight (again: stop now)")
            stop.set()
        elif loop.time() - first > ECHO.total_seconds():
            os._exit(130)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    loop.add_signal_handler(signal.SIGHUP, reread.set)
