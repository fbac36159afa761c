"""The store under test, opened by its URL: one suite for every database. A second one joins by adding a parameter."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.database import SqlStore, open_store
from store.events import CaptureDigest, Content, FeedId, ItemId, ItemPublished, Key, TextDigest

Publish = Callable[..., ItemPublished]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite store, made once; never opened by a test."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(f"sqlite:///{path}", migrate=True).close()
    return path


@pytest.fixture(params=["sqlite"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, empty_store: Path) -> str:
    shutil.copy(empty_store, tmp_path / "store.db")
    return f"{request.param}:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(store_url: str) -> Iterator[SqlStore]:
    with open_store(store_url, migrate=True) as opened:
        yield opened


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 20, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def published() -> Publish:
    """Builds an `item.published`: `published("a/1", title=digest, keys=("guid:1",))`."""

    def build(item: str, *, title: str = "t", text: str = "x", about: str = "a", **more: object) -> ItemPublished:
        feed = item.partition("/")[0]
        content = Content(TextDigest(title), TextDigest(text), TextDigest(about), "m", "en", "", "", None, None)
        fields: dict[str, object] = {
            "item": ItemId(item),
            "feed": FeedId(feed),
            "keys": (Key(f"guid:{item}"),),
            "content": content,
            "baseline": False,
            "backdated": False,
            "surfaced": False,
            "hold": "",
            "capture": CaptureDigest("sha256:" + "0" * 64),
            "parser": "test",
        }
        return ItemPublished(**{**fields, **more})  # type: ignore[arg-type]  # the names are ItemPublished's own

    return build
