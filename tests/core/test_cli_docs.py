"""The pages about commands and events name all there is, and nothing that is not."""

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
import typer.main

from aggregator.cli.main import build
from aggregator.cli.reasons import HOLDS, SILENCES
from aggregator.metrics import Metrics
from aggregator.shown.telling import REASONS
from store.events import Event

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
RULES = (DOCS / "rules.md").read_text(encoding="utf-8")
ROOT = DOCS.parent
DECIDERS = ("deciding/decide.py", "deciding/revise.py", "page/news.py")
EVENTS = (DOCS / "events.md").read_text(encoding="utf-8")
TREE = typer.main.get_command(build())
KINDS = {kind.KIND: kind for kind in get_args(Event)}


def commands_of(group):
    for name, command in group.commands.items():
        yield name, command
        for below, inner in getattr(command, "commands", {}).items():
            yield f"{name} {below}", inner


def section(command):
    heading = command.split()[0]
    found = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", [name for name, _ in commands_of(TREE)])
def test_every_command_has_its_place(name):
    assert section(name), f"docs/commands.md has no section {name}"
    assert name.split()[-1] in section(name) or " " not in name


def test_no_command_is_described_that_is_not_there():
    described = set(re.findall(r"^## ([a-z-]+)$", COMMANDS, re.MULTILINE))
    assert described == set(TREE.commands)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option)
        for name, command in [("For every command", TREE), *commands_of(TREE)]
        for parameter in command.params
        for option in getattr(parameter, "opts", [])
        if option.startswith("-") and (command is TREE or option not in ("-h", "--help"))
    ],
)
def test_every_option_is_described(name, option):
    where = COMMANDS.partition("## check")[0] if name == "For every command" else section(name)
    assert re.search(rf"`[^`]*{option}\b", where), f"docs/commands.md does not describe {option} of {name}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_is_described_with_its_fields(kind):
    row = re.search(rf"^\| `{re.escape(kind)}` \| [^|]+ \| ([^|]+) \|$", EVENTS, re.MULTILINE)
    assert row, f"docs/events.md does not describe {kind}"
    told = row[1] + (" `alert` `rule` `feed` `item` `transition` `cause` `version` `before` `hits` `topics` `follows`"
                     if "as `alert.raised/1`" in row[1] else "")  # fmt: skip
    missing = [field.name for field in fields(KINDS[kind]) if f"`{field.name}`" not in told]
    assert not missing


def test_no_kind_of_event_is_described_that_is_not_there():
    assert set(re.findall(r"^\| `([a-z.]+/\d+)`", EVENTS, re.MULTILINE)) == set(KINDS)


def test_the_readme_shows_commands_and_options_that_are_there():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^feedwitness ([a-z-]+)(.*?)(?: +#.*)?$", readme, re.MULTILINE)
    assert len(shown) > 5
    for name, rest in shown:
        known = {option for parameter in TREE.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z]+", rest)) <= known


def test_the_settings_that_the_readme_shows_are_right(tmp_path):
    from aggregator.settings import load

    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    secret = tmp_path / "smtp"
    secret.write_text("hush")
    (tmp_path / "feedwitness.toml").write_text(shown.replace("/run/secrets/smtp", str(secret)))
    environ = {"HOOK_SECRET": "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
    assert load("feedwitness.toml", environ, tmp_path).mistakes == ()


def test_every_metric_is_described():
    samples = {
        family.name + ("_total" if family.type == "counter" else "") for family in Metrics().registry.collect()
    }  # fmt: skip
    assert set(re.findall(r"^\| `(feedwitness_\w+)`", COMMANDS, re.MULTILINE)) == samples


@pytest.mark.parametrize("reason", SILENCES)
def test_every_reason_of_why_is_described(reason):
    assert f"| `{reason}` |" in COMMANDS


@pytest.mark.parametrize("reason", HOLDS)
def test_every_reason_for_a_held_alert_is_described(reason):
    assert f"`{reason}`" in section("alerts")
    assert f"`{reason}`" in RULES


def test_every_hold_that_deciding_names_has_its_words():
    told = "".join((ROOT / "aggregator" / name).read_text(encoding="utf-8") for name in DECIDERS)
    named = set(re.findall(r'return "([a-z-]+)"(?: if| *$)', told, re.MULTILINE))
    assert {"reissue", "surfaced", "flapping", "other-face", "extractor"} <= named
    assert named <= HOLDS.keys()


def test_every_reason_for_a_failed_poll_has_its_words():
    """The reasons stand in the docstrings of the values that carry them."""
    from aggregator.deciding.gate import PollProblem
    from aggregator.outcome import FetchFailed, ParseFailed

    for holder in (FetchFailed, ParseFailed, PollProblem):
        listed = re.search(r"`reason`: ([^.]+)\.", holder.__doc__ or "")
        named = set(re.findall(r"[a-z][a-z_]+", listed[1])) - {"or", "http_"}
        assert named
        assert named <= REASONS.keys()


def test_no_summary_is_cut_at_eighty_columns():
    groups = [TREE, *(command for command in TREE.commands.values() if isinstance(command, typer.core.TyperGroup))]
    for group in groups:
        room = 78 - 6 - max(map(len, group.commands))
        told = {name: command.get_short_help_str(room) for name, command in group.commands.items()}
        assert [f"{name}: {words}" for name, words in told.items() if words.endswith("...")] == []
