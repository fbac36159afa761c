"""Whatever stands in a settings file, reading it ends in settings or in mistakes, never in a traceback."""

from pathlib import Path
from typing import Any

import pytest
import toml_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import load

GOOD = """
include = ["shipped:topics/syria.toml"]
store = { url = "sqlite:///x.db", keep_raw = "90d" }
fetch = { every = "10m", per_host = 2, proxy = "http://p:1", allow_networks = ["10.0.0.0/8"] }
web = { listen = "127.0.0.1:0", token = "long-enough", hosts = ["a.org"] }
[feeds.a]
url = "https://example.org/a"
headers = { X = "y" }
first_fetch = "2d"
formerly = ["b"]
tags = ["t"]
[topics.t]
any = ["x"]
[rules.r]
match = "topic:t"
feeds = ["a", "tag:t"]
on = ["appeared"]
notify = ["m", "h"]
[channels.m]
type = "email"
to = ["a@b.org"]
from = "c@d.org"
host = "h"
[channels.h]
type = "webhook"
url = "https://example.org/h"
headers = { X = { env = "HOME" } }
"""

ODD = ["", "-1", "99999999999999999999d", "0d", "*", "[", "tag:", "shipped:", "shipped:/etc/passwd", "\0", "../.."]
ODD += ["/dev", "http://[", "http://a:b", "٣", "١٠m", "sqlite:///\0", "sqlite:////dev/null", "a@" + "b" * 300, "topic:"]
ODD += [
    "* * * * *",
    "Europe",
    "//",
    "127.0.0.1:",
    "[::]:1",
    "localhost",
    "whsec_",
    "postgres://",
    "idna",
    "ı",
    "ſ@b.org",
]
odd = st.text(max_size=30) | st.sampled_from(ODD)
names = odd | st.sampled_from(["env", "file"])
anything = st.recursive(
    odd | st.integers(-(2**40), 2**40) | st.booleans() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [path, *(deeper for key, part in inner for deeper in places(part, (*path, key)))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_in_any_place_is_a_setting_or_a_mistake(folder: Path, data: st.DataObject) -> None:
    document = toml_rs.loads(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(document)[1:]))
        table: Any = document
        for part in way:
            table = table[part]
        if isinstance(table, dict) and data.draw(st.booleans()):
            table[data.draw(odd)] = data.draw(anything)
        else:
            table[last] = data.draw(anything)
    (folder / "feedwitness.toml").write_text(toml_rs.dumps(document), encoding="utf-8")
    loaded = load(None, {"HOME": "/root"}, folder)
    assert (loaded.settings is None) == bool(loaded.mistakes)
    for one in (*loaded.mistakes, *loaded.warnings):
        assert one.line >= 1
        assert one.column >= 1
        assert len(one.render().splitlines()) <= 3
        assert all(sign.isprintable() or sign in "\n\t" for sign in one.render())


@settings(deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.text(st.sampled_from("[]{}\"'=.,#\n\\a1 é\0\r"), max_size=4))
def test_any_damage_to_the_text_is_told_with_a_place(folder: Path, at: int, cut: int, put: str) -> None:
    (folder / "feedwitness.toml").write_text(GOOD[:at] + put + GOOD[at + cut :], encoding="utf-8", newline="")
    loaded = load(None, {"HOME": "/root"}, folder)
    assert (loaded.settings is None) == bool(loaded.mistakes)
    assert all(len(one.render().splitlines()) <= 3 for one in loaded.mistakes)
