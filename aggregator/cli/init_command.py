"""The command `init`: settings to begin with, and the schema from which editors complete and check them.

Nothing is ever overwritten. Rules are written only together with the settings that include them: in a folder that has
settings already, a further file of rules would change what a running program does.
"""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from aggregator.cli import out
from aggregator.cli.context import Failure, context

SETTINGS, RULES, SCHEMA = "feedwitness.toml", "rules.d/watch.toml", "feedwitness.schema.json"
_OWNER_ONLY, _READABLE = 0o600, 0o644
_DRAWN = "whsec_FRESH"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file to write. Settings may come to hold secrets, and no other user needs to read those."""

    name: str
    text: str
    mode: int


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(init)


def init(
    ctx: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where; made if it is not there.")] = ".",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of settings files instead; write nothing.")
    ] = False,
) -> None:
    """Write settings to begin with. Commented, working as they are, with a schema for editors."""
    if schema:
        sys.stdout.write(schema_text())
        return
    here, target = context(ctx), Path(folder)
    drafts = _drafts(target)
    written = [draft.name for draft in drafts if _write(target, draft)]
    left = [name for name in (SETTINGS, RULES, SCHEMA) if name not in written]
    if not written:
        raise Failure(f"nothing written: {_where(target, SETTINGS)} and its schema are there already", 2)
    if here.json:
        out.emit({"folder": str(target), "written": written, "left": left})
    else:
        _tell(target, written, left)


def schema_text() -> str:
    """The schema as it is written to a file."""
    import json

    from config.schema import schema

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _drafts(folder: Path) -> Sequence[Draft]:
    """What is to be written there, the settings last: who sees them finds the rest in place."""
    import base64
    import secrets

    from config import catalogue

    schema = Draft(SCHEMA, schema_text(), _READABLE)
    if os.path.lexists(folder / SETTINGS):
        return [schema]
    fresh = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    settings = catalogue.blank(SETTINGS).replace(_DRAWN, fresh)
    return [schema, Draft(RULES, catalogue.blank(RULES), _OWNER_ONLY), Draft(SETTINGS, settings, _OWNER_ONLY)]


def _write(folder: Path, draft: Draft) -> bool:
    """Whether it was written: not where there is something of that name. A file is whole or not there."""
    path = folder / draft.name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, draft.mode)
    except FileExistsError:
        if path.parent.is_dir():
            return False
        raise Failure(f"{_where(folder, '')} cannot be used: {out.line(str(path.parent))} is no folder", 2) from None
    except OSError as error:
        raise Failure(f"{_where(folder, draft.name)} cannot be written: {error.strerror}", 2) from error
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(draft.text)
    except OSError as error:
        path.unlink()
        raise Failure(f"{_where(folder, draft.name)} cannot be written: {error.strerror}", 2) from error
    return True


def _where(folder: Path, name: str) -> str:
    return out.line(str(folder / name))


def _tell(folder: Path, written: Sequence[str], left: Sequence[str]) -> None:
    for name in written:
        out.say(f"wrote    {_where(folder, name)}")
    for name in left:
        exists = os.path.lexists(folder / name)
        why = "is there already" if exists else "belongs to new settings; yours stay as they are"
        out.say(f"left out {_where(folder, name)}: {why}")
    if SETTINGS not in written:
        out.say(f"\nfor editors, the first line of a settings file: #:schema ./{SCHEMA}")
        return
    there = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    named = f"--config {SETTINGS} " if os.environ.get("FEEDWITNESS_CONFIG") else ""
    out.say(
        f"\n1. fill in `contact` in {SETTINGS}, and say in {RULES} what you watch for"
        f"\n2. {there}feedwitness {named}check"
        f"\n3. feedwitness {named}run"
    )
