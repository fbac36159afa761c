"""What the user names on the command line, found in the store; `Failure` 2 says where the names are listed."""

import getpass
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from aggregator.cli import out
from aggregator.cli.context import Failure
from store.events import AlertId, ItemId

if TYPE_CHECKING:
    from config.model import Settings
    from store.ports import AlertRow, ItemRow, Views

SHORTEST = 4
"""Characters from which the beginning of an id is taken for it."""


def find_alert(views: "Views", wanted: str) -> "AlertRow":
    """The alert of that id, or the only one whose id, or a delivery's, begins like that."""
    if exact := views.alerts(alert=AlertId(wanted)):
        return exact[0]
    begun = views.alerts(beginning=wanted) if len(wanted) >= SHORTEST else []
    if len(begun) != 1:
        problem = f"{len(begun)} alerts begin with" if begun else "no alert"
        raise Failure(f"{problem} {out.line(wanted)}: `feedwitness alerts` lists the ids", 2)
    return begun[0]


def find_item(views: "Views", wanted: str) -> "ItemRow":
    """The item of that id, or the only one whose id, or the part of it after the slash, begins like that."""
    from store.ports import ItemFilter

    named = ItemId(wanted)
    if named not in views.tx.items.get([named]):
        begun = views.items_begun(wanted, most=2) if len(wanted) >= SHORTEST else []
        if len(begun) != 1:
            problem = "more than one item begins with" if begun else "no item"
            raise Failure(f"{problem} {out.line(wanted)}: `feedwitness items` lists the ids", 2)
        named = begun[0]
    return next(views.items(ItemFilter(item=named), texts=True))


def no_feed(wanted: str, settings: "Settings") -> str:
    """What to say of a feed's id that nobody knows: the nearest one of the settings."""
    from config.values import nearest

    return f"no feed {out.line(wanted)}{nearest(wanted, settings.feeds) or ':'} `feedwitness feeds` lists them"


def age_of(since: str) -> timedelta:
    """How far back `--since` looks."""
    from config.values import positive_duration

    try:
        return positive_duration(since, example="7d")
    except ValueError as error:
        raise Failure(f"--since: {error}", 2) from error


def account() -> str:
    """The name of the account that this command runs under; its number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
