"""The API over a filled store that nobody writes to."""

from collections.abc import Iterator

import pytest

from aggregator.web.access import Access
from config.model import Settings
from store.database import SqlStore, open_store
from tests.shell.api.world import TOKEN, Api, face, fill, served, settings_of


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


@pytest.fixture(scope="session")
def guarded(filled_store: tuple[SqlStore, Settings]) -> Iterator[Api]:
    """The same as other machines reach it: the token is needed."""
    with served(face(*filled_store, Access(token=TOKEN))) as port:
        yield Api(filled_store[0], port)


@pytest.fixture(scope="session")
def trusting(filled_store: tuple[SqlStore, Settings]) -> Iterator[Api]:
    """The same on loopback, where the token is known and not needed."""
    with served(face(*filled_store, Access(token=TOKEN, required=False))) as port:
        yield Api(filled_store[0], port)
