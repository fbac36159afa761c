"""docs/operations.md shows commands, settings, files and metrics that are there."""

import re

import pytest
import typer.core
import typer.main

from aggregator.cli.main import build
from aggregator.metrics import Metrics
from aggregator.settings import load
from tests.acceptance.recipes import ROOT, stages, unit

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TREE = typer.main.get_command(build())


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def shown_commands() -> list[list[str]]:
    """The words behind `feedwitness`, in text and in blocks, comments aside."""
    inline = re.findall(r"`(?:sudo -u feedwitness |docker compose exec feedwitness )?feedwitness ([^`]+)`", PAGE)
    lines = [line.partition(" #")[0] for block in blocks("sh") for line in block.splitlines()]
    return [shown.split() for shown in inline + [line.removeprefix("feedwitness ") for line in lines
                                                 if line.startswith("feedwitness ")]]  # fmt: skip


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_a_command_that_is_shown_is_there(words):
    name, *rest = words
    assert name in TREE.commands
    command = TREE.commands[name]
    below = getattr(command, "commands", {})
    if rest and rest[0] in below:
        command = below[rest[0]]
    elif below and rest and not any(isinstance(one, typer.core.TyperArgument) for one in command.params):
        assert rest[0].startswith("-"), f"{name} has no {rest[0]}"
    known = {option for holder in (TREE, command) for one in holder.params for option in one.opts}
    assert {word for word in rest if word.startswith("-")} <= known


def test_there_are_commands_to_hold_the_page_to():
    assert len(shown_commands()) > 20


@pytest.mark.parametrize("shown", blocks("toml"))
def test_settings_that_are_shown_are_right(shown, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef")
    (tmp_path / "feedwitness.toml").write_text(re.sub(r'file = "[^"]+"', f'file = "{secret}"', shown))
    assert load("feedwitness.toml", {}, tmp_path).mistakes == ()


def test_files_that_are_named_are_there():
    named = set(re.findall(r"\b((?:deploy|requirements)/[\w./-]*\w)", PAGE)) | {"compose.yaml", "Containerfile"}
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_metrics_that_are_named_are_there():
    there = {one.name + ("_total" if one.type == "counter" else "") for one in Metrics().registry.collect()}
    named = set(re.findall(r"`(feedwitness_\w+)", PAGE))
    assert named
    assert named <= there


def test_the_page_puts_things_where_the_unit_and_the_image_look_for_them():
    program = unit()["ExecStart"][0].split()[0]
    assert f"ln -s {program} /usr/local/bin/feedwitness" in PAGE
    assert f"python3 -m venv {program.removesuffix('/bin/feedwitness')}\n" in PAGE
    state = stages()[-1].env["STATE_DIRECTORY"]
    assert f'url = "sqlite:///{state}/feedwitness.db"' in PAGE
    assert f"--home-dir {state} --shell /usr/sbin/nologin {unit()['User'][0]}" in PAGE
