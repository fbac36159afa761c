"""The demo as a stranger sees it, its picture in the README, and what it does when something is lost."""

import os
import re
import signal
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from aggregator.demo.desk import Desk
from bench.picture import ADVANCE
from bench.recording import COLUMNS, PICTURE, perform

pytestmark = pytest.mark.long

DONE = [  # seen, told
    ("published", "appeared"), ("wording, negation", "changed"), ("whitespace", None), (None, None),
    ("published", "appeared"), ("wording, number", "changed"), ("wording, name", "dropped"), ("withdrawn", "withdrawn"),
]  # fmt: skip


def left_behind(folder):
    """What a demo left in its temporary folder, and processes that still know the place."""
    processes = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = [place.joinpath("cmdline").read_bytes().decode(), str(place.joinpath("cwd").readlink())]
        except OSError:  # it has ended, or is not ours
            continue
        processes += [place.name] if any(str(folder) in each for each in told) else []
    return [each.name for each in folder.iterdir()] + processes


def invariant(line):
    """A line without what differs from run to run."""
    line = re.sub(r"\b[0-9a-f]{8}\b|\b[0-9a-f]{64}\b", "HEX", line)
    return " ".join(re.sub(r"#\d+|process \d+|[\d-]{10} [\d:]{8}|\d+ events", "NUMBER", line).split())


def pictured(svg):
    """The lines that stand in the picture, each piece of text in its column."""
    lines = {}
    for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        line = lines.get(y := int(element.get("y")), "")
        lines[y] = line + " " * (round(float(element.get("x")) / ADVANCE) - cell_len(line)) + element.text
    return [lines[y] for y in sorted(lines)]


def test_the_summary_says_what_was_done_seen_and_told_once_by_each_channel(desk, tmp_path):
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    answer = desk.run("demo", "--json", TMPDIR=str(rooms))
    assert (answer.status, answer.err) == (0, "")
    told = answer.json
    assert told["ok"]
    assert told["differences"] == []
    assert told["verify"]["ok"]
    assert re.fullmatch("[0-9a-f]{64}", told["verify"]["hash"])
    assert [(row["seen"], row["told"]) for row in told["rows"]] == DONE
    for row in told["rows"]:
        assert row["webhook"] == row["mail"] == (1 if row["told"] else 0)
    assert len({row["alert_id"] for row in told["rows"] if row["told"]}) == told["raised"] == 6
    assert told["received"] == {"webhook": 6, "mail": 6}
    assert told["seconds"] < 60
    assert left_behind(rooms) == []


def test_on_a_terminal_it_shows_every_step_as_the_picture_in_the_readme_does():
    status, lines = perform("--fast")
    assert status == 0
    shown = [line.text.plain for line in lines]
    assert [line for line in shown if cell_len(line.rstrip()) > COLUMNS] == []
    text = " ".join(shown)
    for words in ("The Government is not bound", "signature good", "killed with SIGKILL", "nothing lost"):
        assert words in text
    struck = [span for line in lines for span in line.text.spans if getattr(span.style, "strike", False)]
    assert len(struck) >= 2, "what was removed is struck through"

    prompt, *lines = pictured(PICTURE.read_text(encoding="utf-8"))
    assert prompt == "$ feedwitness demo"
    assert [invariant(line) for line in lines] == [invariant(line) for line in shown if line.strip()], (
        "`make recording` records the demo anew"
    )


def test_the_picture_is_small_plays_by_itself_and_names_no_machine():
    source = PICTURE.read_text(encoding="utf-8")
    ElementTree.fromstring(source)
    assert len(source) < 200_000
    assert not re.search(r"<script|href|url\(|@import|javascript:|\bon\w+=", source)
    assert "@keyframes" in source
    assert "prefers-reduced-motion" in source
    assert not re.search(r"/(home|root|tmp|usr|work)\b|localhost|127\.0\.0\.1", source)
    assert os.uname().nodename not in source


def test_narrow_without_colours_and_kept_it_can_be_read_and_looked_at(desk, tmp_path):
    status, lines = perform("--fast", "--keep", columns=46, environ={"NO_COLOR": "1", "TMPDIR": str(tmp_path)})
    assert status == 0
    shown = [line.text.plain.rstrip() for line in lines]
    text = " ".join(" ".join(shown).split())
    assert "is {+not+} bound" in text
    assert "[-40-]{+14+} observers" in text
    assert [line for line in shown if cell_len(line) > 46 and len(line.split()) > 3] == []

    (config,) = tmp_path.glob("feedwitness-demo-*/feedwitness.toml")
    assert f"FEEDWITNESS_CONFIG={config}" in "".join(shown)
    history = re.search(r"feedwitness (history \S+)", text)[1].split()
    assert "[-40-]{+14+} observers" in desk.run(*history, FEEDWITNESS_CONFIG=str(config)).out
    assert left_behind(config.parent.parent) == [config.parent.name]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_nothing_stays_behind(desk, tmp_path, number):
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    process = desk.start("demo", TMPDIR=str(rooms))
    for line in process.stdout:
        if "first look" in line:
            break
    assert len(left_behind(rooms)) >= 2, "a folder and a daemon"
    process.send_signal(number)
    assert process.wait(15) == 130
    assert process.stderr.read() == ""
    assert left_behind(rooms) == []


class Careless(Desk):
    """Says thank you for every webhook and loses the first; and keeps a mail twice."""

    def keep(self, receipt):
        if receipt.channel == "mail" or self.receipts:
            super().keep(receipt)
        if receipt.channel == "mail":
            super().keep(receipt)


def test_a_message_that_is_lost_or_told_twice_is_said_and_ends_in_one(desk, tmp_path, monkeypatch):
    monkeypatch.setattr("aggregator.demo.director.Desk", Careless)
    monkeypatch.setattr("aggregator.demo.director.PATIENCE", timedelta(seconds=8))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = desk.call("demo", "--fast")
    assert answer.status == 1
    for words in (
        'it differs: waited in vain for a webhook: publishes "Statement on the ceasefire at Lake Oreth"\n',
        "the desk should have 1 by webhook, and has 0\n",
        "the desk should have 1 by mail, and has 2\n",
    ):
        assert words in answer.err
    assert "nothing lost" not in answer.out
    assert "One word changes" not in answer.out, "what came in vain ends the play"
    assert left_behind(tmp_path) == []
