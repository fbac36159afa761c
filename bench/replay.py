"""Replays real feed histories (FEEDWITNESS_CORPUS/history) through parsing and deciding, and prints what was decided.

usage: python -m bench.replay [HISTORY …] [--pages missing|standing] [--edits] [--withdrawals]

Each history is played with the times of its index as the clock. Its distances are hours, those of a watcher minutes, so
each document is confirmed as often as `every` fits before the next one (at most four times).
"""

import argparse
import csv
import difflib
import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import ParsedEntry, ParsedFeed, ParseFailed
from bench import verdicts
from bench.differences import place_of
from bench.watcher import Watcher, every_page_is_missing, every_page_stands
from store.events import (
    FeedGap,
    FeedId,
    FeedReissued,
    ItemAbsent,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

CORPUS = Path(os.environ.get("FEEDWITNESS_CORPUS", Path(__file__).parents[2] / "shared" / "corpus"))
EVERY = timedelta(minutes=30)
CONFIRMATIONS = 4


@dataclass
class Snapshot:
    """A document, the number of its row in the index, and the time of that row."""

    feed: str
    number: int
    at: datetime
    document: ParsedFeed | ParseFailed


@dataclass
class Report:
    """What one history gave."""

    name: str
    polls: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    edits: list[str] = field(default_factory=list)
    withdrawals: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    """By place, as the labels name it: "" for an edit of words that was told, else why it was held."""
    withdrawn: list[str] = field(default_factory=list)
    """The feed and the entry, as in a place."""


def replay(name: str, *, missing: bool) -> Report:
    report = Report(name)
    watchers: dict[str, Watcher] = {}
    names: dict[ItemId, str] = {}
    snapshots = sorted(read(name), key=lambda s: s.at)
    nexts = _next_times(snapshots)
    for index, snapshot in enumerate(snapshots):
        profile = FeedProfile(FeedId(f"f-{snapshot.feed}"), f"https://example.org/{snapshot.feed}", EVERY)
        watcher = watchers.setdefault(
            snapshot.feed, Watcher(profile, every_page_is_missing if missing else every_page_stands)
        )
        report.polls += 1
        if isinstance(snapshot.document, ParseFailed):
            report.failed[snapshot.document.reason] += 1
            continue
        for at in _times(snapshot.at, nexts[index]):
            before = len(watcher.refused)
            events = watcher.poll(snapshot.document, at)
            if at == snapshot.at and len(watcher.refused) > before:
                report.failed[watcher.refused[-1]] += 1
            _note(report, watcher, events, at)
            names |= _names(snapshot, watcher)
            _place(report, snapshot, names, events)
    return report


def _names(snapshot: Snapshot, watcher: Watcher) -> dict[ItemId, str]:
    """The digest of the id (else the link) of each entry listed, by its item."""
    assert isinstance(snapshot.document, ParsedFeed)
    alike = {
        (entry.guid, entry.link, entry.title, entry.text, entry.published, entry.updated): entry
        for entry in reversed(snapshot.document.entries)
    }
    entries = list(alike.values())[::-1]
    if len(entries) != len(watcher.memory.window):
        return {}
    return {
        listed.item: place_of(entry.guid or entry.link)
        for listed, entry in zip(watcher.memory.window, entries, strict=True)
    }


def _place(report: Report, snapshot: Snapshot, names: Mapping[ItemId, str], events: Sequence[object]) -> None:
    for event in events:
        if isinstance(event, ItemRevised) and event.kind in ("wording", "title"):
            report.found[f"{snapshot.feed}:{snapshot.number}:{names[event.item]}"] = event.hold
        elif isinstance(event, ItemWithdrawn):
            report.withdrawn.append(f"{snapshot.feed}:{names[event.item]}")


def _next_times(snapshots: list[Snapshot]) -> list[datetime | None]:
    later: dict[str, datetime] = {}
    out: list[datetime | None] = []
    for snapshot in reversed(snapshots):
        out.append(later.get(snapshot.feed))
        later[snapshot.feed] = snapshot.at
    return out[::-1]


def _times(at: datetime, until: datetime | None) -> Iterator[datetime]:
    """The document's own time, and up to four polls after it that still show it."""
    yield at
    gap = (until or at + timedelta(days=1)) - at
    step = max(EVERY, gap / (CONFIRMATIONS + 1))
    for n in range(1, CONFIRMATIONS + 1):
        if n * step < gap:
            yield at + n * step


def _note(report: Report, watcher: Watcher, events: list[object], at: datetime) -> None:
    for event in events:
        held = getattr(event, "hold", "")
        match event:
            case ItemPublished():
                report.counts["baseline" if event.baseline else "published"] += 1
                for flag in ("backdated", "surfaced"):
                    report.counts[flag] += getattr(event, flag)
            case ItemRevised():
                report.counts[f"edit:{event.kind}"] += 1
                if event.kind in ("wording", "title", "punctuation", "metadata"):
                    report.edits.append(_edit(watcher, event, at))
            case ItemAbsent() | ItemDelisted() | ItemWithdrawn() | ItemRestored() | ItemRekeyed():
                name = type(event).__name__.removeprefix("Item").lower()
                report.counts[name] += 1
                title = watcher.texts[watcher.items[event.item].content.title]
                detail = getattr(event, "evidence", "") or getattr(event, "reason", "") or getattr(event, "was", "")
                report.withdrawals.append(f"{at:%m-%d %H:%M} {name:9} {event.feed} {title[:60]!r} {detail}")
            case FeedReissued():
                report.counts["reissued"] += 1
                report.withdrawals.append(f"{at:%m-%d %H:%M} reissued {event}")
            case FeedGap():
                report.counts["gap"] += 1
                report.withdrawals.append(f"{at:%m-%d %H:%M} gap {event}")
        if held and held != "first-fetch":
            report.counts[f"held:{held}"] += 1


def _edit(watcher: Watcher, event: ItemRevised, at: datetime) -> str:
    before = watcher.versions[event.item][event.from_version - 1].content
    what = f"{event.kind} {'/'.join(event.fields)} {','.join(event.flags)}"
    lines = [f"{at:%m-%d %H:%M} {event.feed} {what} v{event.to_version} = v{event.reverts_to} hold={event.hold or '-'}"]
    for digest_before, digest_after in ((before.title, event.content.title), (before.text, event.content.text)):
        old, new = watcher.texts[digest_before], watcher.texts[digest_after]
        if old != new:
            lines.append("    " + _word_diff(old, new))
    if event.kind == "metadata":
        lines.append(f"    {watcher.texts[before.about]} -> {watcher.texts[event.content.about]}")
    return "\n".join(lines)


def _word_diff(old: str, new: str, width: int = 220) -> str:
    a, b = re.findall(r"\S+", old), re.findall(r"\S+", new)
    parts = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            parts.append(f"[-{' '.join(a[i:j])[:80]}-][+{' '.join(b[k:m])[:80]}+]")
    return " ".join(parts)[:width]


def read(name: str) -> Iterator[Snapshot]:
    """The snapshots of one history."""
    folder = CORPUS / "history" / name
    with (folder / "index.tsv").open() as rows:
        index = list(csv.DictReader(rows, delimiter="\t"))
    with tarfile.open(folder / f"{name}.tar.gz") as tar:
        for row in index:
            stream = tar.extractfile(f"{name}/{row['file']}")
            assert stream is not None
            body = stream.read()
            at = datetime.fromisoformat(row["committed_at"]).astimezone(UTC)
            if row["file"].endswith(".json"):
                yield from _from_json(body, int(row["n"]), at)
            else:
                yield Snapshot(row.get("feed") or name, int(row["n"]), at, _parse(body))


def _from_json(body: bytes, number: int, at: datetime) -> Iterator[Snapshot]:
    """Items of several feeds in one document, as an aggregator stored them."""
    entries: dict[str, list[ParsedEntry]] = {}
    for item in json.loads(body)["items"]:
        when = datetime.fromisoformat(item["date"]).astimezone(UTC) if item.get("date") else None
        entries.setdefault(item["source_id"], []).append(
            ParsedEntry(
                "", item["link"], item["title"], item["summary"], "", "", (), "", item.get("date", ""), "", when, None
            )
        )
    for feed, listed in entries.items():
        yield Snapshot(
            feed,
            number,
            at,
            ParsedFeed("json", feed, "", "", tuple(listed), (), well_formed=True, problem="", parser="replay/1"),
        )


def _parse(body: bytes) -> ParsedFeed | ParseFailed:
    from aggregator.parse.feed import parse

    return parse(body, "application/xml", "https://example.org/feed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("history", nargs="*")
    parser.add_argument("--pages", choices=("missing", "standing"), default="missing")
    parser.add_argument("--edits", action="store_true")
    parser.add_argument("--withdrawals", action="store_true")
    parser.add_argument(
        "--labels", action="store_true", help="the table against the labels, in the world of false 404s"
    )
    args = parser.parse_args()
    names = args.history or sorted(p.name for p in (CORPUS / "history").iterdir() if p.is_dir())
    if args.labels:
        print(verdicts.table([verdicts.judge(replay(name, missing=True)) for name in names]))
        return
    for name in names:
        report = replay(name, missing=args.pages == "missing")
        counts = ", ".join(f"{k} {v}" for k, v in sorted(report.counts.items()) if v)
        print(f"{name}: polls {report.polls}, failed {dict(report.failed)}, {counts}")
        for line in (report.edits if args.edits else []) + (report.withdrawals if args.withdrawals else []):
            print("  " + line)


if __name__ == "__main__":
    main()
