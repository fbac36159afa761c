"""The command `verify`: the chain of hashes, the texts, and checkpoints that were kept elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context

if TYPE_CHECKING:
    from store.hearing import Hearing, Verdict
    from store.note import Checkpoint, PublicKey
    from store.ports import TreeHead
    from store.verify import VerifyReport

MEANS = {
    "holds": "the log is still the one that was signed then",
    "cut": "the log ends before: what stood at its end was removed, or an older copy was put in its place",
    "rewritten": "up to there the log is another one than the one that was signed",
    "unread": "the log does not hold up to there, so nothing can be said",
    "forged": "it is not to be believed",
}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(verify)


@dataclass(frozen=True)
class Kept:
    """A checkpoint and where it was kept; `forged`: why it is not to be believed, "" if it is."""

    file: str
    checkpoint: "Checkpoint | None"
    forged: str = ""

    def row(self, verdict: "Verdict | str") -> dict[str, object]:
        """For JSON."""
        return {
            "file": self.file, "size": self.checkpoint.size if self.checkpoint else None,
            "ok": verdict == "holds", "verdict": verdict, "problem": self.problem(verdict) or None,
        }  # fmt: skip

    def problem(self, verdict: "Verdict | str") -> str:
        """What is wrong in words, "" where nothing is."""
        return "" if verdict == "holds" else f"{MEANS[verdict]}{f': {self.forged}' if self.forged else ''}"


def verify(
    ctx: typer.Context,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="A checkpoint kept elsewhere, or the webhook or mail that carried it. May be given several times.",
        ),
    ] = None,
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="The public key to believe, instead of the record's own.")
    ] = "",
) -> int:
    """Recompute the chain of hashes. Hold checkpoints that were kept elsewhere against it."""
    from store.hearing import Hearing
    from store.verify import verify as recompute

    here = context(ctx)
    trusted = _key(key)
    notes = [(path, _note(path)) for path in checkpoint or ()]
    with here.store() as store, out.progress("verifying", quiet=here.json) as advance:
        with store.read() as tx:
            heads, total = tx.tree_heads.newest(), tx.log.head().position
        kept = [_opened(str(path), note, heads, trusted) for path, note in notes]
        kept += [_opened("the record's own", head.note, heads, None) for head in heads]
        hearing = Hearing([each.checkpoint for each in kept if each.checkpoint])
        report = recompute(store, lambda done: advance(done, total), hearing.hear)
    verdicts = [(each, _verdict(each, hearing, report)) for each in kept]
    ok = report.ok and all(verdict == "holds" for _, verdict in verdicts)
    if here.json:
        out.emit({
            "ok": ok, "events": report.head.position, "hash": report.head.hash.hex(),
            "first_bad": report.first_bad, "problem": report.problem,
            "key": heads[-1].key if heads else None, "checkpoint": heads[-1].note if heads else None,
            "checkpoints": [each.row(verdict) for each, verdict in verdicts],
        })  # fmt: skip
    else:
        _tell(report, verdicts, heads)
    return 0 if ok else 1


def _tell(report: "VerifyReport", verdicts: "Sequence[tuple[Kept, str]]", heads: "Sequence[TreeHead]") -> None:
    if report.ok:
        out.say(f"the log holds: {report.head.position} events, head {report.head.hash.hex()}")
    else:
        out.say(f"the log does not hold: position {report.first_bad}: {report.problem}")
        out.note("what stands before that position is as it was written; keep this file, and compare it with a backup")
    for each, verdict in verdicts:
        size = f" ({each.checkpoint.size} events)" if each.checkpoint else ""
        out.say(f"checkpoint {out.line(each.file)}{size}: {each.problem(verdict) or MEANS['holds']}")
    if heads:
        out.say(f"signed by {heads[-1].key}")


def _key(text: str) -> "PublicKey | None":
    from store.note import PublicKey

    try:
        return PublicKey.read(text) if text else None
    except ValueError as error:
        raise Failure(f"--key: {error}", 2) from error


def _note(path: Path) -> str:
    from aggregator.evidence.kept import note_in

    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(f"--checkpoint: {path} cannot be read: {error.strerror}", 2) from error
    if not (note := note_in(data)):
        raise Failure(
            f"--checkpoint: {path} holds none: give a checkpoint, or the whole webhook body or mail that carried one", 2
        )
    return note


def _opened(file: str, note: str, heads: "Sequence[TreeHead]", trusted: "PublicKey | None") -> Kept:
    """The checkpoint, if the trusted key signed it, or one of the record's own where none is named."""
    from store.note import Forged, PublicKey, opened, signers

    keys = [trusted] if trusted else [PublicKey.read(head.key) for head in heads]
    named = [key for key in keys if key.name in signers(note)]
    if not named:
        whose = ", ".join(sorted(signers(note))) or "nobody"
        return Kept(file, None, f"it is signed by {whose}, whose key is not known here: give it with --key")
    try:
        return Kept(file, opened(note, named[0]))
    except Forged as forged:
        return Kept(file, None, str(forged))


def _verdict(kept: Kept, hearing: "Hearing", report: "VerifyReport") -> "Verdict | str":
    if kept.checkpoint is None:
        return "forged"
    return hearing.verdict(kept.checkpoint, whole=report.ok)
