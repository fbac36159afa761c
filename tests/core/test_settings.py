"""Settings: where they are found, how files add up, what they default to, and how secrets stay secret."""

import base64
import pickle
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from config.load import Loaded, load
from config.model import EmailChannel, FeedSettings, Rule, Settings, expand_feeds
from config.secret import SecretValue

FEED = '[feeds.a]\nurl = "https://example.org/a"\n'


def write(folder: Path, text: str, name: str = "feedwitness.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def good(loaded: Loaded) -> Settings:
    assert not loaded.mistakes, "\n".join(one.render() for one in loaded.mistakes)
    assert loaded.settings is not None
    return loaded.settings


def read(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Settings:
    write(folder, text)
    return good(load(None, environ or {}, folder))


def told(loaded: Loaded) -> list[str]:
    return [f"{one.file}:{one.line}:{one.column}: {one.message}" for one in loaded.mistakes]


# --- where they are found ---------------------------------------------------------------------------------------------


def test_the_first_of_the_known_places_that_exists_is_taken(tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    config = write(home, FEED, ".config/feedwitness/feedwitness.toml")
    assert load(None, {"HOME": str(home)}, work).file == str(config)
    elsewhere = write(tmp_path, FEED, "xdg/feedwitness/feedwitness.toml")
    assert load(None, {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}, work).file == str(elsewhere)
    write(work, FEED)
    assert load(None, {"HOME": str(home)}, work).file == "feedwitness.toml"
    named = write(tmp_path, FEED, "named.toml")
    assert load(None, {"FEEDWITNESS_CONFIG": str(named)}, work).file == str(named)
    given = write(tmp_path, FEED, "given.toml")
    assert load(given, {"FEEDWITNESS_CONFIG": str(named)}, work).file == str(given)


def test_without_any_settings_it_says_where_it_looked(tmp_path: Path) -> None:
    loaded = load(None, {"HOME": "/nowhere"}, tmp_path)
    assert loaded.settings is None
    [mistake] = told(loaded)
    assert mistake == (
        "feedwitness.toml:1:1: there are no settings (looked for feedwitness.toml, /nowhere/.config/feedwitness/"
        "feedwitness.toml, /etc/feedwitness/feedwitness.toml); write one, or name it with --config PATH"
    )


def test_a_named_file_that_is_missing_or_a_directory_is_a_mistake_and_nothing_else_is_tried(tmp_path: Path) -> None:
    write(tmp_path, FEED)
    assert told(load(Path("none.toml"), {}, tmp_path)) == ["none.toml:1:1: does not exist"]
    assert told(load(tmp_path, {}, tmp_path)) == [f"{tmp_path}:1:1: is a directory; name a file"]


def test_broken_utf8_is_placed_at_its_byte(tmp_path: Path) -> None:
    (tmp_path / "feedwitness.toml").write_bytes(
        "[fetch]\n# Сирия \xff".encode("utf-8", "surrogatepass")[:-2] + b"\xff\n"
    )
    assert told(load(None, {}, tmp_path)) == ["feedwitness.toml:2:9: is not UTF-8 (byte 0xff); save the file as UTF-8"]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    (tmp_path / "feedwitness.toml").write_bytes(b"\xef\xbb\xbf[fetch]\r\nevery = '7m'\r\n\r\n[fetch2]\r\nx = 1\r\n")
    loaded = load(None, {}, tmp_path)
    assert loaded.draft.fetch.every == timedelta(minutes=7)
    assert told(loaded) == ['feedwitness.toml:4:2: unknown table `fetch2`; did you mean "fetch"?']


def test_a_file_of_a_hundred_megabytes_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    with (tmp_path / "feedwitness.toml").open("wb") as file:
        file.truncate(100 << 20)
    assert told(load(None, {}, tmp_path)) == [
        "feedwitness.toml:1:1: is larger than 32 MiB; split it, and include the parts"
    ]


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{b=" * 100_000, "a = " + "[[1]," * 100_000])
def test_brackets_nested_beyond_reason_are_a_mistake_and_no_crash(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    [mistake] = load(None, {}, tmp_path).mistakes
    assert mistake.message == "brackets are nested more than 100 deep"
    assert len(mistake.render()) < 400, "a long line is cut around the caret"


# --- how files add up -------------------------------------------------------------------------------------------------


def test_the_operator_overrides_a_shipped_table_key_by_key(tmp_path: Path) -> None:
    text = 'include = ["shipped:feeds/un.toml"]\n[feeds.un-press]\nevery = "1m"\ntags = ["mine"]\n'
    feed = read(tmp_path, text).feeds["un-press"]
    assert (feed.every, feed.tags) == (timedelta(minutes=1), ("mine",))
    assert feed.url == "https://press.un.org/en/rss.xml"


def test_overriding_the_cadence_replaces_the_other_kind_of_cadence(tmp_path: Path) -> None:
    text = 'include = ["shipped:feeds/un.toml"]\n[feeds.un-press]\ncron = "0 * * * *"\n'
    feed = read(tmp_path, text).feeds["un-press"]
    assert (feed.cron, feed.every) == ("0 * * * *", timedelta(minutes=10))


def test_a_mistake_in_an_override_stands_in_the_file_that_made_it(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["shipped:feeds/un.toml"]\n[feeds.un-press]\nevery = "1x"\n')
    assert told(load(None, {}, tmp_path)) == [
        'feedwitness.toml:3:9: `every`: "1x" is no duration; write it as "30s" (units: s, m, h, d)'
    ]


def test_the_same_table_in_two_of_ones_own_files_is_a_mistake_that_names_both(tmp_path: Path) -> None:
    write(tmp_path, "[fetch]\n" + FEED, "more/a.toml")
    write(tmp_path, 'include = ["more/*.toml"]\n' + FEED + "\n[fetch]\nper_host = 3\n")
    assert told(load(None, {}, tmp_path)) == [
        "feedwitness.toml:2:8: [feeds.a] stands also in more/a.toml:2:8; keep one of the two",
        "feedwitness.toml:5:2: [fetch] stands also in more/a.toml:1:2; keep one of the two",
    ]


def test_relative_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["sub/more.toml"]\n')
    write(tmp_path, 'include = ["deeper/feeds.toml"]\n[store]\nurl = "sqlite:///data/log.db"\n', "sub/more.toml")
    write(tmp_path, FEED + 'password = { file = "pw" }\nusername = "u"\n', "sub/deeper/feeds.toml")
    write(tmp_path, "geheim\n", "sub/deeper/pw")
    loaded = load(None, {}, tmp_path)
    settings = good(loaded)
    assert settings.store.path == tmp_path / "sub/data/log.db"
    password = settings.feeds["a"].password
    assert password is not None
    assert password.reveal() == "geheim"
    assert loaded.files == ("sub/deeper/feeds.toml", "sub/more.toml", "feedwitness.toml")


def test_files_that_include_each_other_are_a_mistake_that_shows_the_way(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["a.toml"]\n')
    write(tmp_path, 'include = ["b.toml"]\n', "a.toml")
    write(tmp_path, 'include = ["feedwitness.toml"]\n', "b.toml")
    assert told(load(None, {}, tmp_path)) == [
        "b.toml:1:12: includes itself (feedwitness.toml -> a.toml -> b.toml -> feedwitness.toml); take one of these out"
    ]


def test_a_file_that_two_others_include_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["a.toml", "b.toml"]\n')
    write(tmp_path, 'include = ["c.toml"]\n', "a.toml")
    write(tmp_path, 'include = ["c.toml"]\n', "b.toml")
    write(tmp_path, FEED, "c.toml")
    assert list(good(load(None, {}, tmp_path)).feeds) == ["a"]


def test_a_pattern_that_matches_nothing_is_only_warned_about(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["rules.d/*.toml"]\n' + FEED + '[fetch]\ncontact = "a@example.org"\n')
    loaded = load(None, {}, tmp_path)
    good(loaded)
    [warning] = loaded.warnings
    assert warning.render("warning") == (
        'feedwitness.toml:1:12: warning: no file matches "rules.d/*.toml"\n'
        '    include = ["rules.d/*.toml"]\n'
        "               ^^^^^^^^^^^^^^^^"
    )


def test_one_broken_file_does_not_hide_the_mistakes_of_the_others(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["a.toml", "b.toml"]\n[fetch]\nevry = "1m"\n')
    write(tmp_path, "a = \n", "a.toml")
    write(tmp_path, "[feeds.x]\n", "b.toml")
    assert [one.file for one in load(None, {}, tmp_path).mistakes] == ["a.toml", "b.toml", "feedwitness.toml"]


def test_names_that_may_stand_in_a_broken_file_are_not_called_unknown(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["a.toml"]\n[rules.r]\nmatch = "x"\nfeeds = ["a"]\nnotify = ["c"]\n')
    write(tmp_path, FEED + "[channels.c]\ntype = \n", "a.toml")
    assert [one.file for one in load(None, {}, tmp_path).mistakes] == ["a.toml"]


def test_the_digest_covers_every_file_read(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["a.toml"]\n')
    write(tmp_path, FEED, "a.toml")
    first = load(None, {}, tmp_path).digest
    assert first == load(None, {"X": "y"}, tmp_path).digest
    write(tmp_path, FEED + "# changed\n", "a.toml")
    assert load(None, {}, tmp_path).digest != first


# --- defaults ---------------------------------------------------------------------------------------------------------


def test_a_feed_takes_from_fetch_what_it_does_not_say_itself(tmp_path: Path) -> None:
    settings = read(tmp_path, FEED + '[feeds.b]\nurl = "http://b.org"\nevery = "1m"\n[fetch]\nevery = "2h"\n')
    assert settings.feeds["a"].every == timedelta(hours=2)
    assert settings.feeds["b"].every == timedelta(minutes=1)
    assert settings.feeds["a"].title == "a"


@pytest.mark.parametrize(
    ("environ", "where"),
    [
        ({"STATE_DIRECTORY": "/var/lib/fw:/other", "XDG_STATE_HOME": "/xdg"}, "/var/lib/fw/feedwitness.db"),
        ({"XDG_STATE_HOME": "/xdg"}, "/xdg/feedwitness/feedwitness.db"),
        ({"XDG_STATE_HOME": "relative/ignored"}, "{folder}/feedwitness.db"),
        ({}, "{folder}/feedwitness.db"),
    ],
)
def test_the_store_lies_where_the_system_says_else_beside_the_settings(
    tmp_path: Path, environ: Mapping[str, str], where: str
) -> None:
    path = write(tmp_path, FEED, "conf/feedwitness.toml")
    settings = good(load(path, environ, tmp_path))
    assert settings.store.url == "sqlite:///" + where.format(folder=tmp_path / "conf")


@pytest.mark.parametrize(
    ("listen", "base"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("", "http://127.0.0.1:8321"),
    ],
)
def test_links_follow_the_address_listened_on(tmp_path: Path, listen: str, base: str) -> None:
    settings = read(tmp_path, f'[web]\nlisten = "{listen}"\n', {"FEEDWITNESS_TOKEN": "long-enough"})
    assert settings.web.base_url == base


@pytest.mark.parametrize(
    ("written", "port"), [("", 587), ("security = 'tls'", 465), ("security = 'none'", 25), ("port = 26", 26)]
)
def test_the_port_of_a_mail_server_follows_its_security(tmp_path: Path, written: str, port: int) -> None:
    text = f"[channels.m]\ntype = 'email'\nto = ['a@b.org']\nfrom = 'c@d.org'\nhost = 'h'\n{written}\n"
    channel = read(tmp_path, text).channels["m"]
    assert isinstance(channel, EmailChannel)
    assert channel.port == port


def test_durations_and_sizes_are_read_in_their_units(tmp_path: Path) -> None:
    text = '[fetch]\nevery = "1h30m"\ntimeout = "90s"\nmax_body = "500 kB"\n[store]\nkeep_raw = "7d"\n'
    settings = read(tmp_path, text)
    assert (settings.fetch.every, settings.fetch.timeout) == (timedelta(minutes=90), timedelta(seconds=90))
    assert settings.fetch.max_body == 500_000
    assert settings.store.keep_raw == timedelta(days=7)


# --- secrets ----------------------------------------------------------------------------------------------------------

SIGNING = "whsec_" + base64.b64encode(b"geheim" * 5).decode()
SECRETS = f"""
[fetch]
proxy = "http://u:geheim-proxy@proxy.example.org:3128"
[web]
token = "geheim-token"
[feeds.a]
url = "https://example.org/a"
username = "geheim-user"
password = {{ env = "PASSWORD" }}
headers = {{ Authorization = "Bearer geheim-header", X-Key = {{ env = "PASSWORD" }} }}
[channels.hook]
type = "webhook"
url = "https://hooks.example.org/geheim-path"
secret = ["{SIGNING}", {{ env = "NEXT" }}]
"""


def test_secrets_are_read_and_shown_nowhere(tmp_path: Path) -> None:
    settings = read(tmp_path, SECRETS, {"PASSWORD": "geheim-env", "NEXT": SIGNING})
    feed = settings.feeds["a"]
    assert feed.password == SecretValue("geheim-env")
    assert {name: value.reveal() for name, value in feed.headers.items()} == {
        "Authorization": "Bearer geheim-header",
        "X-Key": "geheim-env",
    }
    shown = f"{settings!r} {settings} {settings.channels} {settings.model_dump()}"
    assert "geheim" not in shown
    assert SIGNING not in shown
    with pytest.raises(TypeError):
        pickle.dumps(feed.password)


def test_no_mistake_shows_a_secret_that_stands_on_the_same_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        '[channels]\na = { type = "webhook", url = "x", secret = "geheim", foo = 5 }\nb = { password = geheim }\n',
    )
    assert "geheim" not in "".join(one.render() for one in load(None, {}, tmp_path).mistakes)
    write(tmp_path, '[channels]\na = { type = "webhook", url = "https://x.org", secret = "geheim", headers = 5 }\n')
    loaded = load(None, {}, tmp_path)
    assert len(loaded.mistakes) == 2
    assert "geheim" not in "".join(one.render() for one in loaded.mistakes)


def test_a_secret_that_cannot_be_read_is_a_mistake_at_its_place(tmp_path: Path) -> None:
    write(tmp_path, '[web]\ntoken = { file = "token" }\n')
    write(tmp_path, "two\nlines\n", "token")
    [mistake] = load(None, {}, tmp_path).mistakes
    assert mistake.render() == (
        'feedwitness.toml:2:9: `token`: "token" holds more than one line\n'
        '    token = { file = "token" }\n'
        "            ^^^^^^^^^^^^^^^^^^"
    )


# --- warnings ---------------------------------------------------------------------------------------------------------


def test_what_is_probably_not_meant_is_warned_about_and_runs(tmp_path: Path) -> None:
    text = """[feeds.a]
url = "https://example.org/a"
[feeds.b]
url = "https://example.org/a"
[feeds.c]
url = "https://example.org/c"
enabled = false
[rules.quiet]
match = "x"
feeds = ["c", "z-*"]
[channels.hook]
type = "webhook"
url = "https://example.org/hook"
[channels.mail]
type = "email"
to = ["a@example.org"]
from = "b@example.org"
host = "mail.example.org"
security = "none"
username = "u"
password = "p"
"""
    write(tmp_path, text)
    loaded = load(None, {}, tmp_path)
    good(loaded)
    assert [f"{one.line}:{one.column}: {one.message}" for one in loaded.warnings] == [
        "1:1: `contact` is empty; name a URL or address that the owners of the feeds can write to",
        "4:7: `url`: [feeds.a] asks the same address",
        "8:8: `notify` is empty: what this rule finds is recorded, and nobody is told",
        "10:10: `feeds`: [feeds.c] is switched off (enabled = false)",
        '10:15: `feeds`: no feed\'s id matches "z-*"',
        "11:11: `secret` is missing: messages go out unsigned",
        '19:1: `security`: a password is not sent in clear, so nothing will arrive; take "starttls" or "tls"',
    ]
    write(tmp_path, text.replace("mail.example.org", "localhost"))
    assert "`security`" not in " ".join(one.message for one in load(None, {}, tmp_path).warnings), "it stays here"


def test_a_setting_that_does_nothing_where_it_stands_is_warned_about(tmp_path: Path) -> None:
    text = """[fetch]
contact = "https://example.org/us"
[feeds.all]
url = "https://example.org/all"
source = "kremlin"
revisit = ["1h"]
[feeds.theme]
url = "https://example.org/theme"
source = "kremiln"
"""
    write(tmp_path, text)
    loaded = load(None, {}, tmp_path)
    good(loaded)
    assert [f"{one.line}:{one.column}: {one.message}" for one in loaded.warnings] == [
        '5:10: `source`: no other feed has "kremlin", so nothing is shared with any; did you mean "kremiln"?',
        '6:1: `revisit`: no page is read, for `page` is "none"; write page = "fulltext" or "matched" beside it',
        '9:10: `source`: no other feed has "kremiln", so nothing is shared with any; did you mean "kremlin"?',
    ]
    write(tmp_path, text.replace("kremiln", "kremlin").replace("revisit", 'page = "matched"\nrevisit'))
    assert not load(None, {}, tmp_path).warnings
    write(tmp_path, text.replace("kremiln", "kremlin").replace("revisit = ", "enabled = false #"))
    assert not load(None, {}, tmp_path).warnings, "a feed that is switched off may come back"


@pytest.mark.parametrize(
    ("url", "networks", "warned"),
    [
        ("http://127.0.0.1:8000/feed", "[]", True),
        ("http://localhost/feed", "[]", True),
        ("http://[fd00::7]/feed", '["10.0.0.0/8"]', True),
        ("http://10.1.2.3/feed", '["10.0.0.0/8"]', False),
        ("http://intranet.example/feed", "[]", False),
        ("http://192.0.2.1.example.org/feed", "[]", False),
        ("https://8.8.8.8/feed", "[]", False),
    ],
)
def test_who_watches_a_private_address_is_told_what_withdrawals_need(
    tmp_path: Path, url: str, networks: str, warned: bool
) -> None:
    write(tmp_path, f'[fetch]\ncontact = "a@b.org"\nallow_networks = {networks}\n[feeds.a]\nurl = "{url}"\n')
    told = [one.message for one in load(None, {}, tmp_path).warnings]
    assert ["never confirmed until `allow_networks`" in one for one in told] == [True] * warned


# --- what other rooms ask ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quoted", "offset", "line", "column"),
    [
        ("'topic:syria AND ('", 16, 2, 26),
        ('"topic:syria AND ("', 16, 2, 26),
        (r'"\"a b\" AND ("', 10, 2, 22),
        (r'"\u0421ирия ("', 6, 2, 21),
        ("'''\nСирия\nAND ('''", 10, 4, 5),
        ('"""Сирия \\\n   AND ("""', 10, 3, 8),
    ],
)
def test_an_offset_in_a_query_is_found_in_the_file(
    tmp_path: Path, quoted: str, offset: int, line: int, column: int
) -> None:
    write(tmp_path, f"[rules.a]\nmatch = {quoted}\n")
    loaded = load(None, {}, tmp_path)
    query = loaded.draft.rules["a"].match
    assert query is not None
    assert query[offset] == "("
    place = loaded.place(("rules", "a", "match"), offset)
    assert (place.line, place.column) == (line, column)
    assert place.mistake("here").render().splitlines()[2].endswith("^")


def test_further_mistakes_join_the_others_in_order_and_take_the_settings_away(tmp_path: Path) -> None:
    write(tmp_path, "[rules.a]\nmatch = 'x'\nnotify = ['nobody']\n")
    loaded = load(None, {}, tmp_path)
    more = loaded.with_mistakes([loaded.place(("rules", "a", "match"), 0).mistake("bad query")])
    assert [one.line for one in more.mistakes] == [2, 3]
    write(tmp_path, "[rules.a]\nmatch = 'x'\n")
    fine = load(None, {}, tmp_path)
    assert fine.settings is not None
    assert fine.with_mistakes([fine.place(("rules", "a", "match")).mistake("bad query")]).settings is None


def test_a_draft_names_every_table_even_the_faulty_ones(tmp_path: Path) -> None:
    text = "[feeds.a]\n[topics.t]\nany = 5\n[rules.r]\nmatch = 'topic:t'\non = ['x']\n[channels.c]\ntype = 'x'\n"
    write(tmp_path, text + "[channels.d]\ntype = 'email'\n")
    draft = load(None, {}, tmp_path).draft
    assert (list(draft.feeds), list(draft.topics), list(draft.rules)) == (["a"], ["t"], ["r"])
    assert list(draft.channels) == ["c", "d"]
    assert draft.rules["r"].match == "topic:t"
    assert draft.topics["t"].any == ()


def test_feeds_of_a_rule_are_ids_globs_and_tags() -> None:
    feeds = {
        name: FeedSettings(id=name, url="https://example.org/", tags=tags)
        for name, tags in {"kremlin-en": ("russia",), "kremlin-ru": (), "un-news": ("un",)}.items()
    }
    assert expand_feeds(Rule(id="r", match="x"), feeds) is None
    assert expand_feeds(Rule(id="r", match="x", feeds=("tag:un", "kremlin-*")), feeds) == tuple(sorted(feeds))
    assert expand_feeds(Rule(id="r", match="x", feeds=("kremlin-ru", "gone")), feeds) == ("kremlin-ru",)
