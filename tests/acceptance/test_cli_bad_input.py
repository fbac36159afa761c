"""Whatever a stranger types or has on the disk: a message that says what to do next, the agreed exit status."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.files import candidates
from store.lock import hold

GOOD = '[feeds.a]\nurl = "http://127.0.0.1:1/feed.xml"\n[web]\nlisten = ""\n'
USAGE = {
    "no such command": (["bogus"], "No such command 'bogus'"),
    "no such option": (["status", "--bogus"], "No such option: --bogus"),
    "no such subcommand": (["alerts", "bogus"], "No such command 'bogus'"),
    "an argument is missing": (["history"], "Missing argument 'ITEM'"),
    "a value is missing": (["status", "--config"], "--config: a value is missing"),
    "no duration": (["items", "--since", "banana"], '--since: "banana" is no duration; write it as "7d"'),
    "no time at all": (["items", "--since", "0s"], "--since: must be at least"),
    "a query with a mistake": (["items", "--match", "a AND ("], "--match: this ( is never closed"),
    "an empty query": (["items", "--match", ""], "--match: "),
    "an unknown topic": (["items", "--match", "topic:sirya"], "unknown topic sirya"),
    "no number": (["events", "--after", "banana"], "--after"),
    "a number below any": (["events", "--after", "-5"], "--after"),
    "an unknown state": (["alerts", "--state", "lost"], "--state lost: one of pending, held, delivered, dead"),
    "an unknown alert": (["alerts", "show", "ffff"], "`feedwitness alerts` lists the ids"),
    "an unknown item": (["history", "nope"], "`feedwitness items` lists the ids"),
    "an unknown item to judge": (["why", "nope"], "`feedwitness items` lists the ids"),
    "events of an unknown item": (["events", "--item", "nope"], "`feedwitness items` lists the ids"),
    "events of an unknown feed": (["events", "--feed", "nope"], "`feedwitness feeds` lists"),
    "items of an unknown feed": (["items", "--feed", "nope"], "`feedwitness feeds` lists"),
    "an unknown feed": (["feeds", "nope"], "`feedwitness feeds` lists"),
    "an unknown feed to poll": (["poll", "ministry", "nope"], "no feed nope"),
    "nearly a feed to poll": (["poll", "minstry"], 'did you mean "ministry"? `feedwitness feeds` lists them'),
    "nearly a feed": (["feeds", "ministri"], 'did you mean "ministry"?'),
    "items of nearly a feed": (["items", "--feed", "ministri"], 'did you mean "ministry"?'),
    "a hostile name": (["feeds", "\x1b[31m\u202e"], "no feed \ufffd[31m\ufffd"),
}


@pytest.mark.parametrize("case", USAGE)
def test_bad_usage_exits_with_2_and_says_what_is_wrong(told, case):
    words, message = USAGE[case]
    for more in ((), ("--json",)):
        answer = told.call(*words, *more)
        assert answer.status == 2
        assert answer.out == ""
        assert message in answer.err


def test_an_unknown_rule_is_named_with_where_rules_are_listed(told, aid):
    answer = told.call("why", aid, "nope")
    assert (answer.status, answer.out) == (2, "")
    assert "no rule nope in force: `feedwitness rules` lists them" in answer.err


def test_a_mistake_in_a_query_is_pointed_at(told):
    lines = told.call("items", "--match", "Syria AND (aid OR flour").err.splitlines()
    assert lines[2].index("^") == lines[1].index("(")


def test_no_command_prints_the_help(desk):
    answer = desk.call()
    assert answer.status == 2
    assert "Commands:" in answer.out + answer.err


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_needs_no_settings(desk, flag):
    answer = desk.call(flag)
    assert answer.status == 0
    assert "Commands:" in answer.out


def test_version_says_the_name_and_the_version(desk):
    from importlib.metadata import version

    assert desk.call("--version").out == f"feedwitness {version('feedwitness')}\n"


@pytest.mark.parametrize("command", ["check", "run", "poll", "status"])
def test_without_settings_it_says_where_it_looked_and_offers_the_shipped_ones(desk, command):
    answer = desk.call(command)
    assert answer.status == 2
    assert all(str(place) in answer.err for place in candidates({"HOME": str(desk.folder)}))
    assert "feedwitness run --config shipped:starter/feedwitness.toml" in answer.err


def test_settings_that_are_there_but_wrong_are_not_answered_with_the_shipped_ones(desk):
    desk.folder.joinpath("feedwitness.toml").mkdir()
    answer = desk.call("check")
    assert (answer.status, answer.err) == (2, "feedwitness.toml:1:1: is a directory; name a file\n")


@pytest.mark.parametrize("name", ["FEEDWITNESS_CONFIG", "--config"])
def test_settings_that_are_named_and_missing_are_a_mistake(desk, name):
    named = {name: "mine.toml"} if name.isupper() else {}
    answer = replace(desk, environ=named).call("check", *([] if named else [name, "mine.toml"]))
    assert (answer.status, answer.err) == (2, "mine.toml:1:1: does not exist\n")


def test_the_shipped_settings_that_are_offered_are_right(desk):
    assert desk.call("check", "--config", "shipped:starter/feedwitness.toml").status == 0


@pytest.mark.parametrize("command", ["check", "run", "poll", "status", "items"])
def test_wrong_settings_are_told_all_at_once_with_their_places(desk, command):
    desk.settings(
        '[fetch]\nevry = "1s"\n[rules.a]\nmatch = "topic:nope AND ("\nnotify = ["x"]\n[feeds.b]\nurl = "ftp://x"\n'
    )
    answer = desk.call(command)
    assert (answer.status, answer.out) == (2, "")
    for place in ("feedwitness.toml:2:1: ", "feedwitness.toml:4:", "feedwitness.toml:5:", "feedwitness.toml:7:"):
        assert place in answer.err


LOOKING = (["items", "--match", "Syria"], ["alerts"], ["rules"], ["events"], ["verify"], ["backup", "copy.db"])


def test_beside_a_daemon_a_secret_that_only_its_environment_holds_keeps_nobody_from_the_record(told):
    file = told.folder / "secretive.toml"
    secretive = (
        '[channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:1/"\nsecret = { env = "NOT_IN_THIS_SHELL" }\n'
    )
    file.write_text(secretive)
    for words in LOOKING:
        answer = told.call(*words, "--config", file.name)
        assert (answer.status, answer.out) == (2, ""), (
            "without a daemon nothing shows that this leads to the right record"
        )
    with hold(f"sqlite:///{told.folder / 'feedwitness.db'}", command="run", since=datetime.now(UTC)):
        for words in LOOKING:
            answer = told.call(*words, "--config", file.name)
            assert answer.status == 0
            assert answer.err.startswith(
                'secretive.toml:4:10: `secret`: the environment variable "NOT_IN_THIS_SHELL" is'
            )
            assert answer.err.splitlines()[0].endswith("; the record is shown all the same")


def test_check_tells_mistakes_to_scripts_as_well(desk):
    desk.settings('[fetch]\nevry = "1s"\n')
    answer = desk.call("check", "--json")
    assert answer.status == 2
    assert (answer.json["ok"], answer.json["mistakes"][0]["line"]) == (False, 2)


def test_broken_toml_is_pointed_at(desk):
    desk.settings("[broken\n")
    answer = desk.call("run")
    assert answer.status == 2
    assert "feedwitness.toml:1:8: no valid TOML" in answer.err


@pytest.mark.parametrize("command", ["status", "items", "events", "verify", "alerts", "rebuild"])
def test_without_a_store_it_says_what_makes_one(desk, command):
    desk.settings(GOOD)
    answer = desk.call(command)
    assert (answer.status, answer.out) == (3, "")
    assert "feedwitness.db" in answer.err
    assert "`feedwitness run`" in answer.err
    assert not (desk.folder / "feedwitness.db").exists()


def _garbage(path):
    path.write_bytes(b"this is no database, it only looks like a file" * 100)


def _directory(path):
    path.mkdir()


def _foreign(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE recipes (name)")


def _newer(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE alembic_version (version_num)")
        database.execute("CREATE TABLE events (position)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
        database.commit()


@pytest.mark.parametrize("command", ["status", "poll", "run", "rebuild", "verify"])
@pytest.mark.parametrize("spoil", [_garbage, _directory, _foreign, _newer])
def test_a_store_that_is_none_of_ours_is_left_alone(desk, command, spoil):
    desk.settings(GOOD)
    path = desk.folder / "feedwitness.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    answer = desk.call(command)
    assert answer.status == 3
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_store_whose_folder_cannot_be_made_is_out_of_reach(desk):
    desk.settings(GOOD + '[store]\nurl = "sqlite:////proc/nowhere/x.db"\n')
    for command in ("status", "poll", "run", "rebuild"):
        answer = desk.call(command)
        assert (answer.status, answer.out) == (3, "")
        assert "/proc/nowhere/x.db" in answer.err


def test_poll_of_a_feed_that_is_off_says_so(desk):
    desk.settings(GOOD + "[feeds.b]\nurl = 'http://127.0.0.1:2/'\nenabled = false\n")
    answer = desk.call("poll", "b")
    assert answer.status == 2
    assert "b: switched off in the settings" in answer.err


def test_a_failed_feed_makes_poll_exit_with_1_and_is_named_once(desk):
    desk.settings(GOOD)
    answer = desk.call("poll")
    assert answer.status == 1
    assert answer.err == "cannot see a: connect: no connection to its host\n"
    assert desk.call("poll", "--json").json["feeds"][0]["failure"] == "connect"


@pytest.mark.long
def test_a_reader_that_has_seen_enough_is_no_failure(told):
    command = f"{told.command} events --json | head -c 10 >/dev/null; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=told.folder, env=told.environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
def test_a_full_disk_under_stdout_is_told_in_a_line(told):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [told.command, "items"],
            cwd=told.folder,
            env=told.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "the output could not be written: No space left on device\n"


@pytest.mark.long
def test_a_terminal_that_cannot_show_a_script_still_gets_its_list(told):
    answer = told.run("items", PYTHONIOENCODING="ascii")
    assert answer.status == 0
    assert "\\u0417" in answer.out
    assert told.run("items", "--json", PYTHONIOENCODING="latin-1").json == told.call("items", "--json").json


@pytest.mark.long
def test_following_the_log_ends_with_130_when_interrupted(told):
    process = told.start("events", "--follow", "--json")
    assert process.stdout.readline().startswith('{"position": 1,')
    os.kill(process.pid, signal.SIGINT)
    process.stdout.read()
    assert process.wait(20) == 130
    assert process.stderr.read() == ""


def test_a_bug_is_told_without_a_traceback_unless_asked_for(told, monkeypatch):
    import aggregator.cli.item_commands as commands

    monkeypatch.setattr(commands, "item_row", lambda row: 1 / 0)
    answer = told.call("items", "--json")
    assert answer.status == 1
    assert "internal error: ZeroDivisionError" in answer.err
    assert "Traceback" not in answer.err
    assert "Traceback" in told.call("items", "--json", "-v").err


def test_an_item_is_found_by_a_beginning_that_no_other_has(told, aid):
    full, (feed, own) = told.call("history", aid).out, aid.split("/")
    for beginning in (aid[:-1], own, own[:-2]):
        assert told.call("history", beginning).out == full
    assert told.call("why", own[:-2]).out == told.call("why", aid).out
    for beginning, said in (
        (f"{feed}/", "more than one item begins with"),
        (own[:3], "no item"),
        (own[1:], "no item"),
        ("%%%%", "no item"),
    ):
        answer = told.call("history", beginning)
        assert (answer.status, said in answer.err) == (2, True), answer
