"""One story, told by the installed command: a statement appears, is edited, loses the topic, is withdrawn, returns."""

import re
import shutil
import time
from dataclasses import replace

import pytest

TEXT = "The aid convoy for Syria left at noon with 12 tonnes of flour."
EDITED = TEXT.replace("12", "120")
WITHOUT = "The aid convoy left at noon with 120 tonnes of flour."

pytestmark = pytest.mark.long


def polled(desk, *, expect=0):
    """One pass, at least one `every` (a second) after the one before."""
    time.sleep(1.05)
    answer = desk.run("poll")
    assert answer.status == expect, answer.err
    return answer


def test_the_life_of_a_statement_as_every_command_tells_it(ministry, watching, tmp_path):
    desk = watching
    for hour in range(4):
        ministry.say(f"o{hour}", f"Gazette {hour}", f"Decree number {hour}.", hour)
    assert "4 known from a first fetch, which is no news" in polled(desk).out
    assert "nothing new" in polled(desk).out
    assert ministry.received == []

    ministry.say("aid", "Aid for Syria", TEXT, 10)
    ministry.say("late", "Gazette 9", "Decree number 9.", 11)
    assert "2 new" in polled(desk).out
    ministry.edit("aid", text=EDITED)
    assert "1 edited" in polled(desk).out
    ministry.edit("aid", text=WITHOUT, title="Aid")
    polled(desk)
    ministry.edit("aid", text=EDITED, title="Aid for Syria")
    polled(desk)
    restored = [each for each in ministry.listed if each.name == "aid"]
    ministry.withdraw("aid")
    polled(desk)
    assert "1 withdrawn" in polled(desk).out
    (gone,) = desk.call("items", "--withdrawn", "--json").json
    assert (gone["title"], gone["state"], gone["version"]) == ("Aid for Syria", "withdrawn", 4)
    assert "[withdrawn] Aid for Syria" in desk.call("items").out
    ministry.publish(*restored)
    ministry.gone.clear()
    assert "1 listed again" in polled(desk).out

    told = ["appeared", "changed", "dropped", "appeared", "withdrawn", "restored"]
    assert [each["type"] for each in ministry.received] == [f"alert.{kind}" for kind in told]
    rows = desk.call("alerts", "--state", "delivered", "--json").json
    assert [row["transition"] for row in reversed(rows)] == told
    assert [row["alert_id"] for row in reversed(rows)] == [each["data"]["alert_id"] for each in ministry.received]

    history = desk.call("history", gone["id"]).out
    for words in (
        "first seen", "version 2: wording (number)", "[-12-]{+120+} tonnes", "version 3: title",
        "version 4: title", "back to version 2", "missing from the feed", "withdrawn: page-gone", "410 Gone",
        "it is back",
    ):  # fmt: skip
        assert words in history
    why = desk.call("why", gone["id"], "syria").out
    assert [kind for kind in told if f"-> {kind}" in why] == told
    assert why.count("hook: delivered, 1 try: 200 OK: thank you") == len(told)
    (rule,) = desk.call("rules", "--json").json
    assert rule["hits"] == len(told)

    before = desk.call("items", "--json").out, desk.call("alerts", "--json").out, desk.call("events", "--json").out
    assert "the read tables are as the log says" in desk.call("rebuild").out
    assert before == (
        desk.call("items", "--json").out,
        desk.call("alerts", "--json").out,
        desk.call("events", "--json").out,
    )
    assert "the log holds" in desk.call("verify").out
    copy = replace(desk, folder=tmp_path / "copy")
    copy.folder.mkdir()
    for name in ("feedwitness.toml", "feedwitness.db"):
        shutil.copy(desk.folder / name, copy.folder)
    assert copy.call("items", "--json").out == before[0], "after a clean end the record is one file"


def test_what_fails_is_told_until_it_is_seen_again(ministry, watching):
    desk = watching
    ministry.say("o", "Gazette", "Decree.", 1)
    polled(desk)
    ministry.feed = 503
    for _ in range(3):
        answer = polled(desk, expect=1)
        assert answer.err.startswith("cannot see ministry: http_503")
    (row,) = desk.call("feeds", "ministry", "--json").json
    assert (row["state"], row["reason"], row["blind"][0]["until"]) == ("degraded", "http_503", None)
    assert "http_503: it answers 503 Service Unavailable" in desk.call("status").out
    ministry.feed = 200
    polled(desk)
    polled(desk)
    (row,) = desk.call("feeds", "ministry", "--json").json
    assert row["state"] == "ok"
    assert row["blind"][0]["until"]


def test_a_store_held_by_the_daemon_is_read_beside_it_and_written_by_nobody_else(ministry, watching):
    desk = watching
    ministry.say("o", "Gazette", "Decree.", 1)
    daemon = desk.start("run")
    try:
        for line in daemon.stderr:
            if "first look: 1 of 1 feed seen; from here on, what is new or edited is news" in line:
                break
        for command in ("poll", "run", "rebuild"):
            answer = desk.run(command)
            assert answer.status == 2
            assert re.search(
                rf"`feedwitness run` \(process {daemon.pid}, since [\d-]{{10}} \d\d:\d\d UTC\): stop", answer.err
            )
            assert ("it polls by itself" in answer.err) == (command == "poll")
        status = desk.run("status")
        assert f"daemon    run, process {daemon.pid}, since " in status.out
        assert desk.run("status", "--json").json["daemon"]["running"] is True
        assert desk.run("items").status == desk.run("verify").status == 0
    finally:
        daemon.terminate()
        said = daemon.stderr.read()
    assert daemon.wait(20) == 0
    assert "stopped; the record is in " in said


def test_a_daemon_that_comes_back_says_that_what_it_missed_is_news_as_well(ministry, watching):
    ministry.say("o", "Gazette", "Decree.", 1)
    polled(watching)
    with watching.start("run") as daemon:
        said = next((line for line in daemon.stderr if "first look" in line), "")
        daemon.terminate()
        daemon.stderr.read()
    assert said.endswith("first look: 1 of 1 feed seen; what changed since the last look is news as well\n")


def test_a_missing_statement_says_what_it_waits_for(ministry, watching):
    desk = watching
    for hour in range(4):
        ministry.say(f"o{hour}", f"Gazette {hour}", f"Decree number {hour}.", hour)
    polled(desk)
    ministry.listed = [each for each in ministry.listed if each.name != "o2"]
    for _ in range(2):  # all pages of this site say the same, so its own proves nothing yet
        polled(desk)
    (missing,) = (row for row in desk.call("items", "--json").json if row["state"] == "absent")
    waits = "not decided yet: its page is asked for up to a day; then it is withdrawn or delisted"
    assert waits in desk.call("history", missing["id"]).out
    assert waits in desk.call("why", missing["id"]).out
    other = next(row for row in desk.call("items", "--json").json if row["state"] == "published")
    assert "not decided yet" not in desk.call("history", other["id"]).out
