"""Outcomes pass from the parse child to the daemon unchanged, and nonsense is told from them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.killable.frames import frame, request
from aggregator.outcome import ParsedFeed, ParseFailed
from aggregator.parse.feed import parse
from aggregator.parse.frames import (
    Request,
    decode_outcome,
    decode_request,
    encode_outcome,
    encode_request,
)

FEEDS = Path(__file__).parents[1] / "data" / "feeds"


@pytest.mark.parametrize("name", [path.name for path in sorted(FEEDS.iterdir())])
def test_a_feed_comes_out_as_it_went_in(name):
    outcome = parse((FEEDS / name).read_bytes(), "", "https://a.example/")
    assert isinstance(outcome, ParsedFeed)
    assert decode_outcome(encode_outcome(outcome)) == outcome


@given(st.builds(ParseFailed, st.text(max_size=20), st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_failure_comes_out_as_it_went_in(outcome):
    assert decode_outcome(encode_outcome(outcome)) == ParseFailed(
        outcome.reason.encode("utf-8", "replace").decode(), outcome.detail
    )


@given(st.builds(Request, st.text(), st.text(), st.text(), st.text()))
def test_a_request_comes_out_as_it_went_in(request):
    assert decode_request(encode_request(request)) == request


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[1]", b'{"feed": []}', b"\xff", b'{"feed": 1, "entries": 2}', b"[" * 100_000]
)
def test_nonsense_is_no_outcome(payload):
    with pytest.raises(ValueError):  # noqa: PT011 - what is said about nonsense does not matter
        decode_outcome(payload)


def test_a_frame_carries_its_length():
    assert frame(b"abc") == b"\0\0\0\x03abc"
    assert request(1.5, b"header", b"") == frame(b"1.500000") + frame(b"header") + frame(b"")
