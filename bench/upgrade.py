"""Replays the real feed histories with our own parser exchanged half way for one that reads every text otherwise.

usage: python -m bench.upgrade [HISTORY …]

Each history is played twice to a watcher: by one parser all along, and with another one from the middle on. The second
life may hold `item.reextracted` where the first one holds nothing; whatever else differs is printed, and is a fault: an
upgrade of ours that was taken for news, or an edit of theirs that got lost in it. Old documents are all at hand, as
they are to a daemon for as long as `keep_raw` says.
"""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import ParsedFeed, ParseFailed
from bench.replay import CORPUS, EVERY, Snapshot, read
from bench.watcher import Watcher, capture_at
from store.events import Event, FeedId, ItemReextracted

Life = list[tuple[str, ...]]


def otherwise(document: ParsedFeed) -> ParsedFeed:
    """The document as a newer parser reads it: it takes quotation marks for others and sees a sign behind each text."""
    entries = tuple(
        replace(entry, title=entry.title.replace('"', "'"), text=f"{entry.text.replace('–', '-')} ¶")
        for entry in document.entries
    )
    return replace(document, parser=f"{document.parser} newer", entries=entries)


def lives(snapshots: Sequence[Snapshot], read_from: int) -> tuple[dict[str, Life], Counter[str]]:
    """What each feed's life holds but for what was put right, and how often something was. From the snapshot with that
    number on, documents are read otherwise.
    """
    watchers: dict[str, Watcher] = {}
    told: dict[str, Life] = {}
    counts: Counter[str] = Counter()
    for index, snapshot in enumerate(snapshots):
        if isinstance(snapshot.document, ParseFailed):
            continue
        profile = FeedProfile(FeedId(f"f-{snapshot.feed}"), f"https://example.org/{snapshot.feed}", EVERY)
        watcher = watchers.setdefault(snapshot.feed, Watcher(profile, anew={}))
        document = otherwise(snapshot.document) if index >= read_from else snapshot.document
        events = watcher.poll(document, snapshot.at)
        watcher.anew = {**watcher.anew, capture_at(snapshot.at): otherwise(snapshot.document)}
        counts["documents"] += 1
        counts["put right"] += sum(isinstance(event, ItemReextracted) for event in events)
        told.setdefault(snapshot.feed, []).extend(
            _row(event, index) for event in events if not isinstance(event, ItemReextracted)
        )
    return told, counts


def _row(event: Event, index: int) -> tuple[str, ...]:
    said = (getattr(event, name, "") for name in ("item", "kind", "hold", "fields", "reason"))
    return (str(index), event.KIND, *map(str, said))


def main(names: Sequence[str], say: Callable[[str], None] = print) -> int:
    """Play them; how many events differ."""
    differing = 0
    for name in names:
        snapshots = sorted(read(name), key=lambda snapshot: snapshot.at)
        plain, _ = lives(snapshots, len(snapshots))
        switched, counts = lives(snapshots, len(snapshots) // 2)
        lost = sum((Counter(plain[feed]) - Counter(switched[feed]) for feed in plain), Counter[tuple[str, ...]]())
        made = sum((Counter(switched[feed]) - Counter(plain[feed]) for feed in plain), Counter[tuple[str, ...]]())
        events = sum(map(len, plain.values()))
        say(f"{name}: {counts['documents']} documents, {events} events, {counts['put right']} put right;"
            f" {len(lost)} lost, {len(made)} made up")  # fmt: skip
        for sign, rows in (("-", lost), ("+", made)):
            for row in rows:
                say(f"  {sign} {' '.join(row)}")
        differing += len(lost) + len(made)
    return differing


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("history", nargs="*")
    chosen = parser.parse_args().history
    os.nice(5)
    every = sorted(place.name for place in (CORPUS / "history").iterdir() if place.is_dir())
    raise SystemExit(1 if main(chosen or every) else 0)
