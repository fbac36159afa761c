"""Cursors: what comes back is what was given, and nothing else is taken for one."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.web.api.cursors import BIGGEST, LONGEST, opened, sealed
from aggregator.web.refusal import Refused
from store.events import Position

HEAD = Position(41)
FILTERS = {"feed": "ministry"}
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-/", max_size=120)
numbers = st.integers(0, BIGGEST)


@given(numbers, names)
def test_a_place_comes_back_as_it_was_given(number: int, name: str) -> None:
    cursor = sealed("/api/items", FILTERS, HEAD, (number, name))
    assert len(cursor) <= LONGEST
    assert cursor.isascii()
    assert opened(cursor, "/api/items", FILTERS, Position(HEAD + 5), (int, str)) == (number, name)


@given(st.one_of(st.text(max_size=600), st.binary(max_size=400).map(lambda b: base64.urlsafe_b64encode(b).decode())))
def test_nothing_else_is_taken_for_a_cursor(written: str) -> None:
    with pytest.raises(Refused):
        opened(written, "/api/items", FILTERS, HEAD, (int, str))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), st.lists, max_leaves=8
)


@given(st.lists(json_values | st.integers(-1, 50) | names, max_size=4))
def test_whatever_json_it_holds_a_made_up_cursor_gives_a_place_of_the_right_kinds_or_none(parts: list[object]) -> None:
    genuine = json.loads(base64.urlsafe_b64decode(sealed("/api/items", {}, HEAD, ()) + "==="))
    written = json.dumps([genuine[0], *parts])
    cursor = base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")
    try:
        number, name = opened(cursor, "/api/items", {}, HEAD, (int, str))
    except Refused:
        return
    assert type(number) is int
    assert 0 <= number <= BIGGEST
    assert isinstance(name, str)
    assert name.isascii()


def test_a_cursor_of_another_list_or_of_other_filters_is_refused() -> None:
    cursor = sealed("/api/items", FILTERS, HEAD, (1, "x"))
    for name, filters in (("/api/alerts", FILTERS), ("/api/items", {}), ("/api/items", {"feed": "palace"})):
        with pytest.raises(Refused) as refused:
            opened(cursor, name, filters, HEAD, (int, str))
        assert refused.value.refusal.code == "bad_cursor"


def test_a_cursor_from_the_future_is_of_another_store_and_says_so() -> None:
    cursor = sealed("/api/items", FILTERS, Position(HEAD + 1), (1, "x"))
    with pytest.raises(Refused) as refused:
        opened(cursor, "/api/items", FILTERS, HEAD, (int, str))
    assert refused.value.refusal.code == "cursor_ahead"
