"""A daemon with 10,000 feeds: memory once all of them were fetched and read, and how long it takes to be ready.

Started twice: with an empty store, and with one that knows every feed. The commands that only look are timed beside.
"""

import tempfile
import time
from pathlib import Path

from bench import site
from bench.process import cpu_ms, daemon, rss_mb, seconds_of, settings
from bench.result import Result

FEEDS = 10_000
RSS_MB, START_SECONDS, HELP_SECONDS = 250.0, 3.0, 0.3
PATIENCE_SECONDS = 330
FURTHER_SECONDS = 5


def run(feeds: int = FEEDS) -> list[Result]:
    """Megabytes (10^6 bytes) and seconds."""
    with site.apart() as port, tempfile.TemporaryDirectory() as folder:
        urls = {f"f{number}": site.url(port, "same", number) for number in range(feeds)}
        config = settings(Path(folder), urls, every="10m", match="earthquake OR flood*")
        with daemon(config) as running:
            first = running.start
            seconds = _until_polled(port, feeds)
            rss, spent = rss_mb(running.pid), cpu_ms(running.pid) / feeds
        with daemon(config) as running:
            again = running.start
        items = seconds_of("--config", str(config), "items", "--feed", "f1", "--json", rounds=3)
    what = f"{feeds:,} feeds at {site.HOSTS} hosts"
    return [
        Result(f"daemon with {feeds:,} feeds, RSS with children", rss, "MB", RSS_MB, f"all polled, in {seconds:.0f} s"),
        Result(f"daemon with {feeds:,} feeds, first start to /readyz", first, "s wall", START_SECONDS, what),
        Result(f"daemon with {feeds:,} feeds, later start to /readyz", again, "s wall", START_SECONDS, what),
        Result("first fetch of a small feed in that daemon", spent, "ms CPU", None, f"{site.ENTRIES_OF_SAME} entries"),
        Result("feedwitness --help", seconds_of("--help"), "s wall", HELP_SECONDS, "best of 5"),
        Result("feedwitness items --json", items, "s wall", None, f"one feed, settings with {feeds:,}"),
    ]


def _until_polled(port: int, feeds: int) -> float:
    began = time.monotonic()
    while site.hits(port) < feeds:
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise RuntimeError(f"{site.hits(port)} of {feeds} feeds polled in {PATIENCE_SECONDS} s")
        time.sleep(0.5)
    taken = time.monotonic() - began
    time.sleep(FURTHER_SECONDS)
    return taken


if __name__ == "__main__":
    for result in run():
        print(result)
