"""Trying rules on the past: a log of 20,000 statements replayed through 100 rules, and through 100 of which 20 differ.

Statements are made from a fixed seed: a title and 200 to 2,000 bytes of text (1.1 KB on average) in five alphabets, one
in fifty edited later, one in five hundred withdrawn, of 200 feeds. Making the store is not in the figures. The log is
read on by its positions, so a longer one costs the same for each statement.
"""

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from alerts.comparison import Comparison
from alerts.replay import replay
from bench.matching import _rules, _vocabulary, _zipf
from bench.result import Result
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.events import (
    About,
    CaptureDigest,
    Content,
    FeedId,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    Key,
    Position,
    RuleDefined,
    feed_stream,
)
from store.ports import Transaction

ITEMS = 20_000
FEEDS = 200
AT_ONCE = 250
RULES = 100
CHANGED = 20
ROUNDS = 3
BUDGET_MICROSECONDS = 200.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CAPTURE = CaptureDigest("sha256:" + "0" * 64)


def run() -> list[Result]:
    chance = random.Random(7)
    vocabulary = _vocabulary(chance)
    present = _rules(random.Random(8), vocabulary, RULES, 300)
    others = _rules(random.Random(9), vocabulary, CHANGED, 300)
    proposed = [*(replace(other, rule=rule.rule) for other, rule in zip(others, present, strict=False)),
                *present[CHANGED:]]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/store.db", migrate=True) as store:
        _fill(store, chance, vocabulary)
        same, fired = _replayed(store, present, present)
        differing, _ = _replayed(store, present, proposed)
    return [
        Result("backtest, 100 rules", same, "us CPU per item", BUDGET_MICROSECONDS,
               f"{1e6 / same:,.0f} items/s, {fired:,} would-be alerts"),
        Result("the same against 100 of which 20 differ", differing, "us CPU per item", None,
               f"{1e6 / differing:,.0f} items/s"),
    ]  # fmt: skip


def _replayed(store: SqlStore, present: Sequence[RuleDefined], proposed: Sequence[RuleDefined]) -> tuple[float, int]:
    """Microseconds of CPU for one statement, the best of several rounds, and how many alerts there would have been."""
    with store.read() as tx:
        head = tx.log.head().position
    best, fired = float("inf"), 0
    for _ in range(ROUNDS):
        started = time.process_time()
        comparison = Comparison(present, proposed)
        pages = replay(store, comparison.rules, {}, Position(0), head)
        fired = sum(1 for page in pages for firings in page.firings for _ in comparison.sided(firings))
        best = min(best, time.process_time() - started)
    return round(best / ITEMS * 1e6, 1), fired


def _fill(store: SqlStore, chance: random.Random, vocabulary: Sequence[str]) -> None:
    words = _zipf(chance, vocabulary, 400_000)
    for first in range(0, ITEMS, AT_ONCE):
        store.write(partial(_document, numbers=range(first, first + AT_ONCE), chance=chance, words=words)).result()


def _document(tx: Transaction, numbers: range, chance: random.Random, words: Sequence[str]) -> None:
    feed = FeedId(f"feed-{numbers.start // AT_ONCE % FEEDS}")
    lives = [event for number in numbers for event in _life(tx, feed, number, chance, words)]
    tx.log.append(feed_stream(feed), lives, now=NOW)


def _life(
    tx: Transaction, feed: FeedId, number: int, chance: random.Random, words: Sequence[str]
) -> Iterator[ItemPublished | ItemRevised | ItemWithdrawn]:
    item = ItemId(f"{feed}/{number:016}")
    yield ItemPublished(
        item=item,
        feed=feed,
        keys=(Key(f"guid:{number}"),),
        content=_content(tx, item, chance, words),
        baseline=False,
        backdated=False,
        surfaced=False,
        hold="",
        capture=CAPTURE,
        parser="bench",
    )
    if number % 50 == 0:
        content, fields = _content(tx, item, chance, words), ("title", "text")
        yield ItemRevised(item, feed, (), content, "wording", (), fields, 1, 2, None, "", CAPTURE, "bench")
    if number % 500 == 0:
        yield ItemWithdrawn(item, feed, "page-gone", NOW, NOW, ())


def _content(tx: Transaction, item: ItemId, chance: random.Random, words: Sequence[str]) -> Content:
    start, size = chance.randrange(len(words) - 500), chance.randint(200, 2_000)
    text = " ".join(words[start : start + 400]).encode()[:size].decode(errors="ignore")
    title = " ".join(words[start + 400 : start + 410])
    about = about_to_text(About("Press Office", ("statements",), f"https://example.org/{item}"))
    digests = [tx.texts.put(item, one) for one in (title, text, about)]
    return Content(*digests, "m", "en", "", "", None, None)
