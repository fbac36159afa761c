"""`feedwitness doctor` on a real folder: it finds what is wrong, changes nothing, needs no more than there is."""

import json
import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.database import open_store
from store.events import FeedId, FeedQuiet, feed_stream
from store.lock import hold

SETTINGS = '[web]\nlisten = ""\n[store]\nurl = "sqlite:///feedwitness.db"\n'


def findings(desk):
    """Each finding by its subject; exit 1 says that one of them is wrong, be it this machine's own."""
    answer = desk.call("doctor", "--json")
    found = {row["subject"]: row for row in answer.json}
    assert answer.status == (1 if "wrong" in {row["grade"] for row in answer.json} else 0)
    return found


@pytest.fixture
def open_desk(desk):
    """A desk in a folder that every user may enter; pytest's own are for the user alone."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield replace(desk, folder=folder)


@pytest.fixture
def kept(watching, ministry):
    """A desk with a store."""
    ministry.say("one", "Harbour", "Open", 1)
    assert watching.call("poll").status == 0
    return watching


def test_a_sound_folder_is_told_line_by_line(kept):
    answer = kept.call("doctor")
    assert answer.err == ""
    lines = [line.split() for line in answer.out.splitlines() if not line.startswith(" ")]
    assert {grade for grade, *_ in lines} <= {"ok", "warn", "wrong"}
    assert len(lines) >= 12
    found = findings(kept)
    assert found["store"]["told"].startswith(str(kept.folder / "feedwitness.db"))
    assert found["clock"]["grade"] == "ok"
    assert found["in use"]["told"] == "by nobody"


def test_it_leaves_everything_as_it_is(desk):
    desk.settings(SETTINGS)
    findings(desk)
    assert [path.name for path in desk.folder.iterdir()] == ["feedwitness.toml"]


def test_without_settings_the_machine_is_still_looked_at(desk):
    found = findings(desk)
    assert found["settings"]["grade"] == "wrong"
    assert found["settings"]["advice"] == "`feedwitness init` writes some"
    assert {"Python", "SQLite", "expat", "OpenSSL"} <= found.keys()
    assert "store" not in found


def test_settings_with_mistakes_do_not_hide_the_rest(desk):
    desk.settings(SETTINGS + '[fetch]\nevery = "soon"\ntimeot = "3s"\n')
    found = findings(desk)
    assert found["settings"]["told"].startswith("feedwitness.toml:6:9: `every`")
    assert found["settings"]["told"].endswith("(and 1 more)")
    assert found["store"]["grade"] == "ok"


def test_secrets_that_every_user_can_read_are_found_wherever_they_lie(open_desk):
    desk = open_desk
    file = desk.settings(
        SETTINGS
        + '[channels.a]\ntype = "webhook"\nurl = "https://example.org/"\nsecret = ["whsec_' + "QUJD" * 8 + '"]\n'
        '[channels.b]\ntype = "webhook"\nurl = "https://example.org/"\n'
        'headers = { Authorization = { file = "bearer" } }\n'
        '[feeds.c]\nurl = "https://example.org/"\nusername = "u"\npassword = { file = "password" }\n'
    )  # fmt: skip
    for name, mode in (("bearer", 0o644), ("password", 0o600)):
        (desk.folder / name).write_text("hush")
        (desk.folder / name).chmod(mode)
    file.chmod(0o644)
    rows = [row for row in desk.call("doctor", "--json").json if row["subject"] == "secrets"]
    assert sorted(row["advice"] for row in rows) == [f"chmod o= {desk.folder / name}" for name in ("bearer", file.name)]
    assert "QUJD" not in json.dumps(rows)
    file.chmod(0o600)
    (desk.folder / "bearer").chmod(0o640)
    found = findings(desk)
    assert found["secrets"]["told"] == "3 looked at, none open to every user"


def test_a_folder_that_keeps_others_out_protects_what_is_in_it(kept):
    store = kept.folder / "feedwitness.db"
    store.chmod(0o644)
    kept.folder.chmod(0o700)
    assert "rights" not in findings(kept)


def test_what_init_writes_is_in_order(desk):
    desk.call("init")
    found = findings(desk)
    assert (found["settings"]["grade"], found["secrets"]["grade"], found["store"]["grade"]) == ("ok", "ok", "ok")


def test_a_store_that_every_user_can_read_is_warned_of(open_desk):
    open_desk.settings(SETTINGS)
    store = open_desk.folder / "feedwitness.db"
    open_store(f"sqlite:///{store}", migrate=True).close()
    assert "rights" not in findings(open_desk), "as it is made, it is not for everybody"
    store.chmod(0o644)
    assert findings(open_desk)["rights"]["grade"] == "warn"


def test_a_damaged_store_is_wrong(kept):
    (kept.folder / "feedwitness.db").write_bytes(b"no database at all, only words" * 100)
    found = findings(kept)
    assert found["store"]["grade"] == "wrong"
    assert found["store"]["advice"]


def test_a_store_of_a_newer_program_is_wrong(kept):
    with closing(sqlite3.connect(kept.folder / "feedwitness.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    found = findings(kept)
    assert found["store"]["grade"] == "wrong"
    assert "newer feedwitness" in found["store"]["told"]


def test_a_clock_behind_the_log_is_wrong(kept):
    tomorrow, feed = datetime.now(UTC) + timedelta(days=1), FeedId("ministry")
    with open_store(f"sqlite:///{kept.folder / 'feedwitness.db'}", migrate=True) as store:
        quiet = FeedQuiet(feed, tomorrow, "it says nothing")
        store.write(lambda tx: tx.log.append(feed_stream(feed), [quiet], now=tomorrow)).result(timeout=10)
    found = findings(kept)
    assert found["clock"]["grade"] == "wrong"


def test_who_holds_the_store_is_named(kept):
    url = f"sqlite:///{kept.folder / 'feedwitness.db'}"
    with hold(url, command="run", since=datetime(2026, 11, 21, tzinfo=UTC)):
        found = findings(kept)
    assert "`feedwitness run`" in found["in use"]["told"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_wrong(desk):
    desk.settings(SETTINGS)
    desk.folder.chmod(0o500)
    try:
        found = findings(desk)
    finally:
        desk.folder.chmod(0o700)
    assert found["store"]["grade"] == "wrong"
