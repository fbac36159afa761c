"""A feed that is not in the settings yet, as the TOML table that puts it there. Pure.

What comes from outside (titles, comments) is cleaned when a table is written: the text is valid TOML whatever it
holds, shows the same on every terminal, and `feedwitness check` takes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.plain import one_line
from config.addresses import web_url
from config.values import spelled

LONGEST_TITLE = 200
_KEPT_MARKS = "\u200b\u200c\u200d\u200e\u200f"
"""Marks that show nothing and belong to the spelling of Persian, Hindi or Arabic words."""


@dataclass(frozen=True, slots=True)
class ListedFeed:
    """One feed. `every` None: as [fetch] says. `remarks` stand above the table, a comment each."""

    id: str
    url: str
    title: str = ""
    language: str = ""
    every: timedelta | None = None
    tags: tuple[str, ...] = ()
    enabled: bool = True
    remarks: Sequence[str] = field(default=())

    def as_toml(self) -> str:
        """The table, comments first."""
        keys = [f"url = {quoted(self.url)}"]
        if title := clean_title(self.title):
            keys.append(f"title = {quoted(title)}")
        if self.language:
            keys.append(f"language = {quoted(self.language)}")
        if self.every:
            keys.append(f"every = {quoted(spelled(self.every))}")
        if self.tags:
            keys.append(f"tags = [{', '.join(map(quoted, self.tags))}]")
        if not self.enabled:
            keys.append("enabled = false")
        remarks = [f"# {_visible(one_line(remark))}" for remark in self.remarks]
        return "\n".join([*remarks, f"[feeds.{self.id}]", *keys, ""])


def as_toml(feeds: Iterable[ListedFeed]) -> str:
    """The tables, a blank line between two."""
    return "\n".join(feed.as_toml() for feed in feeds)


def clean_title(title: str) -> str:
    """A title on one line, not too long, without characters that settings refuse."""
    return _visible(one_line(title, LONGEST_TITLE))


def quoted(text: str) -> str:
    """A TOML basic string; what shows nothing is written as an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(mark if _shows(mark) else f"\\U{ord(mark):08X}" for mark in escaped) + '"'


def usable(url: str) -> str:
    """Why this cannot be a feed's address, "" if it can."""
    try:
        web_url(url)
    except ValueError as error:
        return one_line(str(error))
    return "" if url.isprintable() else "holds characters that do not show"


def _visible(text: str) -> str:
    return "".join(mark for mark in text if _shows(mark))


def _shows(mark: str) -> bool:
    return mark.isprintable() or mark in _KEPT_MARKS
