"""Finding and moving feeds, and lists that stay readable: the program as users meet it."""

import tomllib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

OWN = """
[web]
listen = ""
[feeds.one]
url = "https://one.example/feed"
title = "Ön\\"e & <two>"
tags = ["official", "un"]
language = "en"
[feeds.import]
url = "https://two.example/feed"
[feeds.off]
url = "https://off.example/feed"
enabled = false
"""
OPML = """<?xml version="1.0"?><opml version="1.0"><head><title>mine</title></head><body>
<outline text="Foreign Ministries"><outline text="Alpha" xmlUrl="https://alpha.example/rss?a=1&amp;b=2"/>
<outline text="Alpha again" xmlUrl="https://alpha.example/rss?a=1&amp;b=2"/>
<outline text="One" xmlUrl="https://one.example/feed"/></outline>{more}</body></opml>"""
UNUSABLE = '<outline text="Spy" xmlUrl="https://u:secret@beta.example/"/><outline text="\x1b[31m" xmlUrl="gopher://x"/>'


# --- discover -----------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_discover_prints_a_table_that_check_takes_and_poll_reads(ministry, desk):
    ministry.say("o", "Gazette", "Decree.", 1)
    answer = desk.call("feeds", "discover", f"{ministry.base}/feed.xml")
    assert (answer.status, answer.err) == (0, "")
    assert tomllib.loads(answer.out) == {"feeds": {"ministry": {
        "url": f"{ministry.base}/feed.xml", "title": "Ministry", "every": "10m",
    }}}  # fmt: skip
    assert "rss20, 1 entry, the newest of 2026-11-01 01:00 UTC" in answer.out
    desk.settings('[web]\nlisten = ""\n[fetch]\ncontact = "a@example.org"\n' + answer.out)
    assert desk.call("check").status == 0
    assert desk.call("poll", "ministry").status == 0
    again = desk.call("feeds", "discover", f"{ministry.base}/feed.xml")
    assert (again.status, again.out) == (0, "")
    assert "in the settings already, as ministry" in again.err


def test_discover_without_a_find_says_where_it_looked(ministry, desk):
    ministry.feed = 404
    answer = desk.call("feeds", "discover", f"{ministry.base}/pages/x")
    assert (answer.status, answer.out) == (1, "")
    assert "the page names none, and there is none at /feed, /rss.xml" in answer.err
    answer = desk.call("feeds", "discover", f"{ministry.base}/nothing", "--json")
    assert (answer.status, answer.json["found"]) == (1, [])
    assert answer.json["missed"][0]["reason"] == "http_404"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "names no host"),
        ("ftp://a.example/", "must begin with http"),
        ("http://u:hush@a.example/", "holds a user name"),
        ("http://a b/", "blank"),
    ],
)
def test_discover_of_what_is_no_address_is_bad_usage(desk, url, words):
    answer = desk.call("feeds", "discover", url)
    assert (answer.status, answer.out) == (2, "")
    assert words in answer.err
    assert "hush" not in answer.err


def test_discover_works_with_settings_that_have_mistakes_and_not_with_settings_that_are_not_there(ministry, desk):
    ministry.say("o", "Gazette", "Decree.", 1)
    desk.settings("[fetch]\nbogus = 1\n[feeds.ministry]\nurl = 'https://other.example/'\n")
    answer = desk.call("feeds", "discover", f"{ministry.base}/feed.xml")
    assert answer.status == 0
    assert "the settings have 1 mistake" in answer.err
    assert "[feeds.ministry]" not in answer.out, "that id is in use"
    assert desk.call("feeds", "discover", f"{ministry.base}/feed.xml", "--config", "nowhere.toml").status == 2


# --- import and export ----------------------------------------------------------------------------------------------


def test_import_prints_tables_names_what_it_leaves_out_and_leaves_no_secret(desk):
    desk.settings(OWN)
    (desk.folder / "list.opml").write_text(OPML.format(more=UNUSABLE))
    answer = desk.call("feeds", "import", "list.opml")
    assert answer.status == 1, "two addresses are unusable"
    assert tomllib.loads(answer.out) == {"feeds": {"alpha": {
        "url": "https://alpha.example/rss?a=1&b=2", "title": "Alpha", "tags": ["foreign-ministries"],
    }}}  # fmt: skip
    for words in (
        "https://alpha.example/rss?a=1&b=2 (Alpha again): twice in the list",
        "https://one.example/feed (One): in the settings already, as one",
        "https://beta.example/ (Spy): left out", "gopher://x (\ufffd[31m): left out",
        "1 feed taken, 2 repeated or known, 2 unusable",
    ):  # fmt: skip
        assert words in answer.err
    assert "secret" not in answer.out + answer.err


def test_import_writes_a_file_that_settings_can_include_and_never_overwrites_one(desk):
    (desk.folder / "list.opml").write_text(OPML.format(more=""))
    answer = desk.call("feeds", "import", "list.opml", "-o", "mine.toml")
    assert (answer.status, answer.out) == (0, "")
    desk.settings('include = ["mine.toml"]\n[web]\nlisten = ""\n')
    assert desk.call("check", "--json").json["feeds"] == 2
    before = (desk.folder / "mine.toml").read_bytes()
    (desk.folder / "feedwitness.toml").unlink()
    again = desk.call("feeds", "import", "list.opml", "-o", "mine.toml")
    assert (again.status, (desk.folder / "mine.toml").read_bytes()) == (2, before)
    assert "nothing is overwritten" in again.err


@pytest.mark.parametrize(("name", "status"), [("nowhere.opml", 2), ("feed.xml", 2), ("cut.opml", 1), (".", 2)])
def test_import_of_what_is_no_whole_list_says_so(desk, name, status):
    (desk.folder / "feed.xml").write_text("<rss version='2.0'/>")
    (desk.folder / "cut.opml").write_text(OPML.format(more="")[:-12])
    answer = desk.call("feeds", "import", name)
    assert answer.status == status
    assert name in answer.err or "ends too early" in answer.err
    assert "Traceback" not in answer.err


def test_export_gives_what_import_takes_back(desk):
    desk.settings(OWN)
    answer = desk.call("feeds", "export", "--all")
    assert answer.status == 0
    assert len(list(ET.fromstring(answer.out).iter("outline"))) == 4
    (desk.folder / "all.opml").write_text(answer.out, encoding="utf-8")
    (desk.folder / "feedwitness.toml").unlink()
    back = desk.call("feeds", "import", "all.opml", "--json").json["feeds"]
    (desk.folder / "feedwitness.toml").write_text(OWN, encoding="utf-8")
    kept = [{key: row[key] for key in ("url", "title", "language", "tags")} for row in back]
    rows = [{key: row[key] for key in ("url", "title", "language", "tags")}
            for row in desk.call("feeds", "export", "--all", "--json").json]  # fmt: skip
    assert sorted(kept, key=str) == sorted(rows, key=str)
    assert "off.example" not in desk.call("feeds", "export").out


# --- lists ------------------------------------------------------------------------------------------------------------


def test_an_id_a_command_and_an_id_that_is_called_like_a_command_are_told_apart(desk):
    desk.settings(OWN)
    assert desk.call("feeds", "one").out.startswith("one: ")
    assert desk.call("feeds", "--", "import").out.startswith("import: ")
    assert desk.call("feeds", "import").status == 2, "a command that misses its argument"
    typo = desk.call("feeds", "discovr", "https://a.example/")
    assert (typo.status, 'did you mean "discover"' in typo.err) == (2, True)


def test_before_there_is_a_store_feeds_and_rules_are_listed_from_the_settings(desk):
    desk.settings(OWN + '[rules.syria]\nmatch = "Syria"\n')
    rows = desk.call("feeds", "--json").json
    assert {row["id"]: row["state"] for row in rows} == {"one": "new", "import": "new", "off": "off"}
    assert "never polled so far" in desk.call("feeds", "one").out
    rules = desk.call("rules", "--json")
    assert (rules.status, [(row["id"], row["hits"]) for row in rules.json]) == (0, [("syria", 0)])
    assert "not in force yet" in rules.err
    assert not (desk.folder / "feedwitness.db").exists()


@pytest.fixture
def crowd(ministry, desk) -> Iterator[object]:
    """A desk that watches a ministry and twelve sources that are not there, all of one host."""
    ministry.say("o", "Gazette", "Decree.", 1)
    dead = "".join(f'[feeds.dead-{n:02}]\nurl = "http://127.0.0.1:1/{n}"\n' for n in range(12))
    gone = f'[feeds.gone]\nurl = "{ministry.base}/nothing"\n'
    desk.settings(f'[web]\nlisten = ""\n[feeds.good]\nurl = "{ministry.base}/feed.xml"\n' + dead + gone)
    return desk


def test_poll_and_status_group_what_fails_by_reason_in_the_same_words(crowd):
    answer = crowd.call("poll")
    assert answer.err.splitlines() == [
        "cannot see dead-00, dead-01, dead-02, dead-03, dead-04 and 7 more: connect: no connection to its host",
        "cannot see gone: http_404: it answers 404 Not Found",
    ]
    status = crowd.call("status").out
    assert "feeds     13 failing, 1 ok\n" in status
    assert "seen      1 feed, the last one " in status
    assert "12 feeds  " in status
    assert "connect: no connection to its host  dead-00, dead-01, dead-02, dead-03, dead-04 and 7 more" in status
    assert "dead-11" not in status
    assert crowd.call("feeds", "dead-11").out.endswith("\n\nnot seen so far\n")
    assert "dead-11" in crowd.call("-v", "status").out
    assert "  dead-11: connect: 127.0.0.1:1: Connection refused" in crowd.call("poll", "-v").err


def test_a_lost_network_is_said_in_one_line_at_the_head_and_blames_no_source(desk):
    hosts = "".join(f'[feeds.h{n}]\nurl = "http://127.0.0.{n}:1/"\n' for n in range(1, 7))
    desk.settings('[web]\nlisten = ""\n' + hosts)
    assert desk.call("poll").err.startswith("our own network is lost since 2")
    assert "  state      not yet seen\n" in desk.call("feeds", "h1").out
    status = desk.call("status").out
    assert status.startswith("our own network is lost since 2")
    assert "feeds     6 not yet seen\n" in status
    assert "not seen  since" not in status


@pytest.mark.long
def test_run_that_sees_nothing_at_first_does_not_promise_news(desk):
    desk.settings('[web]\nlisten = ""\n[feeds.dead]\nurl = "http://127.0.0.1:1/"\n')
    with desk.start("run") as daemon:
        said = ""
        while "cannot see 1 of 1 feed: dead" not in said and (line := daemon.stderr.readline()):
            said += line
        daemon.terminate()
        said += daemon.stderr.read()
    assert "first look: none of 1 feed seen\n" in said
    assert "is news" not in said


def test_the_last_events_name_what_they_are_about(desk):
    desk.settings(
        OWN.replace("https://one.example", "http://127.0.0.1:1").replace("https://two", "http://127.0.0.1:1#")
    )
    desk.call("poll")
    assert "  daemon\n      settings applied: " in desk.call("status").out
