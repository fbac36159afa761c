"""Commands that keep the record, and take out of it what must go: `backup` and `erase`."""

import asyncio
import sys
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.choosing import account, find_item
from aggregator.cli.context import Context, Failure, context

if TYPE_CHECKING:
    from aggregator.deciding.normalise import FeedProfile
    from aggregator.erase import Findings
    from config.model import Settings
    from store.database import SqlStore
    from store.events import FeedId
    from store.ports import Erased, ItemRow

TELLING_WORDS = 8
"""Characters from which a title is taken for words that the reason for its erasure must not repeat."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(backup)
    app.command()(erase)


def backup(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; a new file.")]
) -> int:
    """Make a consistent copy of the record, while the daemon runs. It is checked before it gets its name."""
    from store.address import database_path
    from store.backup import BackupRefused, back_up

    here = context(ctx)
    path = database_path(here.known.store.url)
    with here.store() as store, out.progress("checking the copy", quiet=here.json) as advance:
        with store.read() as tx:
            total = tx.log.head().position
        try:
            made = back_up(path, file.absolute(), lambda done: advance(done, max(done, total)))
        except BackupRefused as refused:
            raise Failure(f"no backup: {refused}", 2) from refused
    head = made.report.head
    if here.json:
        out.emit({
            "file": str(made.file), "size": made.size, "events": head.position, "hash": head.hash.hex(),
            "ok": made.report.ok, "problem": made.report.problem,
        })  # fmt: skip
    else:
        out.say(f"{made.file}: {made.size} bytes, {head.position} events, head {head.hash.hex()}")
        out.note("keep that position and hash elsewhere: against them a later loss at the end of the log is found")
        if not made.report.ok:
            out.note(f"the copy is as the store is, and its log does not hold: {made.report.problem}")
    return 0 if made.report.ok else 1


def erase(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason. It stays in the log for ever.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an item's texts and captures for good. The log keeps that it was, and still verifies."""
    from store.lock import hold
    from store.ports import StoreLocked

    here = context(ctx)
    settings = here.settings()
    if not why.strip():
        raise Failure("--why: say why it must go; the reason stays in the log for ever", 2)
    with ExitStack() as held:
        with here.views() as views:
            row = find_item(views, item)
        if row.id != item:
            raise Failure(f"what is erased is gone for good, so name it in full: {row.id}", 2)
        if not row.erased:
            _refuse_words(row, why)
            if not yes:
                _confirm(row, why)
        alone = True
        try:
            held.enter_context(hold(settings.store.url, command="erase", since=_now()))
        except StoreLocked:  # a running daemon is no hindrance: it empties SQLite's write-ahead log itself
            alone = False
        store = held.enter_context(_writable(settings, alone=alone))
        erased = None if row.erased else _erase(here, store, row, why.strip())
    _tell_erased(here, row, erased, alone=alone)


def _erase(here: Context, store: "SqlStore", row: "ItemRow", why: str) -> "Erased | None":
    from aggregator.erase import erase as remove
    from aggregator.erase import find_captures

    profile, encoding = _profile(here.settings(), row.feed)
    with out.progress("reading captures", quiet=here.json) as advance:
        findings: Findings = asyncio.run(find_captures(store, row.id, profile, encoding, advance))
    return store.write(lambda tx: remove(tx, row.id, profile, findings, who=account(), why=why, now=_now())).result()


def _confirm(row: "ItemRow", why: str) -> None:
    """Ask a person; where there is none, `--yes` has to say it."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failure("what is erased cannot be brought back: `--yes` says that it is meant", 2)
    out.note(f"{out.line(row.title, 200)}\n{row.id}, {out.counted(row.version, 'version')}")
    out.note(f"its texts, every document that shows it and every message about it go for good; the log keeps: {why}")
    if not typer.confirm("erase it?", err=True):
        raise Failure("nothing was erased", 1)


def _refuse_words(row: "ItemRow", why: str) -> None:
    if len(row.title) >= TELLING_WORDS and row.title.casefold() in why.casefold():
        raise Failure("--why repeats the title that is to go, and would keep it for ever: use other words", 2)


def _profile(settings: "Settings", feed: "FeedId") -> "tuple[FeedProfile, str]":
    """The feed's own way of being read; the plain way for one that is no longer in the settings."""
    from aggregator import settings as translate
    from aggregator.deciding.normalise import FeedProfile
    from aggregator.ways_out import revealed

    if known := settings.feeds.get(feed):
        return translate.profile(known), revealed(known.encoding)
    return FeedProfile(feed, "", timedelta(0)), ""


def _tell_erased(here: Context, row: "ItemRow", erased: "Erased | None", *, alone: bool) -> None:
    from store.address import database_path
    from store.schema import copies

    kept = [str(copy) for copy in copies(database_path(here.settings().store.url))]
    if here.json:
        counts = [erased.texts, erased.captures, erased.deliveries] if erased else [0, 0, 0]
        out.emit({
            "item": row.id, "erased": erased is not None,
            **dict(zip(("texts", "captures", "messages"), counts, strict=True)), "copies": kept,
        })  # fmt: skip
        return
    if erased is None:
        out.say(f"{row.id} was erased before: `feedwitness history {row.id}` says when, by whom and why")
        return
    out.say(
        f"{row.id} is erased: {out.counted(erased.texts, 'text')}, {out.counted(erased.captures, 'document')} "
        f"and the words of {out.counted(erased.deliveries, 'message')}"
    )
    if not alone:
        out.note("the running daemon empties SQLite's write-ahead log, where the words still lie, within seconds")
    out.note("from here on its entry is ignored, and documents that list it are not kept")
    out.note("what left before is beyond us: messages that arrived, backups, copies of the store"
             + (f" ({', '.join(kept)} among them)" if kept else ""))  # fmt: skip


def _writable(settings: "Settings", *, alone: bool) -> "SqlStore":
    from store.database import open_store

    return open_store(settings.store.url, migrate=alone)


def _now() -> datetime:
    from aggregator.clock import utc_now

    return utc_now()
