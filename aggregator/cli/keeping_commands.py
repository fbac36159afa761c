"""Commands that keep the record, and take out of it what must go: `backup` and `erase`."""

from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(backup)


def backup(
    ctx: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; a new file.")]
) -> int:
    """Make a consistent copy of the record, while the daemon runs; checked before it gets its name."""
    from store.address import database_path
    from store.backup import BackupRefused, back_up

    here = context(ctx)
    path = database_path(here.settings().store.url)
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
