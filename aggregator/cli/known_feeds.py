"""What commands that find and move feeds know of the settings, which need not exist: their [fetch], and ids in use."""

import os
from typing import TYPE_CHECKING

from aggregator.cli import out
from aggregator.cli.context import Context

if TYPE_CHECKING:
    from aggregator.finding.names import Known
    from config.model import Settings


def settings_if_any(here: Context) -> "Settings":
    """The settings; without any those of a fresh start; of faulty ones whatever could be read, with a word about it."""
    read = here.read
    if read.settings is not None:
        return read.settings
    if not read.files:
        if here.config or os.environ.get("FEEDWITNESS_CONFIG"):
            return here.settings()
        return read.draft
    found = out.counted(len(read.mistakes), "mistake")
    out.note(f"the settings have {found}, `feedwitness check` lists them; what can be read of them is used")
    return read.draft


def known_feeds(settings: "Settings") -> "Known":
    """The feeds that have an id, in the settings or as they ship."""
    from aggregator.finding.names import Known, same
    from config import catalogue

    return Known(
        used={same(feed.url): feed.id for feed in settings.feeds.values() if feed.url},
        shipped={same(url): (name, file) for name, (url, file) in catalogue.feeds().items()},
        former={*settings.feeds, *(old for feed in settings.feeds.values() for old in feed.formerly)},
    )
