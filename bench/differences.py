"""What differs between the documents of real feed histories, found without any code of ours: the ground of the labels.

usage: python -m bench.differences [HISTORY …]

An entry is its id (else its link), its words are its tags stripped by a regular expression, a document is good if bare
feedparser finds entries in it. Each listed entry is held against what it said when it was last listed. In come the raw
documents of a history, out come `Difference`s; nothing here knows of our parser, identities or rules.
"""

import csv
import html
import io
import json
import os
import re
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path

import feedparser

CORPUS = Path(os.environ.get("FEEDWITNESS_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as one document shows it. `dates`: what it claims, as given."""

    name: str
    link: str
    title: str
    text: str
    dates: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Good:
    """A good document: the number of its row in the index, and its entries in order."""

    feed: str
    number: int
    at: datetime
    entries: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that says something else than when it was last listed. `adjacent`: in the good document before this one.

    `renamed`: it came under another id, with the link of one that is no longer listed, or else the title of one that
    left. `returns`: it said this before.
    """

    history: str
    feed: str
    before: int
    after: int
    old: Listed
    new: Listed
    adjacent: bool
    renamed: bool
    returns: bool

    @property
    def place(self) -> str:
        """Where it is: the same in every run."""
        return f"{self.feed}:{self.after}:{place_of(self.new.name)}"


def place_of(name: str) -> str:
    """A short digest of an entry's id or link."""
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def histories() -> list[str]:
    """The names of all histories at hand."""
    return sorted(path.name for path in (CORPUS / "history").iterdir() if path.is_dir())


def differences(history: str) -> tuple[list[Difference], int]:
    """All differences of a history in the order of time, and how many entries were compared."""
    found: list[Difference] = []
    compared = 0
    last: dict[str, Good] = {}
    said: set[tuple[str, str, str, str]] = set()
    known: dict[tuple[str, str], tuple[int, Listed]] = {}
    for good in sorted(documents(history), key=lambda each: each.at):
        before = last.get(good.feed)
        names = {entry.name for entry in good.entries}
        left = [entry for entry in before.entries if entry.name not in names] if before else []
        gone = [each for (feed, name), each in known.items() if feed == good.feed and name not in names]
        for entry in good.entries:
            number, old = known.get((good.feed, entry.name), (0, None))
            renamed = False
            if old is None and before:
                same = [each for each in gone if each[1].link and each[1].link == entry.link]
                same = same or [(before.number, each) for each in left if each.title and each.title == entry.title]
                renamed = len(same) == 1
                number, old = same[0] if renamed else (0, None)
            known[good.feed, entry.name] = (good.number, entry)
            if old is None:
                continue
            compared += 1
            if (old.title, old.text) != (entry.title, entry.text):
                adjacent = before is not None and number == before.number
                returns = (good.feed, entry.name, entry.title, entry.text) in said
                found.append(
                    Difference(history, good.feed, number, good.number, old, entry, adjacent, renamed, returns)
                )
        said |= {(good.feed, entry.name, entry.title, entry.text) for entry in good.entries}
        last[good.feed] = good
    return found, compared


def visible(markup: str | None) -> str:
    """Roughly what a reader sees."""
    text = re.sub(r"(?is)<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", markup or "")
    return " ".join(html.unescape(text).split())


def hunks(old: str, new: str) -> list[tuple[str, str]]:
    """The words that went and those that came, place by place."""
    before, after = old.split(), new.split()
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [(" ".join(before[i:j]), " ".join(after[k:m])) for tag, i, j, k, m in steps if tag != "equal"]


def documents(history: str) -> Iterator[Good]:
    """The good documents of a history, in the order of its index."""
    folder = CORPUS / "history" / history
    with (folder / "index.tsv").open(encoding="utf-8") as rows:
        index = list(csv.DictReader(rows, delimiter="\t"))
    with tarfile.open(folder / f"{history}.tar.gz") as tar:
        for row in index:
            member = tar.extractfile(f"{history}/{row['file']}")
            body = member.read() if member else b""
            at = datetime.fromisoformat(row["committed_at"]).astimezone(UTC)
            for feed, entries in _read(row.get("feed") or history, row["file"], body):
                if entries:
                    yield Good(feed, int(row["n"]), at, tuple(_distinct(entries)))


def _read(feed: str, file: str, body: bytes) -> Iterator[tuple[str, list[Listed]]]:
    if file.endswith(".json"):
        by_source: dict[str, list[Listed]] = {}
        for item in json.loads(body)["items"]:
            listed = Listed(
                item["link"], item["link"], visible(item["title"]), visible(item["summary"]), (item["date"] or "", "")
            )
            by_source.setdefault(item["source_id"], []).append(listed)
        yield from by_source.items()
        return
    parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    yield (
        feed,
        [
            Listed(
                entry.get("id") or entry.get("link") or entry.get("title") or "",
                entry.get("link") or "",
                visible(entry.get("title")),
                visible((entry.get("content") or [{}])[0].get("value") or entry.get("summary")),
                (dict.get(entry, "published") or "", dict.get(entry, "updated") or ""),
            )
            for entry in parsed.entries
        ],
    )


def _distinct(entries: list[Listed]) -> list[Listed]:
    """Each name once: of entries that share one only the first is compared."""
    return list({entry.name: entry for entry in reversed(entries)}.values())[::-1]


def main() -> None:
    """Print every difference for reading."""
    for history in sys.argv[1:] or histories():
        found, compared = differences(history)
        print(f"{history}: {compared} comparisons, {len(found)} differences")
        for each in found:
            flags = f"{'' if each.adjacent else ' away'}{' renamed' if each.renamed else ''}"
            moved = " dated" if each.old.dates != each.new.dates else ""
            print(f"  {each.place} since {each.before}{flags}{moved} {each.new.title[:70]!r}")
            for gone, come in hunks(f"{each.old.title} ¶ {each.old.text}", f"{each.new.title} ¶ {each.new.text}"):
                print(f"      - {gone[:200]!r}\n      + {come[:200]!r}")


if __name__ == "__main__":
    main()
