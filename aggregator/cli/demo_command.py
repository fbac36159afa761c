"""The command `demo`: a made-up ministry, a desk and the real daemon between them, offline, in a temporary folder.

Exits 0 if all that was done was seen and told once, else 1 with what differed. However it ends, Ctrl-C and TERM
included, its processes end and its folder goes, unless `--keep` asked for it.
"""

import asyncio
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from aggregator.demo.audit import Books
    from aggregator.demo.director import Beat

PAUSE, LONG_PAUSE = 0.25, 0.8
"""Seconds for readers, after a line and after the heading of a scene; nothing depends on them."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(demo)


def demo(
    ctx: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder, to look around in it afterwards.")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="Without pauses for readers.")] = False,
) -> int:
    """See it work, offline, in under a minute. A local site publishes, edits and withdraws statements; what the desk
    receives is shown."""
    here = context(ctx)
    began = time.monotonic()
    with ExitStack() as stack:
        folder = _folder()
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            books = asyncio.run(_play(folder, quiet=here.json, fast=fast or here.json))
        except asyncio.CancelledError:  # TERM, or a hang-up
            raise KeyboardInterrupt from None
        if here.json:
            seconds = round(time.monotonic() - began, 1)
            out.emit(summary(books) | {"seconds": seconds, "folder": str(folder) if keep else None})
        elif keep:
            _invite(folder, books)
    return 0 if books.good else 1


def _folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="feedwitness-demo-"))
    except OSError as error:
        raise Failure(f"no folder for the demo: {error.strerror or error}; TMPDIR names another place", 1) from error


async def _play(folder: Path, *, quiet: bool, fast: bool) -> "Books":
    """Play, and show it unless `quiet`. TERM and a hang-up cancel it, as Ctrl-C does."""
    from aggregator.cli.demo_view import View, account, opening
    from aggregator.demo.director import Opens, play

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has one
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    view = View()

    async def tell(beat: "Beat") -> None:
        if not quiet:
            view.show(beat)
        if not fast:
            await asyncio.sleep(LONG_PAUSE if isinstance(beat, Opens) else PAUSE)

    if not quiet:
        opening()
    books = await play(folder, tell)
    if not quiet:
        account(books)
    return books


def summary(books: "Books") -> dict[str, object]:
    """The books as JSON."""
    rows = [
        {"did": row.did, "item": row.item or None, "position": row.position, "seen": row.seen or None,
         "told": row.told or None, "alert_id": row.alert or None, **row.received}
        for row in books.rows
    ]  # fmt: skip
    verified = {"ok": books.verified.ok, "events": books.verified.events, "hash": books.verified.hash}
    return {"ok": books.good, "rows": rows, "raised": books.raised, "received": dict(books.received),
            "verify": verified, "differences": list(books.differences)}  # fmt: skip


def _invite(folder: Path, books: "Books") -> None:
    """What to look at in a kept folder."""
    item = next((row.item for row in books.rows if row.item), "ITEM")
    out.say(f"\nkept; look around in it:\n  export FEEDWITNESS_CONFIG={folder / 'feedwitness.toml'}")
    for words in (f"history {item}", f"why {item}", "events"):
        out.say(f"  feedwitness {words}")
