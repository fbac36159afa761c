"""What could come next on a command line, wherever one stands in it."""

import pytest
import typer.main

from aggregator.cli.completing import Command, Line
from aggregator.cli.main import build

ROOT = Command.of(typer.main.get_command(build()))
NAMES = {"feeds": ("un-news", "un-press", "kremlin-en"), "rules": ("syria", "sources"), "channels": ("desk", "ops")}


def fitting(*words: str) -> list[str]:
    line = Line(ROOT, ROOT)
    for word in words[:-1]:
        line.take(word)
    return [word for word, _ in line.fitting(words[-1], lambda section, _config: NAMES[section])]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["stat"], ["status"]),
        (["alerts", "sh"], ["show"]),
        (["feeds", "d"], ["discover"]),
        (["feeds", "import", "--out"], ["--output"]),
        (["feeds", "--", "un-p"], ["un-press"]),
        (["alerts", "--state", "de"], ["delivered", "dead"]),
        (["alerts", "--state=de"], ["--state=delivered", "--state=dead"]),
        (["alerts", "--state", "=", "de"], ["delivered", "dead"]),
        (["feeds", "un"], ["un-news", "un-press"]),
        (["poll", "un-news", "un-p"], ["un-press"]),
        (["items", "--feed", "k"], ["kremlin-en"]),
        (["items", "--feed=k"], ["--feed=kremlin-en"]),
        (["items", "--feed", "=", "k"], ["kremlin-en"]),
        (["items", "--feed", "="], ["un-news", "un-press", "kremlin-en"]),
        (["why", "un-news/abc", "s"], ["syria", "sources"]),
        (["send-test", ""], ["desk", "ops"]),
        (["--config", "x.toml", "--json", "send-test", "d"], ["desk"]),
        (["send-test", "--config", "x.toml", "d"], ["desk"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["items", "--withd"], ["--withdrawn"]),
        (["rules", "t"], ["test"]),
        (["rules", ""], ["test", "backtest", "report"]),
        (["rules", "backtest", "s"], ["syria", "sources"]),
        (["rules", "backtest", "syria", "--fi"], ["--file"]),
        (["rules", "test", "sy"], ["syria"]),
        (["rules", "test", "syria", "-", "--feed", "k"], ["kremlin-en"]),
        (["status", "--js"], ["--json"]),
        (["items", "--withdrawn", "--fe"], ["--feed"]),
    ],
)
def test_what_fits(words, found):
    assert fitting(*words) == found


@pytest.mark.parametrize(
    "words",
    [
        ["history", ""], ["feeds", "--", "imp"], ["feeds", "un-news", ""], ["poll", "--", "--"], ["--config", ""],
        ["init", ""], ["bogus", "st"],
    ],
)  # fmt: skip
def test_where_nothing_is_known_nothing_is_offered(words):
    assert fitting(*words) == []


def test_at_the_beginning_every_command_is_offered():
    assert set(fitting("")) == set(ROOT.commands)


def test_every_option_of_every_command_is_offered():
    for name, node in ROOT.commands.items():
        command = Command.of(node)
        assert set(fitting(name, "-")) == {*command.options, *ROOT.options}


def test_the_settings_file_is_the_one_that_the_line_names():
    asked = []
    line = Line(ROOT, ROOT)
    for word in ("poll", "--config", "mine.toml"):
        line.take(word)
    list(line.fitting("", lambda section, config: asked.append((section, config)) or []))
    assert asked == [("feeds", "mine.toml")]
