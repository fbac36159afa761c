"""What a page gave passes from the child to the daemon unchanged, and nonsense is told from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.page.text import PageText, PageUnread
from aggregator.page.wire import Request, decode_outcome, decode_request, encode_outcome, encode_request

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.one_of(st.builds(PageText, TEXT, TEXT, TEXT, TEXT, st.booleans()), st.builds(PageUnread, TEXT, TEXT)))
def test_an_outcome_comes_out_as_it_went_in(outcome):
    assert decode_outcome(encode_outcome(outcome)) == outcome


@given(st.builds(Request, st.text(), st.text(), st.text()))
def test_a_request_comes_out_as_it_went_in(request):
    assert decode_request(encode_request(request)) == request


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"[1]", b'["text", "a"]', b'["unread", 1, 2]', b"\xff", b"[" * 100_000]
)
def test_nonsense_is_no_outcome(payload):
    with pytest.raises(ValueError):  # noqa: PT011 - what is said about nonsense does not matter
        decode_outcome(payload)
