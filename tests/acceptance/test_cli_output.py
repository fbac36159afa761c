"""What the commands print, for people and as JSON, over a small record."""

import json
import re
import unicodedata

import pytest

COLUMNS = {
    "events": "position event_id stream version kind subject recorded_at data hash",
    "items": "id feed version state title link published_at observed_at language",
    "alerts": "delivery_id alert_id rule transition item channel recipient state reason attempts next_at last_answer",
    "feeds": "id url state last_good_at next_at failing_since reason",
    "rules": "id match on notify hits",
}
READING = ("status", "feeds", "items", "rules", "alerts", "events", "verify", "check")


@pytest.mark.parametrize("command", COLUMNS)
def test_a_list_as_json_is_one_array_of_rows_with_the_agreed_keys(told, command):
    answer = told.call("--json", command)
    assert answer.status == 0
    assert answer.err == ""
    assert answer.json
    assert all(list(row) == COLUMNS[command].split() for row in answer.json)


def test_status_as_json_is_one_object(told):
    status = told.call("status", "--json").json
    assert list(status) == ["feeds", "queues", "head", "settings", "daemon"]
    assert status["feeds"] in ({"ok": 1, "failing": 1}, {"ok": 1, "degraded": 1}), "by how long the machine took"
    assert list(status["queues"]) == ["pending", "held", "delivered", "dead", "unread", "pages"]
    assert status["queues"]["unread"] == 0
    assert set(status["head"]) == {"position", "hash"}
    about_the_daemon = {"ok", "loaded_at", "rejected_at", "mistakes", "restart"}
    assert set(status["settings"]) == {"digest", "file"} | about_the_daemon
    assert not any(status["settings"][key] for key in about_the_daemon), "none is running"
    assert status["daemon"] == {"running": False, "since": None}


def test_verify_check_history_why_and_alerts_show_have_json_too(told, aid):
    assert list(told.call("verify", "--json").json) == [
        "ok", "events", "hash", "first_bad", "problem", "key", "checkpoint", "checkpoints",
    ]  # fmt: skip
    assert told.call("check", "--json").json["ok"] is True
    first, second = told.call("history", aid, "--json").json
    assert (first["version"], second["version"]) == (1, 2)
    assert ["-", "12"] in second["diffs"][0][1]
    (why,) = told.call("why", aid, "--json").json
    assert [each["transition"] for each in why["judged"]] == ["appeared", "changed"]
    alert = why["judged"][0]["alerts"][0]
    assert told.call("alerts", "show", alert["alert_id"][:8], "--json").json == alert
    (feed,) = told.call("feeds", "ministry", "--json").json
    assert feed["blind"] == []


def test_times_in_json_are_utc_with_microseconds(told):
    for row in told.call("events", "--json").json:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row["recorded_at"])


def test_alerts_are_listed_newest_first(told):
    transitions = [row["transition"] for row in told.call("alerts", "--json").json]
    assert transitions[0] == "changed"
    assert transitions[-1] == "appeared"


def test_pending_alerts_include_those_being_sent_right_now(told, tmp_path):
    import shutil
    from datetime import UTC, datetime, timedelta

    from store.database import open_store

    shutil.copytree(told.folder, tmp_path, dirs_exist_ok=True)
    desk = type(told)(tmp_path, {})
    (waiting,) = desk.call("alerts", "--state", "pending", "--json").json
    with open_store(f"sqlite:///{tmp_path}/feedwitness.db") as store:
        later = datetime.now(UTC) + timedelta(days=1)
        (leased,) = store.write(lambda tx: tx.outbox.claim(later, 10, timedelta(minutes=1))).result()
    assert leased.state == "leased"
    (row,) = desk.call("alerts", "--state", "pending", "--json").json
    assert (row["delivery_id"], row["state"]) == (waiting["delivery_id"], "pending")
    assert desk.call("status", "--json").json["queues"]["pending"] == 1


def test_global_options_stand_before_or_after_the_command(told):
    file = str(told.folder / "feedwitness.toml")
    assert told.call("--json", "--config", file, "rules").out == told.call("rules", "--json", f"--config={file}").out


def test_status_says_since_when_and_why_a_source_cannot_be_seen(told):
    out = told.call("status").out
    assert re.search(r"1 feed +\d{4}-\d\d-\d\d \d\d:\d\d +http_404: it answers 404 Not Found  dead\n", out)
    assert "not running: `feedwitness run` starts it" in out
    assert "last events (UTC)" in out


def test_a_record_without_its_daemon_says_so_and_what_was_told(told, aid):
    assert "alerts    1 pending, 4 held, 1 delivered, 0 dead" in told.call("status").out


def test_history_marks_what_changed_without_colours_too(told, aid):
    answer = told.call("history", aid)
    assert "[-12-]{+120+} tonnes" in answer.out
    assert "\x1b" not in answer.out


def test_why_tells_a_rule_clause_by_clause_and_delivery_by_delivery(told, aid):
    out = told.call("why", aid).out
    assert "rule syria: the latest version matches" in out
    assert "yes  topic:syria: Syria in title, text" in out
    assert "first seen -> appeared" in out
    assert "hook: delivered, 1 try: 200 OK: thank you" in out
    assert "version 2: wording (number) -> changed" in out
    assert re.search(r"hook: pending, 1 try, again at .*: 503", out)


def test_why_says_when_a_rule_was_not_in_force_yet(told, aid, tmp_path):
    import shutil

    shutil.copytree(told.folder, tmp_path, dirs_exist_ok=True)
    desk = type(told)(tmp_path, {})
    file = tmp_path / "feedwitness.toml"
    file.write_text(file.read_text() + '\n[rules.late]\nmatch = "flour"\nnotify = []\n[rules.other]\nmatch = "banana"')
    desk.call("poll", "ministry")
    out = desk.call("why", aid).out
    assert "appeared, but not sent: the rule was not in force then, or was another one" in out
    assert "  other: the latest version does not match" in out
    assert "banana: nowhere" in desk.call("why", aid, "other").out


@pytest.mark.parametrize("command", [*READING, "history", "why"])
def test_no_text_of_a_feed_reaches_the_terminal_unescaped(told, command):
    evil = next(row["id"] for row in told.call("items", "--json").json if "gnp.exe" in row["title"])
    words = (command, evil) if command in ("history", "why") else (command,)
    for more in ((), ("--json",)):
        answer = told.call(*words, *more)
        assert answer.status == 0
        for sign in (answer.out + answer.err).replace("\n", ""):
            assert unicodedata.category(sign) != "Cc", f"{sign!r} in {command}"
            assert not 0x202A <= ord(sign) <= 0x202E, f"{sign!r} in {command}"


def test_items_are_found_by_feed_age_query_and_topic(told, aid):
    def ids(*words):
        return [row["id"] for row in told.call("items", "--json", *words).json]

    assert ids("--match", "flour AND NOT title:football") == [aid]
    assert aid in ids("--match", "topic:syria")
    assert len(ids("--feed", "ministry")) == len(ids("--since", "1h")) == 6
    assert ids("--withdrawn") == []
    assert told.call("items", "--withdrawn").out == "no such item\n"


def test_a_pipe_gets_one_whole_line_for_each_row(told):
    lines = told.call("items").out.splitlines()
    assert lines[0].split() == ["seen", "(UTC)", "v", "item", "title"]
    assert len(lines) == 7
    assert any(line.endswith("Aid for Syria") for line in lines)


def test_a_console_channel_stays_out_of_the_json_on_stdout(ministry, watching):
    file = watching.folder / "feedwitness.toml"
    file.write_text(file.read_text().replace('notify = ["hook"]', 'notify = ["console"]'))
    ministry.say("o", "Gazette", "Decree.", 1)
    watching.call("poll")
    ministry.say("aid", "Aid for Syria", "A convoy for Syria.", 2)
    answer = watching.call("poll", "--json")
    assert answer.json["delivered"] == 1
    assert answer.err.startswith("== [syria] Aid for Syria\n")


def test_verify_names_the_first_bad_position(told, tmp_path):
    import shutil
    import sqlite3
    from contextlib import closing

    shutil.copytree(told.folder, tmp_path, dirs_exist_ok=True)
    desk = type(told)(tmp_path, {})
    with closing(sqlite3.connect(tmp_path / "feedwitness.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE events SET kind = 'feed.quiet/1' WHERE position = 5")
        database.commit()
    answer = desk.call("verify")
    assert answer.status == 1
    assert answer.out.startswith("the log does not hold: position 5: ")
    report = desk.call("verify", "--json")
    assert (report.status, report.json["ok"], report.json["first_bad"]) == (1, False, 5)


def test_check_sums_up_what_would_run_with_its_warnings(told):
    answer = told.call("check")
    assert "`secret` is missing" in answer.err
    assert "is right, with 1 warning." in answer.out
    assert "hook (webhook, unsigned), console (console)" in answer.out
    assert re.search(r"syria +all +hook +topic:syria", answer.out)


def test_an_event_says_the_same_to_people_and_to_scripts(told):
    rows = told.call("events", "--json").json
    lines = told.call("events").out.splitlines()
    assert len(rows) == len(lines)
    assert all(f" {row['position']} " in line and row["kind"] in line for row, line in zip(rows, lines, strict=True))
    assert json.dumps(rows[0]["data"])
