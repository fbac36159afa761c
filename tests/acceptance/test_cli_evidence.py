"""Checkpoints leave with every alert and contradict a log that was cut; evidence is a file that a stranger checks."""

import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing

import pytest

from aggregator.evidence.kept import note_in
from tests.acceptance.conftest import Desk, open_ministry, settings_for
from tests.shell.authority import Authority, Said, house, needs_openssl


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A desk whose first document matched (held), and that was told of one statement more; and what it received."""
    with open_ministry() as ministry:
        desk = Desk(tmp_path_factory.mktemp("alerted"), {})
        desk.settings(settings_for(ministry))
        ministry.say("old", "Old", "Syria, long ago", 1)
        assert desk.call("poll").status == 0
        ministry.say("new", "New", "Aid for Syria", 20)
        assert desk.call("poll").status == 0
        (desk.folder / "kept.json").write_text(json.dumps(ministry.received[0]), encoding="utf-8")
        assert desk.call("alerts", "release", "--rule", "syria").status == 0
        assert desk.call("poll").status == 0
        yield desk, ministry.received


@pytest.fixture
def alerted(once, tmp_path):
    """The desk, in a copy for one test."""
    shutil.copytree(once[0].folder, tmp_path / "desk")
    return Desk(tmp_path / "desk", {})


@pytest.fixture
def body(alerted):
    """The webhook as a receiver keeps it."""
    return alerted.folder / "kept.json"


def as_owner_of_the_disk(desk, *statements):
    with closing(sqlite3.connect(desk.folder / "feedwitness.db", isolation_level=None)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            database.execute(statement)


def test_every_webhook_carries_a_checkpoint_that_covers_its_cause(once):
    _, received = once
    assert [one["data"]["item"]["title"] for one in received] == ["New", "Old"]
    for one in received:
        evidence = one["data"]["evidence"]
        assert int(evidence["checkpoint"].split("\n")[1]) >= evidence["position"]


def test_a_checkpoint_that_was_kept_agrees_with_the_log_until_its_end_is_cut_off(alerted, body):
    good = alerted.call("verify", "--checkpoint", str(body))
    assert good.status == 0
    assert "kept.json" in good.out
    key = alerted.call("verify", "--json").json["key"]
    assert alerted.call("verify", "--checkpoint", str(body), "--key", key).status == 0
    cause = json.loads(body.read_text())["data"]["evidence"]["position"]
    as_owner_of_the_disk(
        alerted, f"DELETE FROM events WHERE position >= {cause}", "DELETE FROM tree_heads WHERE number > 1"
    )
    cut = alerted.call("verify", "--json", "--checkpoint", str(body), "--key", key)
    assert (cut.status, cut.json["problem"]) == (1, "")
    (kept,) = [row for row in cut.json["checkpoints"] if row["file"] == str(body)]
    assert (kept["ok"], kept["verdict"]) == (False, "cut")
    assert "the log ends before" in alerted.call("verify", "--checkpoint", str(body), "--key", key).out


def test_without_any_kept_elsewhere_a_clumsy_cut_is_found_by_the_records_own(alerted):
    as_owner_of_the_disk(alerted, "DELETE FROM events WHERE position > 5")
    answer = alerted.call("verify")
    assert answer.status == 1
    assert "the record's own" in answer.out


def test_of_strangers_checkpoints_and_files_that_hold_none_it_is_said(alerted, body):
    stranger = alerted.folder / "stranger.txt"
    stranger.write_text("x\n1\n" + "A" * 43 + "=\n\n— x AAAAAAAA\n")
    answer = alerted.call("verify", "--checkpoint", str(stranger))
    assert answer.status == 1
    assert "--key" in answer.out
    forged = alerted.folder / "forged.txt"
    forged.write_text(note_in(body.read_bytes()).replace("\n", "\n1", 1))
    assert "not of the key" in alerted.call("verify", "--checkpoint", str(forged)).out
    for file, words in (
        (alerted.folder / "feedwitness.toml", "holds none"),
        (alerted.folder / "gone", "cannot be read"),
    ):
        refused = alerted.call("verify", "--checkpoint", str(file))
        assert refused.status == 2
        assert words in refused.err
    assert alerted.call("verify", "--key", "x").status == 2


def test_a_stranger_checks_the_evidence_with_nothing_but_python(alerted):
    item = next(row["id"] for row in alerted.call("items", "--json").json if row["title"] == "New")
    made = alerted.call("evidence", item, "-o", "new.zip", "--json")
    assert made.status == 0, made.err
    assert {key: made.json[key] for key in ("item", "versions", "captures", "lost")} == {
        "item": item, "versions": 1, "captures": 1, "lost": [],
    }  # fmt: skip
    file = alerted.folder / "new.zip"
    unpack = f"import zipfile; zipfile.ZipFile({str(file)!r}).extract('verify.py', {str(alerted.folder)!r})"
    subprocess.run([sys.executable, "-I", "-c", unpack], check=True, timeout=20)
    check = [sys.executable, "-I", str(alerted.folder / "verify.py"), str(file), "--key", made.json["key"]]
    run = subprocess.run(check, capture_output=True, text=True, timeout=20, env={})
    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "all of it holds")
    again = alerted.call("evidence", item, "-o", "new.zip")
    assert again.status == 2
    assert "overwrites nothing" in again.err
    assert alerted.call("evidence", "ministry/nothing", "-o", "x.zip").status == 2
    assert not (alerted.folder / "x.zip").exists()


def item_called(desk, title):
    return next(row["id"] for row in desk.call("items", "--json").json if row["title"] == title)


@needs_openssl
def test_a_timestamp_and_an_archives_copy_go_into_the_file_and_openssl_believes_the_one(alerted, tmp_path):
    authority, item = Authority.made(tmp_path / "tsa", kind="ec"), item_called(alerted, "New")

    def archive(heard):
        return Said(headers={"content-location": "/web/2026/copy"})

    with house(lambda heard: Said(body=authority.reply(heard.body))) as tsa, house(archive) as kept:
        words = ["--timestamp", tsa.url, "--timestamp-ca", str(authority.root), "--archive", f"{kept.url}/save/"]
        told = alerted.call("evidence", item, "-o", "told.zip", *words)
        made = alerted.call("evidence", item, "-o", "made.zip", *words, "--json")
    assert (told.status, made.status) == (0, 0), told.err + made.err
    assert "UTC, by CN=Loopback Stamps,O=Time, policy 1.3.6.1.4.1.99999.1" in told.out
    assert f"archived copy: {kept.url}/web/2026/copy" in told.out
    assert made.json["timestamp"]["anchored"] is True
    assert made.json["archive"]["address"] == f"{kept.url}/web/2026/copy"
    with zipfile.ZipFile(alerted.folder / "made.zip") as opened:
        opened.extractall(alerted.folder / "out")
        assert authority.believes(opened.read("checkpoint.txt"), opened.read("timestamp.tsr"))
    shown = json.loads((alerted.folder / "out" / "archive.json").read_text())
    assert shown["address"] == f"{kept.url}/web/2026/copy"
    check = [sys.executable, "-I", str(alerted.folder / "out" / "verify.py")]
    run = subprocess.run(check, capture_output=True, text=True, timeout=20, env={})
    assert (run.returncode, run.stdout.splitlines()[-1]) == (0, "all of it holds")
    assert "ok     timestamp.tsr is a timestamp of checkpoint.txt\n" in run.stdout
    assert "note   timestamp.tsr states 20" in run.stdout
    assert "openssl ts -verify -data checkpoint.txt" in run.stdout


def test_who_gives_nothing_is_named_and_the_file_is_made_all_the_same(alerted):
    item = item_called(alerted, "New")
    with house(lambda _: Said(status=503)) as broken:
        words = ["--timestamp", broken.url, "--archive", f"{broken.url}/save/"]
        made = alerted.call("evidence", item, "-o", "made.zip", *words, "--json")
        told = alerted.call("evidence", item, "-o", "told.zip", *words)
    assert (made.status, told.status) == (1, 1)
    assert made.json["timestamp"] == {"ok": False, "reason": "http_503", "detail": "503 Service Unavailable"}
    assert made.json["archive"]["reason"] == "http_503"
    assert "no timestamp (http_503)" in told.err
    assert "no archived copy (http_503)" in told.err
    assert len({file.read_bytes() for file in alerted.folder.glob("*.zip")}) == 1, "and as it would be without asking"
    plain = alerted.call("evidence", item, "-o", "plain.zip", "--json")
    assert (plain.status, plain.json["timestamp"], plain.json["archive"]) == (0, None, None)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--timestamp", "stamps.example"], "https://stamps.example"),
        (["--timestamp", "https://me:hush@stamps.example/"], "no user name or password"),
        (["--archive", "ftp://archive.example/"], "must begin with http"),
        (["--timestamp-ca", "feedwitness.toml"], "name the authority too"),
        (["--timestamp", "https://stamps.example", "--timestamp-ca", "feedwitness.toml"], "no certificate in PEM"),
        (["--timestamp", "https://stamps.example", "--timestamp-ca", "none.pem"], "cannot be read"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_any_work(alerted, words, what):
    refused = alerted.call("evidence", item_called(alerted, "New"), "-o", "x.zip", *words)
    assert refused.status == 2
    assert what in refused.err
    assert "hush" not in refused.err
    assert not (alerted.folder / "x.zip").exists()
