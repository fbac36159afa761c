"""Rules tried before they ring: on a text, on the past of a real record, and what those in force have told."""

import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

NARROW = '[rules.syria]\nmatch = "topic:syria AND flour"\nnotify = ["to-come"]\n'
OTHER = '[rules.harbour]\nmatch = "harbour"\n'


@pytest.fixture
def files(told):
    """Writes files beside the settings, and takes them away again: other tests read this record too."""
    written: list[Path] = []

    def write(**texts: str) -> None:
        for name, text in texts.items():
            written.append(told.folder / name.replace("_", "."))
            written[-1].write_text(text, encoding="utf-8")

    yield write
    for file in written:
        file.unlink()


def rules_of(answer) -> dict[str, Any]:
    return {row["rule"]: row for row in answer.json["rules"]}


def fingerprints(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir() if file.is_file()}


# --- backtest ---------------------------------------------------------------------------------------------------------


def test_the_rules_in_force_would_have_told_what_was_told(told):
    answer = told.call("rules", "backtest", "--json")
    assert answer.status == 0
    row = rules_of(answer)["syria"]
    alerts = {each["alert_id"] for each in told.call("alerts", "--json").json if each["rule"] == "syria"}
    sent = {each["alert_id"] for each in row["examples"]}
    assert (row["alerts"], row["held"], row["told"]) == (2, {"first-fetch": 4}, {"alerts": 2, "held": 4})
    assert sent <= alerts
    assert (row["change"], row["gained"]["alerts"], row["lost"]["alerts"]) == ("same", 0, 0)
    assert "no difference" in told.call("rules", "backtest").out


def test_a_copy_of_the_rules_shows_what_is_gained_and_lost_against_those_in_force(told, aid, files):
    files(new_toml=NARROW + OTHER)
    answer = told.call("rules", "backtest", "--file", "new.toml", "--json")
    assert (answer.status, answer.json["proposed"], answer.json["statements"]) == (0, "new.toml", 6)
    rows = rules_of(answer)
    assert (rows["syria"]["change"], rows["syria"]["alerts"], rows["syria"]["held"]) == ("changed", 2, {})
    assert (rows["syria"]["lost"]["alerts"], rows["syria"]["lost"]["held"]) == (0, {"first-fetch": 4})
    assert (rows["harbour"]["change"], rows["harbour"]["held"]) == ("new", {"first-fetch": 1})
    (harbour,) = rows["harbour"]["gained"]["examples"]
    assert (harbour["title"], harbour["transition"], harbour["held"]) == ("Harbour opens", "appeared", "first-fetch")
    match = harbour["matches"][0]
    assert harbour["title"][match["start"] : match["end"]] == "Harbour"
    assert {each["item"] for each in rows["syria"]["examples"]} == {aid}
    told_of = told.call("rules", "backtest", "--file", "new.toml").out
    assert "A new [[harbour]]." in told_of
    assert "  lost: 0 alerts, 4 held (first-fetch 4)" in told_of


def test_only_the_rule_that_is_named_is_tried(told, files):
    files(new_toml=NARROW + OTHER)
    answer = told.call("rules", "backtest", "harbour", "--file", "new.toml", "--json")
    assert list(rules_of(answer)) == ["harbour"]
    unknown = told.call("rules", "backtest", "nothing", "--file", "new.toml")
    assert (unknown.status, "no rule nothing" in unknown.err) == (2, True)


def test_what_is_wrong_with_a_proposed_file_is_told_with_its_place(told, files):
    files(new_toml='[rules.syria]\nmatch = "topic:syra"\nminchange = "title"\n')
    answer = told.call("rules", "backtest", "--file", "new.toml")
    assert (answer.status, answer.out) == (2, "")
    assert "new.toml:2:16: unknown topic syra, did you mean syria?" in answer.err
    assert "new.toml:3:1: unknown key `minchange`" in answer.err
    for words, said in (
        (("--file", "nowhere.toml"), "nowhere.toml:1:1: does not exist"),
        (("--since", "soon"), '--since: "soon" is no duration'),
        (("--since", "-3d"), "--since"),
    ):
        wrong = told.call("rules", "backtest", *words)
        assert (wrong.status, said in wrong.err) == (2, True), wrong


def test_nothing_that_a_feed_wrote_reaches_the_terminal_raw(told, files):
    files(new_toml='[rules.evil]\nmatch = "red"\n')
    for words in (("backtest", "--file", "new.toml"), ("backtest", "--file", "new.toml", "--json")):
        shown = told.call("rules", *words, "--examples", "9").out
        assert "gnp.exe" in shown
        assert not {"\x1b", "\u202e", "\x9b"} & set(shown)


def test_nothing_is_written_and_nothing_sent(told, files):
    files(new_toml=NARROW, t_txt="Syria")
    before, alerts = fingerprints(told.folder), told.call("alerts", "--json").out
    for words in (("backtest", "--file", "new.toml"), ("backtest",), ("report",), ("test", "syria", "t.txt")):
        assert told.call("rules", *words).status == 0
    assert (fingerprints(told.folder), told.call("alerts", "--json").out) == (before, alerts)


@pytest.mark.long
def test_what_rules_of_then_told_stands_beside_what_those_of_now_would(ministry, watching):
    ministry.say("first", "Gazette", "Decree.", 1)
    watching.call("poll")
    ministry.say("a", "Aid for Syria", "Flour.", 10)
    watching.call("poll")
    text = (watching.folder / "feedwitness.toml").read_text()
    watching.settings(text.replace('match = "topic:syria"', 'match = "decree"'))
    unread = rules_of(watching.call("rules", "backtest", "--json"))["syria"]
    assert (unread["change"], unread["lost"]["alerts"], unread["gained"]["held"]) == (
        "changed", 1, {"first-fetch": 1},
    )  # fmt: skip
    watching.call("poll")
    read = rules_of(watching.call("rules", "backtest", "--json"))["syria"]
    assert (read["change"], read["alerts"], read["told"]) == ("same", 0, {"alerts": 1, "held": 0})


@pytest.mark.long
def test_the_daemon_runs_on_beside_it(ministry, watching):
    ministry.say("first", "Gazette", "Syria.", 1)
    watching.call("poll")
    daemon = watching.start("run")
    try:
        for number in range(5):
            ministry.say(f"s{number}", f"On Syria {number}", "Flour.", 10 + number)
            assert watching.run("rules", "backtest", "--json").status == 0
        end = time.monotonic() + 30
        while rules_of(watching.run("rules", "backtest", "--json"))["syria"]["told"]["alerts"] < 5:
            assert time.monotonic() < end, "the daemon told nothing"
            time.sleep(0.2)
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(20) == 0
    row = rules_of(watching.run("rules", "backtest", "--json"))["syria"]
    assert (row["alerts"], row["told"]["alerts"]) == (5, 5)


def test_without_a_store_it_says_so(watching):
    answer = watching.call("rules", "backtest")
    assert (answer.status, "there is no store" in answer.err) == (3, True)


# --- one text ---------------------------------------------------------------------------------------------------------


def test_a_text_that_matches_is_shown_with_its_words_marked(told, files):
    files(t_txt="The convoy for Syria left.\nAssyria is elsewhere.\n")
    answer = told.call("rules", "test", "syria", "t.txt", "--title", "On СИРИЯ")
    assert answer.status == 0
    assert answer.out == (
        "rule syria matches\n"
        "  yes  topic:syria: Syria in text; Сирия in title\n"
        "\n"
        "    On [[СИРИЯ]]\n"
        "    The convoy for [[Syria]] left.\n"
        "    Assyria is elsewhere.\n"
    )


def test_a_text_that_does_not_match_ends_with_1_and_says_why(told, files):
    files(t_txt="Of Assyria.")
    answer = told.call("rules", "test", "syria", "t.txt")
    assert answer.status == 1
    assert answer.out.startswith("rule syria does not match\n  no   topic:syria: nowhere (Syria, Сирия)")


def test_a_text_may_come_from_a_pipe_and_the_answer_as_json(watching):
    done = subprocess.run(
        [watching.command, "rules", "test", "syria", "-", "--json"],
        cwd=watching.folder, env=watching.environment(), input=b"On Syria", capture_output=True, timeout=60,
    )  # fmt: skip
    row = json.loads(done.stdout)
    assert (done.returncode, row["matched"], row["topics"]) == (0, True, ["syria"])
    assert row["matches"] == [{"term": "Syria", "field": "text", "start": 3, "end": 8, "snippet": "On Syria"}]


def test_a_rule_about_edits_is_tried_on_two_texts(watching):
    more = '[rules.cut]\nmatch = "removed:ceasefire"\n[rules.here]\nmatch = "lang:ru x"\nfeeds = ["ministry"]\n'
    watching.settings((watching.folder / "feedwitness.toml").read_text() + more)
    (watching.folder / "old.txt").write_text("A ceasefire holds.")
    (watching.folder / "new.txt").write_text("x holds.")
    assert watching.call("rules", "test", "cut", "new.txt", "--before", "old.txt").status == 0
    assert watching.call("rules", "test", "cut", "old.txt", "--before", "new.txt").status == 1
    assert watching.call("rules", "test", "here", "new.txt").status == 1
    assert watching.call("rules", "test", "here", "new.txt", "--lang", "ru", "--feed", "ministry").status == 0
    for words, said in (
        (("cut", "new.txt"), "name the text before it, `--before OLD`"),
        (("syria", "new.txt", "--before", "old.txt"), "leave `--before` out"),
        (("nothing", "new.txt"), "no rule nothing in the settings"),
        (("syria", "nowhere.txt"), "nowhere.txt cannot be read: No such file or directory"),
        (("syria", "."), "Is a directory"),
        (("syria", "new.txt", "--feed", "nobody"), "--feed nobody: no such feed"),
    ):
        answer = watching.call("rules", "test", *words)
        assert (answer.status, said in answer.err, answer.out) == (2, True, ""), answer
    (watching.folder / "bad.txt").write_bytes(b"\xffSyria")
    assert "is not UTF-8 (byte 1)" in watching.call("rules", "test", "syria", "bad.txt").err


def test_a_rule_about_sources_looks_at_no_text(watching):
    more = '[rules.sources]\non = ["degraded"]\n'
    watching.settings((watching.folder / "feedwitness.toml").read_text() + more)
    answer = watching.call("rules", "test", "sources", "feedwitness.toml")
    assert (answer.status, "it looks at no text" in answer.err) == (2, True)


def test_on_a_terminal_words_are_marked_by_colour_and_hostile_text_stays_harmless(watching):
    (watching.folder / "t.txt").write_text("On Syria \x1b[2J\u202e end")
    shown = on_a_terminal(watching, "rules", "test", "syria", "t.txt")
    assert "[[" not in shown
    assert re.search(r"\x1b\[1;7mSyria\x1b\[0m", shown)
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


def on_a_terminal(desk, *words: str) -> str:
    main, side = pty.openpty()
    environ = {**desk.environment(), "TERM": "xterm-256color"}
    started = subprocess.Popen(
        [desk.command, *words], cwd=desk.folder, env=environ, stdin=side, stdout=side, stderr=side
    )
    os.close(side)
    shown = b""
    try:
        while part := os.read(main, 4096):
            shown += part
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(main)
    assert started.wait(30) == 0
    return shown.decode()


# --- report -----------------------------------------------------------------------------------------------------------


def test_the_report_counts_what_was_told_and_names_who_never_fired(told):
    answer = told.call("rules", "report", "--json")
    (row,) = answer.json["rules"]
    assert (row["hits"], row["held"], row["hits_ever"]) == (2, {"first-fetch": 4}, 2)
    assert row["last_fired_at"]
    assert answer.json["never_fired"] == []
    shown = told.call("rules", "report").out
    assert re.search(r"syria\s+2\s+2\.0\s+\d{4}-\d\d-\d\d \d\d:\d\d\s+4 first-fetch", shown)


def test_terms_that_stood_nowhere_are_named(told):
    (row,) = told.call("rules", "report", "--terms", "--json").json["rules"]
    assert row["dead_terms"] == ["Сирия"], "the Russian title says Сирии"
    assert "syria: in no statement: Сирия" in told.call("rules", "report", "--terms").out


@pytest.mark.long
def test_a_released_alert_is_a_hit_and_a_rule_that_never_fired_is_named(ministry, watching):
    more = '[rules.quiet]\nmatch = "nothing of the kind"\n'
    watching.settings((watching.folder / "feedwitness.toml").read_text() + more)
    ministry.say("first", "On Syria", "Syria.", 1)
    watching.call("poll")
    held = rules_of(watching.call("rules", "report", "--json"))["syria"]
    assert (held["hits"], held["held"], held["last_fired_at"]) == (0, {"first-fetch": 1}, None)
    assert watching.call("alerts", "release", "--rule", "syria").status == 0
    answer = watching.call("rules", "report", "--json")
    syria = rules_of(answer)["syria"]
    assert (syria["hits"], syria["held"]) == (1, {})
    assert answer.json["never_fired"] == ["quiet"]
    assert "never fired: quiet" in watching.call("rules", "report").out


def test_the_list_is_still_there(told):
    assert told.call("rules", "--json").json == [
        {"id": "syria", "match": "topic:syria", "hits": 2, "notify": ["hook"],
         "on": ["appeared", "changed", "dropped", "withdrawn", "restored"]}
    ]  # fmt: skip
