"""Our own upgrades are never news: the program is exchanged for a newer one that reads every text otherwise."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOMS = ("aggregator", "alerts", "config", "store")
HERE = Path(__file__).parents[2]
TEXT = "The aid convoy for Syria left at noon with 12 tonnes of flour."


def newer(folder: Path) -> Path:
    """A copy of the program whose parser has another name, and sees a sign at the end of every text."""
    for room in ROOMS:
        shutil.copytree(HERE / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    parser, visible = folder / "aggregator/parse/feed.py", folder / "aggregator/parse/visible.py"
    _replace(parser, 'PARSER = f"feedwitness-', 'PARSER = f"feedwitness-9')
    _replace(visible, 'return unicodedata.normalize("NFC", text)', 'return unicodedata.normalize("NFC", text + " ¶")')
    return folder


def _replace(file: Path, old: str, new: str) -> None:
    source = file.read_text(encoding="utf-8")
    assert source.count(old) == 1
    file.write_text(source.replace(old, new), encoding="utf-8")


def polled(desk, program=""):
    time.sleep(1.05)
    answer = desk.run("poll", **({"PYTHONPATH": str(program)} if program else {}))
    assert answer.status == 0, answer.err
    return answer


def kinds(desk):
    return [row["kind"] for row in desk.call("events", "--json").json if row["kind"].startswith(("item.", "alert."))]


@pytest.fixture
def past(ministry, watching):
    """A desk that is told everything, and knows six statements, one of them edited."""
    _replace(watching.folder / "feedwitness.toml", '"topic:syria"', '"decree OR aid"')
    for hour in range(5):
        ministry.say(f"o{hour}", f"Gazette {hour}", f"Decree number {hour}.", hour)
    polled(watching)
    ministry.say("aid", "Aid for Syria", TEXT, 10)
    polled(watching)
    ministry.edit("aid", text=TEXT.replace("12", "120"))
    polled(watching)
    assert [each["type"] for each in ministry.received] == ["alert.appeared", "alert.changed"]
    ministry.received.clear()
    return watching


def test_a_newer_program_that_reads_everything_otherwise_alerts_nobody(ministry, past, tmp_path):
    program = newer(tmp_path / "newer")
    before = kinds(past)
    ministry.say("next", "More aid", "Aid again.", 11)  # so that there is a document to read
    polled(past, program)
    assert [each["data"]["item"]["text"] for each in ministry.received] == ["Aid again. ¶"]
    came = kinds(past)[len(before) :]
    assert sorted(came) == sorted(["item.reextracted/1"] * 6 + ["item.published/1", "alert.raised/1"])
    polled(past, program)
    assert kinds(past)[len(before) :] == came
    assert past.run("verify").status == past.run("rebuild").status == 0


def test_an_edit_in_the_first_document_after_an_upgrade_is_told_as_the_edit_that_it_is(ministry, past, tmp_path):
    program = newer(tmp_path / "newer")
    ministry.edit("aid", text=TEXT.replace("12", "1200"))
    polled(past, program)
    (alert,) = ministry.received
    assert alert["type"] == "alert.changed"
    assert (alert["data"]["change"]["removed"], alert["data"]["change"]["added"]) == (["120"], ["1200"])
    assert (alert["data"]["change"]["from_version"], alert["data"]["change"]["to_version"]) == (2, 3)


def test_an_edit_whose_old_document_is_not_kept_any_more_is_held(ministry, past, tmp_path):
    program = newer(tmp_path / "newer")
    with sqlite3.connect(past.folder / "feedwitness.db") as store:
        store.execute("DELETE FROM captures")
    ministry.edit("aid", text=TEXT.replace("12", "1200"))
    polled(past, program)
    assert ministry.received == []
    (held,) = [row for row in past.call("alerts", "--state", "held", "--json").json if row["transition"] == "changed"]
    assert held["reason"] == "parser"
