"""When the store is away, broken, or our own code is: the answer says which, in the shape of every refusal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.ports import StoreError, StoreUnavailable
from tests.shell.api.world import Api, face, served, settings_of


class AwayStore:
    """A store that answers every question with the same mishap."""

    def __init__(self, mishap: Exception) -> None:
        self.mishap = mishap

    @contextmanager
    def views(self) -> Iterator[None]:
        raise self.mishap
        yield

    read = views


@pytest.mark.parametrize(
    ("mishap", "status", "code"),
    [
        (StoreUnavailable("store_away", "the store cannot be opened: check its rights"), 503, "store_away"),
        (StoreUnavailable("store_io", "the store's disk fails: check it"), 503, "store_io"),
        (StoreError("the log holds an event of kind 'x/9', unknown to this version"), 500, "store_unreadable"),
        (ZeroDivisionError("secret words"), 500, "broken"),
    ],
    ids=str,
)
def test_a_store_that_is_away_is_said_with_its_reason_and_a_bug_without_its_words(mishap, status, code) -> None:
    with served(face(AwayStore(mishap), settings_of(Path("/nowhere/store.db")))) as port:  # type: ignore[arg-type]  # of the store's port, what is asked for
        api = Api(None, port)  # type: ignore[arg-type]
        for path in ("/api/status", "/api/items?match=x", "/api/items/a/b", "/items/a/b", "/api/events", "/api/feeds"):
            answered, headers, body = api.ask(path)
            assert (answered, json.loads(body)["error"], headers["content-type"]) == (status, code, "application/json")
            assert b"secret words" not in body
            assert headers["x-content-type-options"] == "nosniff"
        assert api.ask("/healthz")[0] == 200
