"""The command `evidence`: what is known of one item as a file that a third party can check."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import evidence_outside, out
from aggregator.cli.choosing import find_item
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from aggregator.evidence.dossier import Dossier
    from aggregator.evidence.outside import Outside


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(evidence)


def evidence(
    ctx: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item's id, as `items` shows it.")],
    file: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.zip", help="Where it goes; a new file.")],
    timestamp: Annotated[
        str, typer.Option("--timestamp", metavar="URL", help="Ask this authority to put its time on it (RFC 3161).")
    ] = "",
    timestamp_ca: Annotated[
        Path | None,
        typer.Option("--timestamp-ca", metavar="FILE", help="The authority's certificate; believe no other."),
    ] = None,
    archive: Annotated[
        str, typer.Option("--archive", metavar="URL", help="Ask this archive to keep the item's page, as it is now.")
    ] = "",
) -> int:
    """Put all that is known of an item into one file to be checked. Events, words, captures, proofs: a third party
    needs nothing else."""
    from importlib.metadata import version

    from aggregator.evidence.bundle import BundleRefused, packed, refuse, write
    from aggregator.evidence.dossier import gather
    from aggregator.evidence.members import members
    from store.database import open_store
    from store.proof import Unproven

    here = context(ctx)
    with here.views() as views:
        row = find_item(views, item)
        total = views.tx.log.head().position
    wanted = evidence_outside.errands(row, timestamp, timestamp_ca, archive)
    try:
        refuse(file.absolute())
        with (
            open_store(here.settings().store.url) as store,
            out.progress("verifying", quiet=here.json) as advance,
        ):
            dossier = gather(store, row.id, lambda done: advance(done, max(done, total)))
        outside = evidence_outside.ask(here.settings(), wanted, dossier.head.note.encode(), quiet=here.json)
        data = packed(members(dossier, f"feedwitness {version('feedwitness')}", outside))
        write(data, file.absolute())
    except BundleRefused as refused:
        raise Failure(f"no evidence: {refused}", 2) from refused
    except Unproven as unproven:
        raise Failure(f"no evidence: {unproven}", 1) from unproven
    if here.json:
        out.emit(_as_row(file, len(data), dossier, outside))
    else:
        _tell(file, len(data), dossier, outside)
    return 0 if evidence_outside.complete(outside) else 1


def _as_row(file: Path, size: int, dossier: "Dossier", outside: "Outside") -> dict[str, object]:
    return {
        "file": str(file.absolute()),
        "size": size,
        "item": dossier.item,
        "events": len(dossier.events),
        "versions": len(dossier.versions),
        "captures": len(dossier.captures),
        "lost": list(dossier.lost),
        "checkpoint": dossier.head.note,
        "key": dossier.head.key,
        "timestamp": outside.timestamp and evidence_outside.row_of(outside.timestamp),
        "archive": outside.archived and evidence_outside.row_of(outside.archived),
    }


def _tell(file: Path, size: int, dossier: "Dossier", outside: "Outside") -> None:
    out.say(
        f"{file}: {size} bytes, {out.counted(len(dossier.events), 'event')}, "
        f"{out.counted(len(dossier.versions), 'version')}, {out.counted(len(dossier.captures), 'captured document')}"
    )
    evidence_outside.tell(outside)
    if not dossier.versions:
        out.note("its words were erased: the file shows that it was, and when and why they went")
    elif dossier.lost:
        out.note(
            f"{out.counted(len(dossier.lost), 'document')} that its events name are not kept any more (`keep_raw`)"
        )
    out.note(f"whoever checks it needs the key from you, not only from the file: {dossier.head.key}")
