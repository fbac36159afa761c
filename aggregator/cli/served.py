"""What the daemon serves beyond its health: who may read it, and the API over its store."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aggregator.clock import utc_now
from aggregator.web.access import Access
from config.addresses import is_loopback

if TYPE_CHECKING:
    from aggregator.web.app import Application
    from config.model import Settings, Web
    from store.ports import Store


def access(web: "Web") -> Access:
    """Who may read: under the names of the settings, and off loopback only with the token."""
    ours = urlsplit(web.base_url).hostname or ""
    return Access(
        hosts=frozenset(name.lower() for name in (*web.hosts, ours) if name),
        token=web.token.reveal() if web.token else "",
        required=not is_loopback(web.listen),
        base_url=web.base_url,
    )


def api(store: "Store", settings: "Callable[[], Settings]") -> "Callable[[], Application]":
    """What builds the API when it is first asked for; `settings` gives those in force at each question."""

    def build() -> "Application":
        from aggregator.web.api import build as room
        from aggregator.web.api.backend import Backend

        return room.build(Backend(store, settings, utc_now, time.monotonic))

    return build
