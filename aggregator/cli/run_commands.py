"""Commands that look at the world: `check`, `run`, `poll`."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.one_pass import PassReport
    from aggregator.web.health import Pulse, Readiness
    from aggregator.wiring import Program
    from config.load import Loaded
    from config.model import Settings
    from store.ports import Store

log = logging.getLogger("feedwitness")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(check)
    app.command()(run)
    app.command()(poll)


def check(ctx: typer.Context) -> None:
    """Read all settings; say everything that is wrong, or sum up what would run."""
    here = context(ctx)
    loaded, settings = here.loaded()
    if not here.verbose:
        for warning in loaded.warnings:
            out.note(warning.render("warning"))
    feeds = [feed for feed in settings.feeds.values() if feed.enabled]
    summary = {
        "file": loaded.file,
        "files": list(loaded.files),
        "feeds": len(feeds),
        "feeds_off": len(settings.feeds) - len(feeds),
        "topics": len(settings.topics),
        "rules": len(settings.rules),
        "channels": len(settings.channels),
        "store": settings.store.url,
        "listen": settings.web.listen,
    }
    if here.json:
        out.emit(summary)
        return
    off = f" ({summary['feeds_off']} more are off)" if summary["feeds_off"] else ""
    out.say(
        f"{loaded.file} is right: {len(feeds)} feeds{off}, "
        f"{len(settings.rules)} rules, {len(settings.channels)} channels"
    )
    out.say(f"store   {settings.store.url}")
    out.say(f"health  {f'http://{settings.web.listen}/healthz' if settings.web.listen else 'off'}")


def run(ctx: typer.Context) -> None:
    """The daemon: watch until told to stop."""
    from aggregator import logs
    from aggregator.clock import utc_now
    from store.database import open_store
    from store.lock import hold

    here = context(ctx)
    loaded, settings = here.loaded()
    logs.configure(verbose=here.verbose, as_json=os.environ.get("FEEDWITNESS_LOG") == "json")
    for warning in loaded.warnings:
        log.warning("%s", warning.render())
    with (
        hold(settings.store.url, command="run", since=utc_now()),
        open_store(settings.store.url, migrate=True) as store,
    ):
        asyncio.run(_daemon(loaded, settings, store))


async def _daemon(loaded: "Loaded", settings: "Settings", store: "Store") -> None:
    from aggregator.daemon import Daemon
    from aggregator.web.health import Pulse, Readiness
    from aggregator.wiring import build

    stop = asyncio.Event()
    _obey_signals(stop)
    pulse, readiness = Pulse(), Readiness()
    async with build(loaded, store) as program, AsyncExitStack() as served:
        await program.start()
        await _serve(settings, program, pulse, readiness, served)
        _announce(settings)
        await Daemon(program, pulse, readiness).run(stop)
    log.info("stopped")


async def _serve(
    settings: "Settings", program: "Program", pulse: "Pulse", readiness: "Readiness", served: AsyncExitStack
) -> None:
    if not settings.web.listen:
        return
    from aggregator.web.app import application
    from aggregator.web.server import ListenFailed, bind, serving

    try:
        sock = bind(settings.web.listen)
    except ListenFailed as failed:
        raise Failure(str(failed), 2) from failed
    await served.enter_async_context(serving(application(pulse, readiness, program.metrics), sock))


def _announce(settings: "Settings") -> None:
    watched = sum(feed.enabled for feed in settings.feeds.values())
    log.info("watching %d feeds with %d rules; the log is %s", watched, len(settings.rules), settings.store.path)
    if settings.web.listen:
        log.info("health at http://%s/healthz", settings.web.listen)


def _obey_signals(stop: asyncio.Event) -> None:
    """TERM and INT ask to stop; the second one stops now."""

    def asked() -> None:
        if stop.is_set():
            os._exit(130)
        log.info("stopping: finishing what is in flight (again: stop now)")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked)


def poll(
    ctx: typer.Context,
    feeds: Annotated[list[str] | None, typer.Argument(metavar="[FEED…]", help="Only these feeds.")] = None,
) -> int:
    """One pass now, due or not: fetch, record, match, try each delivery that is due once."""
    from aggregator import logs
    from aggregator.clock import utc_now
    from store.database import open_store
    from store.lock import hold

    here = context(ctx)
    loaded, settings = here.loaded()
    wanted = _chosen(settings, feeds or [])
    logs.configure(verbose=here.verbose, as_json=False)
    if not here.verbose:
        logging.getLogger("feedwitness").setLevel(logging.WARNING)
    with (
        hold(settings.store.url, command="poll", since=utc_now()),
        open_store(settings.store.url, migrate=True) as store,
    ):
        report = asyncio.run(_pass(loaded, store, wanted, quiet=here.json))
    _tell(here, report)
    return 0 if report.good else 1


def _chosen(settings: "Settings", named: Sequence[str]) -> list[str]:
    unknown = [name for name in named if name not in settings.feeds]
    if unknown:
        raise Failure(f"no feed {', '.join(map(out.line, unknown))} in the settings: `feedwitness feeds` lists them", 2)
    return list(named) or [feed.id for feed in settings.feeds.values() if feed.enabled]


async def _pass(loaded: "Loaded", store: "Store", wanted: Sequence[str], *, quiet: bool) -> "PassReport":
    from aggregator.one_pass import one_pass
    from aggregator.wiring import build
    from store.events import FeedId

    async with build(loaded, store) as program:
        await program.start()
        with out.progress("polling", quiet=quiet) as advance:
            return await one_pass(program, [FeedId(feed) for feed in wanted], advance)


def _tell(here: Context, report: "PassReport") -> None:
    if here.json:
        out.emit(report.as_json())
        return
    for failed in report.failed:
        out.note(f"{failed.feed}: {failed.failure}: {failed.detail}")
    out.say(
        f"{len(report.reports)} feeds polled, {len(report.failed)} failed; {report.events} events; "
        f"{report.delivered} delivered, {report.waiting} to try again, {report.dead} dead"
    )
