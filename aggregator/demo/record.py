"""The log as it stands, read beside the daemon, whether that is running, dead, or has not yet made it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from store.database import open_store
from store.events import ItemId, Recorded
from store.ports import ItemFilter, StoreError
from store.walk import events


class Record:
    """The record in a folder. It keeps no connection: the daemon is killed and started beside it."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder / 'feedwitness.db'}"

    def events(self) -> Sequence[Recorded]:
        """Every event so far, none while there is no log yet. A demo's log is short."""
        try:
            with open_store(self._url, read_only=True) as store, store.read() as tx:
                return list(events(tx.log))
        except StoreError:  # the daemon is still making it
            return ()

    def items(self) -> Mapping[str, ItemId]:
        """The log's id of each statement, by the link to its page."""
        try:
            with open_store(self._url, read_only=True) as store, store.views() as views:
                return {row.link: row.id for row in views.items(ItemFilter())}
        except StoreError:
            return {}
