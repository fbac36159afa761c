"""`python -m bench.catalogue`: writes the tables of docs/catalogue.md from the shipped feed files.

In: config/feeds/*.toml as the program loads them, and their comments, which settings do not keep: what stands right
above a table is its remark, what stands beside `enabled = false` is why it is off. Out: one section a file. The page's
own words stand before and after the marks. `tests/core/test_shipped_feeds.py` holds the page to the files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from config import catalogue
from config.load import load
from config.model import FeedSettings

PAGE = Path(__file__).parent.parent / "docs" / "catalogue.md"
BEGIN, END = "<!-- made by `python -m bench.catalogue` from here -->\n", "<!-- to here -->\n"
_TABLE = re.compile(r"\[feeds\.([a-z0-9-]+)\]")
_OFF = re.compile(r"enabled = false +# (.+)")


@dataclass(frozen=True, slots=True)
class Shipped:
    """One shipped feed. `remark`: what is known of it; `why_off`: "" where it is on, or says nothing of it."""

    feed: FeedSettings
    remark: str
    why_off: str


def title_of(file: str) -> str:
    """What a shipped file says it holds."""
    return catalogue.shipped(file).decode().partition("# ")[2].partition(". `include")[0]


def feeds_of(file: str) -> Iterator[Shipped]:
    """The feeds of one shipped file, such as `feeds/un.toml`, in its order."""
    feeds = load(Path(catalogue.PREFIX + file), {}, Path.cwd()).draft.feeds
    comments: list[str] = []
    remarks: dict[str, str] = {}
    reasons: dict[str, str] = {}
    feed = ""
    for line in catalogue.shipped(file).decode().splitlines():
        if found := _TABLE.fullmatch(line):
            feed = found[1]
            remarks[feed] = " ".join(comments)
        elif found := _OFF.fullmatch(line):
            reasons[feed] = found[1]
        comments = [*comments, line[2:]] if line.startswith("# ") else []
    return (Shipped(each, remarks.get(name, ""), reasons.get(name, "")) for name, each in feeds.items())


def tables() -> str:
    """Everything between the marks."""
    return "\n".join(_section(file) for file in catalogue.matching("feeds/*.toml"))


def _section(file: str) -> str:
    head = f'### {title_of(file)}\n\n`include = ["{catalogue.PREFIX}{file}"]`\n\n'
    columns = "| id | feed | language | every | watched | what is known |\n|---|---|---|---|---|---|\n"
    return head + columns + "".join(_row(each) for each in feeds_of(file))


def _row(shipped: Shipped) -> str:
    feed = shipped.feed
    watched = "yes" if feed.enabled else f"no: {shipped.why_off}"
    cells = (f"`{feed.id}`", f"[{feed.title}]({feed.url})", feed.language, _short(feed.every), watched, shipped.remark)
    return f"| {' | '.join(cells)} |\n"


def _short(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def written(page: str) -> str:
    """The page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
