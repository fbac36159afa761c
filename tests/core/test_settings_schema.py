"""The JSON Schema of settings: it takes what the loader takes, refuses what it can see, and explains each key."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import toml_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import catalogue, later, meaning
from config.load import load
from config.schema import schema

ROOT = Path(__file__).parents[2]
SCHEMA = schema()
JUDGE = jsonschema.Draft202012Validator(SCHEMA)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    (f"{page.name} {number}", block)
    for page in PAGES
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL), 1)
]
REFERENCE = {
    "Several files": "", "[store]": "store", "[fetch]": "fetch", "[web]": "web", "[feeds.ID]": "feeds",
    "[topics.NAME]": "topics", "[rules.NAME]": "rules", "[channels.NAME]": "channels", 'type = "email"': "email",
    'type = "webhook"': "webhook",
}  # fmt: skip


def complaints(text: str) -> list[str]:
    """What the schema says against a settings file, each with its place."""
    return [f"{error.json_path}: {error.message}" for error in JUDGE.iter_errors(toml_rs.loads(text))]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert schema() == SCHEMA, "the same every time"


@pytest.mark.parametrize("name", catalogue.listing())
def test_every_shipped_file_is_taken(name: str) -> None:
    assert complaints(catalogue.shipped(name).decode()) == []


@pytest.mark.parametrize("name", ["feedwitness.toml", "rules.d/watch.toml"])
def test_what_init_writes_is_taken_as_it_is_and_with_everything_switched_on(name: str) -> None:
    text = catalogue.blank(name).replace("whsec_FRESH", "whsec_" + "QUJD" * 8)
    assert complaints(text) == []
    assert complaints(re.sub(r"^#(?=[\w\[])", "", text, flags=re.MULTILINE)) == []


@pytest.mark.parametrize("block", [block for _, block in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_every_example_of_the_documentation_is_taken(block: str) -> None:
    assert complaints(block) == []


def keys_with_descriptions(part: Any) -> list[tuple[str, str]]:
    found = []
    for key, inner in part.get("properties", {}).items():
        found += [(key, inner.get("description", "")), *keys_with_descriptions(inner)]
    for below in (*part.get("patternProperties", {}).values(), *part.get("oneOf", []), *part.get("anyOf", [])):
        found += keys_with_descriptions(below)
    return found


def test_every_key_is_explained() -> None:
    keys = keys_with_descriptions(SCHEMA)
    assert len(keys) > 60
    assert [key for key, description in keys if not description] == []


def test_the_reference_explains_each_key_in_the_same_words() -> None:
    told: dict[str, dict[str, str]] = {}
    section = None
    for line in (ROOT / "docs" / "settings.md").read_text("utf-8").splitlines():
        if heading := re.match(r"#{2,3} (.*)", line):
            section = REFERENCE.get(heading[1])
        if section is not None and (row := re.match(r"\| `(\w+)` \| .*? \| .*? \| (.*) \|$", line)):
            told.setdefault(section, {})[row[1]] = row[2]
    assert told == meaning.KEYS


def test_nothing_is_offered_that_is_not_supported_yet() -> None:
    offered = {key for key, _ in keys_with_descriptions(SCHEMA)}
    known_elsewhere = {"timezone", "password"}
    assert offered.isdisjoint({key for keys in later.KEYS.values() for key in keys} - known_elsewhere)
    words = json.dumps(SCHEMA)
    assert not [word for values in later.VALUES.values() for word in values if f'"{word}"' in words and word != "file"]


def test_defaults_stand_as_a_file_would_say_them() -> None:
    fetch = SCHEMA["properties"]["fetch"]["properties"]
    shown = {key: fetch[key].get("default") for key in fetch}
    assert shown == {
        "every": "10m", "timeout": "30s", "max_body": "10 MiB", "max_in_flight": 64, "per_host": 2, "contact": "",
        "proxy": None, "allow_networks": [],
    }  # fmt: skip


WRONG = {
    "an unknown table": "[feed.a]\nurl = 'https://example.org/'",
    "an unknown key": "[fetch]\ntimeot = '3s'",
    "an unknown key of a feed": "[feeds.a]\nurl = 'https://example.org/'\nevry = '5m'",
    "an unknown key of a channel": "[channels.c]\ntype = 'console'\nto = ['a@example.org']",
    "a key to come": "[rules.a]\nmatch = 'x'\ncooldown = '1h'",
    "a wrong feed id": "[feeds.Kremlin]\nurl = 'https://example.org/'",
    "a wrong name": "[topics.'so called']\nany = ['x']",
    "no duration": "[fetch]\nevery = '5 minutes'",
    "a duration that is a number": "[fetch]\nevery = 600",
    "an empty duration": "[fetch]\nevery = ''",
    "no size": "[fetch]\nmax_body = '10 megs'",
    "a size too small": "[fetch]\nmax_body = 10",
    "a number out of range": "[fetch]\nper_host = 0",
    "a number in quotes": "[fetch]\nper_host = '2'",
    "true in quotes": "[feeds.a]\nurl = 'https://example.org/'\nenabled = 'true'",
    "no URL": "[feeds.a]\nurl = 'example.org/feed'",
    "no cron": "[feeds.a]\nurl = 'https://example.org/'\ncron = '* * *'",
    "no language": "[feeds.a]\nurl = 'https://example.org/'\nlanguage = 'english language'",
    "a secret of another form": "[feeds.a]\nurl = 'https://example.org/'\nusername = { var = 'X' }",
    "a secret of two forms": "[web]\ntoken = { env = 'X', file = 'y' }",
    "a word that none knows": "[rules.r]\nmatch = 'x'\nseverity = 'urgent'",
    "a transition that none knows": "[rules.r]\nmatch = 'x'\non = ['apeared']",
    "a text for a list": "[topics.t]\nany = 'Syria'",
    "an empty list": "[topics.t]\nany = []",
    "a channel without a type": "[channels.c]\nto = ['a@example.org']",
    "a channel of no type": "[channels.c]\ntype = 'carrier-pigeon'",
    "a mail channel without a host": "[channels.c]\ntype = 'email'\nto = ['a@example.org']\nfrom = 'a@example.org'",
    "no mail address": "[channels.c]\ntype = 'email'\nto = ['desk']\nfrom = 'a@example.org'\nhost = 'h'",
    "no signing secret": "[channels.c]\ntype = 'webhook'\nurl = 'https://example.org/'\nsecret = 'hush'",
    "no address to listen on": "[web]\nlisten = 'localhost'",
    "no file of a store": "[store]\nurl = 'mysql://x'",
    "a list for a text": "include = 'rules.d/*.toml'",
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_single_file_shows_to_be_wrong_is_refused_by_both(tmp_path: Path, case: str) -> None:
    (tmp_path / "feedwitness.toml").write_text(WRONG[case], encoding="utf-8")
    assert load(None, {}, tmp_path).mistakes
    assert complaints(WRONG[case])


GOOD = """
include = ["shipped:topics/syria.toml"]
store = { url = "sqlite:///x.db", keep_raw = "90d" }
fetch = { every = "10m", max_body = "10 MiB", per_host = 2, proxy = "http://p:1", allow_networks = ["::1"] }
web = { listen = "127.0.0.1:0", token = "long-enough", base_url = "", hosts = ["a.org"] }
[feeds.a]
url = "https://example.org/a"
headers = { X = "y" }
timezone = "UTC"
language = "en"
first_fetch = "2d"
page = "matched"
revisit = ["1h", "7d"]
quiet_after = ""
username = "u"
encoding = "utf-8"
formerly = ["b"]
[feeds.c]
url = "https://example.org/c"
cron = "* * * * *"
[topics.t]
any = ["x"]
[rules.r]
match = "topic:t"
on = ["appeared"]
min_change = "title"
[channels.m]
type = "email"
to = ["a@b.org"]
from = "c@d.org"
host = "h"
port = 25
[channels.h]
type = "webhook"
url = "https://example.org/h"
secret = ["whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"]
"""
SPELLINGS: list[Any] = [
    "", " ", "0", "1s", "1h30m", "90m0s", "7d", "999999d", "36500d", "1 KiB", "500kB", "1GiB", 1024, 1 << 30, 1, 8,
    65535, True, False, [], {}, ["a@b.org"], ["10.0.0.0/8", "::/0"], ["x", "x"], {"env": "SECRET"},
    [{"env": "SECRET"}], {"env": "HOOK"}, {"X-Y": {"env": "SECRET"}}, "HTTPS://EXAMPLE.org", "http://[::1]:8080/x?y#z",
    "https://example.org/%20", "  * * * * *", "*/5 8-22 * * mon-fri", "0 0 1 1 *", "0\u00a00 1 1 *", "UTC",
    "Europe/Moscow", "Etc/GMT+5", "zh-Hans", "sr-Latn-RS", "silent", "all", "guid", "[::1]:8321", "0.0.0.0:1",
    "localhost:65535", "::1", "xn--p1ai", "почта@пример.рф", "o'neil+tag@example.org", "mail.example.org.",
    "whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQQ==", "sqlite:////var/x.db", "sqlite:///a b.db", "windows-1251",
    "http://user:pass@proxy:3128", "none", "tls", "whitespace", ["withdrawn", "delisted"], ["gone"], "json",
    "Сирия", "日本", "a\u00adb", "12345678",
]  # fmt: skip
ENVIRON = {"SECRET": "long-enough", "HOOK": "whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schema")


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(deeper for key, part in inner for deeper in places(part, (*path, key)))]


PLACES = [place for place in places(toml_rs.loads(GOOD)) if place]


def set_at(folder: Path, place: tuple[Any, ...], value: Any) -> tuple[bool, list[str]]:
    """Whether the loader takes the good file with this value there, and what the schema says against it."""
    document = toml_rs.loads(GOOD)
    table: Any = document
    for part in place[:-1]:
        table = table[part]
    table[place[-1]] = value
    text = toml_rs.dumps(document)
    (folder / "feedwitness.toml").write_text(text, encoding="utf-8")
    return load(None, ENVIRON, folder).settings is not None, complaints(text)


def test_the_good_file_is_good(folder: Path) -> None:
    assert set_at(folder, ("fetch", "every"), "10m") == (True, [])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("feeds", "a", "url"), "HTTPS://EXAMPLE.org"), (("feeds", "c", "cron"), " 0\u00a00 1 1 mon-fri "),
        (("feeds", "a", "quiet_after"), "1h30m"), (("feeds", "a", "first_fetch"), "silent"),
        (("feeds", "a", "page"), "none"), (("feeds", "a", "revisit", 0), "90m"), (("feeds", "a", "revisit"), ["30d"]),
        (("feeds", "a", "username"), {"env": "SECRET"}), (("feeds", "a", "timezone"), "Etc/GMT+5"),
        (("fetch", "max_body"), 1 << 20), (("fetch", "max_body"), "500kB"), (("fetch", "proxy"), "HTTP://u:p@proxy:1"),
        (("web", "listen"), ""), (("web", "listen"), "[::1]:8321"), (("web", "token"), {"env": "SECRET"}),
        (("channels", "h", "secret"), {"env": "HOOK"}), (("channels", "h", "secret"), []),
        (("channels", "m", "to", 0), "почта@пример.рф"), (("store", "url"), "sqlite:////var/x y.db"),
    ],
)  # fmt: skip
def test_odd_spellings_are_taken_by_both(folder: Path, place: tuple[Any, ...], value: Any) -> None:
    assert set_at(folder, place, value) == (True, [])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), st.sampled_from(SPELLINGS) | st.text(max_size=12) | st.integers(-2, 70_000))
def test_what_the_loader_takes_the_schema_takes(folder: Path, place: tuple[Any, ...], value: Any) -> None:
    taken, said = set_at(folder, place, value)
    assert not (taken and said), said


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_spelling_in_any_place_is_taken_by_the_loader_and_refused_by_the_schema(
    folder: Path, place: tuple[Any, ...]
) -> None:
    for value in SPELLINGS:
        taken, said = set_at(folder, place, value)
        assert not (taken and said), (value, said)
