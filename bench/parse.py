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
from bench.result import Result

ENTRIES = 31
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
        Result(
            "parse: bare feedparser, defaults", ms["defaults"], "ms", note=f"{len(feed(1))} bytes, {ENTRIES} entries"
        ),
        Result("parse: bare feedparser, sanitising and resolving off", ms["bare"], "ms"),
        Result("parse: ours through the pool, 1 new of 31 entries", ms["polled"], "ms", 14.0, "parent and child"),
        Result("parse: ours through the pool, first fetch", ms["new"], "ms", 1.3 * ms["bare"], "parent and child"),
    ]


def feed(newest: int) -> bytes:
    """An RSS 2.0 document whose first entry has the number `newest`."""
    items = "".join(_item(number) for number in range(newest, newest - ENTRIES, -1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        "<title>Ministry</title><link>https://ministry.example/</link><language>en-GB</language>"
        '<atom:link href="https://ministry.example/feed" rel="self" type="application/rss+xml"/>'
        f"{items}</channel></rss>"
    ).encode()


def _item(number: int) -> str:
    paragraph = (
        f'<p class="lead">The delegation of <a href="https://ministry.example/country/{number}?utm_source=rss">country'
        f" {number}</a> met the <strong>special envoy</strong> to discuss the “two-state” question &amp; the aid"
        " convoys; both sides agreed to keep talking. Ceasefire monitors reported no change along the"
        " line&nbsp;of contact.</p>"
    )
    listed = f"<ul><li>First point {number}</li><li>Second <em>point</em></li></ul>"
    listed += f'<img src="/i/{number}.jpg?v=3" alt="x"/>'
    return (
        f"<item><title>Statement {number} on the situation</title><link>https://ministry.example/news/{number}</link>"
        f'<guid isPermaLink="false">https://ministry.example/?p={number}</guid><dc:creator>Press office</dc:creator>'
        f"<category>Statements</category><category>Security</category>"
        f"<pubDate>Sat, 21 Nov 2026 {abs(number) // 60 % 24:02}:{abs(number) % 60:02}:00 +0000</pubDate>"
        f"<description>Both sides agreed to keep talking ({number}).</description>"
        f"<content:encoded><![CDATA[{paragraph * 3}{listed}]]></content:encoded></item>"
    )


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
