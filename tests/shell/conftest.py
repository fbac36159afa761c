"""What tests of the shell share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import SqlStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path / 'log.db'}", migrate=True) as opened:
        yield opened
