"""CPU time of reading one document, ours through the pool (parent and child) beside bare feedparser in the same run."""

import asyncio
import io
import statistics
import time
import warnings
from pathlib import Path

import feedparser

from aggregator.outcome import ParsedFeed
from aggregator.parse.pool import ParsePool
from bench.documents import ENTRIES, feed
from bench.result import Result

ROUNDS = 60


def run() -> list[Result]:
    """Milliseconds of CPU for one document of 31 entries with about 1.5 KB of HTML each; medians, taken in turns."""
    warnings.simplefilter("ignore")
    return asyncio.run(_measure())


async def _measure() -> list[Result]:
    pool = ParsePool()
    for warm in range(5):
        await _ours(pool, feed(-warm))
    spent: dict[str, list[float]] = {"defaults": [], "bare": [], "polled": [], "new": []}
    for round_ in range(1, ROUNDS + 1):
        document = feed(round_)
        spent["defaults"].append(_bare(document))
        spent["bare"].append(_bare(document, sanitize_html=False, resolve_relative_uris=False))
        spent["polled"].append(await _ours(pool, document))
        spent["new"].append(await _ours(pool, feed(1000 * round_), f"https://ministry.example/{round_}"))
    await pool.close()
    ms = {name: statistics.median(times) * 1000 for name, times in spent.items()}
    return [
        Result("bare feedparser", ms["defaults"], "ms CPU", note=f"{len(feed(1))} bytes, {ENTRIES} entries", peer=True),
        Result("bare feedparser, sanitising and URL resolving off", ms["bare"], "ms CPU", peer=True),
        Result("through the pool, 1 new of 31 entries", ms["polled"], "ms CPU", None, "parent and child"),
        Result("through the pool, first fetch", ms["new"], "ms CPU", None, "parent and child"),
    ]


def _bare(document: bytes, **flags: bool) -> float:
    start = time.process_time()
    feedparser.parse(io.BytesIO(document), **flags)
    return time.process_time() - start


async def _ours(pool: ParsePool, document: bytes, url: str = "https://ministry.example/feed") -> float:
    start = _cpu()
    outcome = await pool.parse(document, "application/rss+xml", url)
    if not isinstance(outcome, ParsedFeed) or len(outcome.entries) != ENTRIES:
        raise RuntimeError(f"the feed of the benchmark is not read: {outcome}")
    return _cpu() - start


def _cpu() -> float:
    """Seconds of CPU of this process and its children."""
    own = time.process_time()
    pids = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
    return own + sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9
