"""The command `doctor`: what is old or wrong around the program, each with what to do."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from aggregator.cli import out
from aggregator.cli.context import Context, context

if TYPE_CHECKING:
    from aggregator.doctor.judge import Finding

STYLES = {"ok": "green", "warn": "yellow", "wrong": "bold red"}
INDENT = 7 + 14
"""Columns of the grade and the subject."""


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(doctor)


def doctor(ctx: typer.Context) -> int:
    """Say what is old or wrong around the program. Versions, disk, rights, clock, the store."""
    here = context(ctx)
    findings = list(_findings(here))
    if here.json:
        out.emit_rows(
            {"subject": each.subject, "grade": each.grade, "told": each.told, "advice": each.advice or None}
            for each in findings
        )
    else:
        for each in findings:
            _tell(each)
    return 1 if any(each.grade == "wrong" for each in findings) else 0


def _findings(here: Context) -> "Iterator[Finding]":
    from aggregator.clock import utc_now
    from aggregator.doctor import judge, look

    yield from judge.machine(look.at_machine())
    loaded = here.read
    if loaded.settings is None:
        first, more = loaded.mistakes[0].render().partition("\n")[0], len(loaded.mistakes) - 1
        told = f"{first} (and {more} more)" if more else first
        there = loaded.files or os.path.lexists(loaded.file)
        advice = "`feedwitness check` shows each" if there else "`feedwitness init` writes some"
        yield judge.Finding("settings", "wrong", told, advice)
    else:
        yield judge.Finding("settings", "ok", out.line(loaded.file))
    if loaded.files:  # without settings nobody knows where the store would lie
        yield from judge.store(look.at_store(loaded.draft.store.url), utc_now())
    if loaded.tables is not None:
        yield from judge.secrets(look.at_secrets(loaded.tables))


def _tell(finding: "Finding") -> None:
    from rich.text import Text

    told = Text(out.line(finding.told))
    room = max(out.console().width - INDENT, 1)
    first, *more = told.wrap(out.console(), room) if out.console().is_terminal else [told]
    line = Text(f"{finding.grade:<7}", style=STYLES[finding.grade])
    line.append(f"{finding.subject:<14}", style="not bold default")
    out.say(line.append(first.plain, style="not bold default"))
    for rest in more:
        out.say(Text(" " * INDENT).append_text(rest))
    if finding.advice:
        out.paragraph(finding.advice, indent=INDENT)
