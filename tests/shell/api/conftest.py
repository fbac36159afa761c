"""The API over a filled store that nobody writes to."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from aggregator.web.access import Access
from config.model import Settings
from store.database import SqlStore, open_store
from tests.shell.api.world import Api, face, fill, served, settings_of

Opened = Callable[[Access], AbstractContextManager[Api]]


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqlStore, Settings]]:
    path = tmp_path_factory.mktemp("api") / "store.db"
    with open_store(f"sqlite:///{path}", migrate=True) as store:
        fill(store)
        yield store, settings_of(path)


@pytest.fixture(scope="session")
def api(filled_store: tuple[SqlStore, Settings]) -> Iterator[Api]:
    with served(face(*filled_store)) as port:
        yield Api(filled_store[0], port)


@pytest.fixture(scope="session")
def paths(api: Api) -> list[str]:
    """Every path of the API, as it describes itself."""
    return list(api.get("/api/openapi.json")["paths"])


@pytest.fixture
def opened(filled_store: tuple[SqlStore, Settings]) -> Opened:
    """The same behind another door."""

    @contextmanager
    def open_api(access: Access) -> Iterator[Api]:
        with served(face(*filled_store, access)) as port:
            yield Api(filled_store[0], port)

    return open_api
