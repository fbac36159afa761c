"""What the daemon serves beyond its health: who may read it, and the histories that links in alerts lead to."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.shown.chapters import chapters_of
from aggregator.shown.form import compact
from aggregator.shown.rows import item_row
from aggregator.web.access import Access
from config.addresses import is_loopback
from store.events import ItemId
from store.ports import ItemFilter

if TYPE_CHECKING:
    from aggregator.web.app import History
    from config.model import Web
    from store.ports import Store


def access(web: "Web") -> Access:
    """Who may read: names of the settings, and off loopback only with the token."""
    ours = urlsplit(web.base_url).hostname or ""
    hosts = frozenset(name.lower() for name in (*web.hosts, ours) if name)
    return Access(hosts, "" if is_loopback(web.listen) or web.token is None else web.token.reveal())


def histories(store: "Store") -> "History":
    """Histories of items as JSON, as `feedwitness history --json` tells them, each beside its row of `items`."""

    def history(wanted: str) -> bytes | None:
        with store.views() as views:
            row = next(views.items(ItemFilter(item=ItemId(wanted))), None)
            if row is None:
                return None
            told = [chapter.as_row() for chapter in chapters_of(views, row.id)]
        return compact({"item": item_row(row), "history": told}).encode()

    return history
