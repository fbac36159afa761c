"""`feedwitness init`: what a stranger finds in the folder, and that it works and teaches."""

import json
import os
import re
import stat
from pathlib import Path

import jsonschema
import pytest
import toml_rs

from config.build import toml_keys
from config.catalogue import STARTER
from config.load import load
from config.model import CHANNEL_TYPES, FeedSettings, Fetch, Rule, Store, Topic, Web

FILES = {"feedwitness.toml", "rules.d/watch.toml", "feedwitness.schema.json"}
OFF = re.compile(r"^#(?=[\w\[])", re.MULTILINE)


@pytest.fixture
def fresh(desk):
    """A folder in which `init` has just written."""
    answer = desk.call("init")
    assert (answer.status, answer.err) == (0, "")
    return desk


def text_of(desk, name="feedwitness.toml"):
    return (desk.folder / name).read_text(encoding="utf-8")


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_writes_settings_rules_and_a_schema_and_says_what_to_do_next(desk):
    answer = desk.call("init", "my watch")
    assert files_in(desk.folder / "my watch") == FILES
    assert "1. fill in `contact`" in answer.out
    assert "cd 'my watch' && feedwitness check" in answer.out
    assert desk.call("--config", "my watch/feedwitness.toml", "check").status == 0


def test_where_the_environment_names_other_settings_the_next_steps_name_these(desk):
    desk.environ["FEEDWITNESS_CONFIG"] = "/etc/elsewhere.toml"
    assert "3. feedwitness --config feedwitness.toml run" in desk.call("init").out


def test_what_it_writes_watches_the_sources_of_the_starter_and_tells_the_console(fresh):
    summary = fresh.call("check", "--json").json
    starter = fresh.call("check", "--json", "--config", STARTER).json
    assert (summary["ok"], summary["feeds"], summary["feeds_off"]) == (True, starter["feeds"], starter["feeds_off"])
    assert [warning["message"] for warning in summary["warnings"]] == [
        "`contact` is empty; name a URL or address that the owners of the feeds can write to"
    ]
    mine, shipped = (load(Path(name), {}, fresh.folder).settings for name in ("feedwitness.toml", STARTER))
    assert mine.feeds == shipped.feeds
    assert mine.rules == shipped.rules
    assert mine.store.path == fresh.folder / "feedwitness.db"


def test_it_polls_as_it_is(fresh, ministry):
    (fresh.folder / "rules.d" / "here.toml").write_text(f'[feeds.here]\nurl = "{ministry.base}/feed.xml"\n')
    ministry.say("one", "Syria", "Syria", 1)
    answer = fresh.call("poll", "here")
    assert answer.status == 0, answer.err
    assert "1 known from a first fetch" in answer.out


@pytest.mark.long
def test_it_runs_as_it_is(fresh):
    """Every request goes to a proxy that is not there, so that nothing leaves this machine."""
    text = text_of(fresh).replace('#proxy = "http://proxy.example.org:3128"', 'proxy = "http://127.0.0.1:9"', 1)
    (fresh.folder / "feedwitness.toml").write_text(text.replace('#listen = "127.0.0.1:8321"', 'listen = ""'))
    watched = fresh.call("check", "--json").json["feeds"]
    daemon = fresh.start("run")
    try:
        said = ""
        while "cannot see" not in said and (line := daemon.stderr.readline()):
            said += line
        daemon.terminate()
        rest = daemon.communicate(timeout=30)[1]
    finally:
        daemon.kill()
    assert f"watching {watched} feeds" in said
    assert (daemon.returncode, "Traceback" in said + rest) == (0, False)


def switched_on(text: str) -> list[str]:
    """The text with each thing that is off switched on alone: a line of a table that is on, or a whole table."""
    found, lines = [], text.splitlines(keepends=True)
    at, inside_off = 0, False
    while at < len(lines):
        line, end = lines[at], at + 1
        if line.startswith("["):
            inside_off = False
        if OFF.match(line) and not inside_off:
            if line.startswith("#["):
                while end < len(lines) and OFF.match(lines[end]) and not lines[end].startswith("#["):
                    end += 1
            found.append("".join([*lines[:at], *(each[1:] for each in lines[at:end]), *lines[end:]]))
        at = end
    return found


def environment_for(desk, text: str) -> dict[str, str]:
    """Every variable and file that the settings name, with something in it."""
    for name in re.findall(r'ca_file = "([^"]+)"', text):
        (desk.folder / name).write_text("")
    return dict.fromkeys(re.findall(r'env = "(\w+)"', text), "hush-hush")


@pytest.mark.parametrize("name", ["feedwitness.toml", "rules.d/watch.toml"])
def test_everything_that_is_switched_off_is_right_when_it_is_switched_on_alone(fresh, name):
    text = text_of(fresh, name)
    environ = environment_for(fresh, text)
    variants = switched_on(text)
    assert len(variants) > 5
    for variant in variants:
        (fresh.folder / name).write_text(variant)
        loaded = load(None, environ, fresh.folder)
        assert loaded.mistakes == (), loaded.mistakes[0].render()


def test_everything_switched_on_at_once_is_right_and_shows_every_key_there_is(fresh):
    environ = environment_for(fresh, text_of(fresh))
    for name in ("feedwitness.toml", "rules.d/watch.toml"):
        (fresh.folder / name).write_text(OFF.sub("", text_of(fresh, name)))
    loaded = load(None, environ, fresh.folder)
    assert loaded.mistakes == ()
    told = toml_rs.loads(text_of(fresh)) | {"topics": {}, "rules": {}}
    told |= dict(toml_rs.loads(text_of(fresh, "rules.d/watch.toml")))
    for section, model in (("store", Store), ("fetch", Fetch), ("web", Web)):
        assert told[section].keys() == toml_keys(model)
    for section, model in (("feeds", FeedSettings), ("topics", Topic), ("rules", Rule)):
        assert {key for table in told[section].values() for key in table} == toml_keys(model)
    for kind, model in CHANNEL_TYPES.items():
        keys = {key for table in told["channels"].values() if table["type"] == kind for key in table}
        assert keys == toml_keys(model)


def test_defaults_that_it_shows_are_the_defaults(fresh):
    before = load(None, {}, fresh.folder).settings
    shown = re.sub(
        r"^#(?=(every|timeout|max_|per_host|keep_raw|listen|on|min_change) )", "", text_of(fresh), flags=re.MULTILINE
    )
    assert shown != text_of(fresh)
    (fresh.folder / "feedwitness.toml").write_text(shown.split("# Feeds of your own")[0])
    rules = text_of(fresh, "rules.d/watch.toml")
    (fresh.folder / "rules.d" / "watch.toml").write_text(rules.replace("#on =", "on =").replace("#min_", "min_"))
    after = load(None, {}, fresh.folder).settings
    assert (after.fetch, after.store, after.web, after.rules) == (before.fetch, before.store, before.web, before.rules)


def test_the_first_line_of_each_file_leads_to_the_schema_which_takes_it(fresh):
    for name in ("feedwitness.toml", "rules.d/watch.toml"):
        named = re.match(r"#:schema (\S+)\n", text_of(fresh, name))[1]
        schema = json.loads((fresh.folder / name).parent.joinpath(named).read_text())
        jsonschema.validate(toml_rs.loads(text_of(fresh, name)), schema)


def test_the_schema_can_be_had_alone(fresh):
    answer = fresh.call("init", "--schema", "elsewhere")
    assert answer.out == text_of(fresh, "feedwitness.schema.json")
    assert not (fresh.folder / "elsewhere").exists()


def test_secrets_are_for_their_owner_alone_whatever_the_umask(desk):
    before = os.umask(0)
    try:
        assert desk.call("init").status == 0
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((desk.folder / name).stat().st_mode) for name in FILES}
    assert modes == {"feedwitness.toml": 0o600, "rules.d/watch.toml": 0o600, "feedwitness.schema.json": 0o644}


def test_no_two_folders_get_the_same_webhook_secret(desk):
    drawn = set()
    for folder in ("a", "b"):
        desk.call("init", folder)
        drawn |= set(re.findall(r'"(whsec_[^"]+)"', text_of(desk, f"{folder}/feedwitness.toml")))
    assert len(drawn) == 2


def test_nothing_is_overwritten(fresh):
    kept = {name: text_of(fresh, name) for name in FILES}
    answer = fresh.call("init")
    assert (answer.status, answer.out) == (2, "")
    assert "nothing written: feedwitness.toml and its schema are there already" in answer.err
    assert {name: text_of(fresh, name) for name in FILES} == kept


def test_beside_settings_of_ones_own_only_the_schema_is_written(desk):
    desk.settings("[web]\nlisten = ''\n")
    answer = desk.call("init", "--json")
    assert answer.json == {
        "folder": ".", "written": ["feedwitness.schema.json"], "left": ["feedwitness.toml", "rules.d/watch.toml"],
    }  # fmt: skip
    assert files_in(desk.folder) == {"feedwitness.toml", "feedwitness.schema.json"}
    assert text_of(desk) == "[web]\nlisten = ''\n"


def test_a_link_that_leads_nowhere_is_something_that_is_there(desk):
    (desk.folder / "feedwitness.toml").symlink_to(desk.folder / "elsewhere.toml")
    assert desk.call("init").status == 0
    assert not (desk.folder / "elsewhere.toml").exists()


@pytest.mark.parametrize("where", ["a-file", "a-file/below"])
def test_a_file_where_the_folder_should_be_is_named(desk, where):
    (desk.folder / "a-file").write_text("")
    answer = desk.call("init", where)
    assert (answer.status, answer.out) == (2, "")
    assert "a-file" in answer.err
    assert "folder" in answer.err or "directory" in answer.err


def test_whoever_has_no_settings_is_told_how_to_get_some(desk):
    assert "feedwitness init" in desk.call("check").err
