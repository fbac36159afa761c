"""Every key and value of any TOML text is found again where it stands."""

import re
from pathlib import Path
from typing import Any

import pytest
import toml_rs
from hypothesis import given
from hypothesis import strategies as st

from config.mistakes import Mistake, Source
from config.positions import Key, index_of, offset_in_string

words = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\"'\\\n\t#[]{}=,. "), max_size=12)
values = st.recursive(
    st.booleans() | st.integers(-9, 99) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


def paths(value: Any, path: Key = ()) -> dict[Key, Any]:
    found = {path: value} if path else {}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        found |= paths(part, (*path, key))
    return found


@given(st.dictionaries(words, values, max_size=4))
def test_each_value_is_found_where_it_stands(document: dict[str, Any]) -> None:
    text = toml_rs.dumps(document)
    spots = index_of(text)
    for path, value in paths(toml_rs.loads(text)).items():
        spot = spots[path]
        if spot.value is not None:
            assert toml_rs.loads("x = " + text[slice(*spot.value)])["x"] == value
        if spot.key is not None and isinstance(path[-1], str):
            [key] = toml_rs.loads(text[slice(*spot.key)] + " = 1")
            assert key == path[-1]


@pytest.mark.parametrize("form", ['"{}"', '"""{}"""', '"""\n{}"""'])
@given(text=words.filter(bool))
def test_each_character_of_a_string_is_found_behind_its_escapes(form: str, text: str) -> None:
    raw = form.format("".join(f"\\u{ord(sign):04x}" if sign in '"\\\n' else sign for sign in text))
    try:
        value = toml_rs.loads("x = " + raw)["x"]
    except toml_rs.TOMLDecodeError:
        return
    for offset, sign in enumerate(value):
        found = raw[offset_in_string(raw, offset) :]
        assert found.startswith(sign) or re.match(r"\\[uxtnbfr\"\\]", found)


def test_headers_dotted_keys_inline_tables_and_arrays_of_tables_have_their_places() -> None:
    text = "[a.'b c']\nd.e = 1 # x\n[[f]]\ng = [1,\n 2]\n[[f]]\nh = { i = \"]\" }\n[f.j]\nk = 1979-05-27 07:32:00\n"
    spots = index_of(text)
    told = {path: text[slice(*(spot.value or spot.key or (0, 0)))] for path, spot in spots.items()}
    assert told[("a", "b c")] == "'b c'"
    assert told[("a", "b c", "d", "e")] == "1"
    assert told[("f", 0, "g", 1)] == "2"
    assert told[("f", 1, "h", "i")] == '"]"'
    assert told[("f", 1, "j", "k")] == "1979-05-27 07:32:00"


@given(st.text(max_size=200), st.integers(1, 220), st.integers(1, 50))
def test_a_mistake_is_always_three_printable_lines_at_most(line: str, column: int, width: int) -> None:
    line = re.sub(r"[\n\r]", " ", line)
    shown = Mistake("f.toml", 1, min(column, len(line) + 1), "wrong", line, width).render()
    assert len(shown.split("\n")) <= 3
    assert all(sign.isprintable() or sign in "\n\t" for sign in shown)


def test_the_caret_stands_under_the_character_whatever_its_width() -> None:
    source = Source("f.toml", "\tx = '叙利亚 é ('\n", Path())
    [_, line, caret] = source.place_at(11, 12).mistake("here").render().split("\n")
    assert (line, caret) == ("    \tx = '叙利亚 é ('", "    \t" + " " * 12 + " ^")
