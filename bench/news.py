"""A poll that brings something: CPU time from asking to the alert in the outbox, beside bare feedparser and a peer.

The program as the daemon builds it, over a real store, in this process with its parser children; the site stands in
another. Each figure is the median over feeds, one poll at a time, so that every poll pays for a commit of its own.
"""

import asyncio
import io
import os
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import feedparser

from aggregator.settings import load
from aggregator.wiring import Program, build
from bench import peers, site
from bench.documents import ENTRIES, feed
from bench.process import children, fine_cpu_ms, settings
from bench.result import Result
from store.database import open_store
from store.events import FeedId

FEEDS = 180
"""More than the parser children remember the entries of (`aggregator.parse.reuse`)."""
FEW = 30
ROUNDS = 4
BUDGET_MS = 14.0
FIRST_FETCH_RATIO = 1.3
BARE_EACH = 4
"""After so many first fetches bare feedparser has its turn, so that both meet the same machine."""


def run() -> list[Result]:
    """Milliseconds of CPU for one poll."""
    warnings.simplefilter("ignore")
    with site.apart() as port:
        ours = asyncio.run(_measure(port))
        theirs = peers.reader("news", port, 60)
    bare, lean = ours["bare"], ours["lean"]
    size = f"{ENTRIES} entries, {len(feed(1)) / 1000:.0f} kB"
    return [
        Result("bare feedparser, whole document", bare, "ms CPU", note=size, peer=True),
        Result("bare feedparser, sanitising and URL resolving off", lean, "ms CPU", peer=True),
        Result("poll with 1 new of 31 entries, to the alert in the outbox", ours["known"], "ms CPU", BUDGET_MS),
        Result(
            "the same, where the parser has forgotten the other 30", ours["forgotten"], "ms CPU", BUDGET_MS,
            f"{FEEDS} changed feeds in turn",
        ),
        Result("first fetch, recorded", ours["first"], "ms CPU", None, size),
        Result("first fetch to bare feedparser", ours["first"] / bare, "times", FIRST_FETCH_RATIO),
        Result("first fetch to feedparser with both off", ours["first"] / lean, "times", None),
        *theirs,
    ]  # fmt: skip


async def _measure(port: int) -> dict[str, float]:
    feeds = [FeedId(f"f{number}") for number in range(FEEDS)]
    with tempfile.TemporaryDirectory() as folder:
        urls = {name: site.url(port, "news", number) for number, name in enumerate(feeds)}
        config = settings(Path(folder), urls, every="10m")
        loaded = load(str(config), os.environ, Path.cwd())
        with open_store(f"sqlite:///{folder}/feedwitness.db", migrate=True) as store:
            before = set(children(os.getpid()))
            async with build(loaded, store) as program:
                await program.start()
                poll = _Poll(program, before)
                await asyncio.gather(*(program.carrier.look(name) for name in feeds[:2]))  # children start
                spent: dict[str, list[float]] = {"first": [], "bare": [], "lean": []}
                for number, name in enumerate(feeds[2:]):
                    spent["first"].append(await poll.cost(name, react=False))
                    if number % BARE_EACH == 0:
                        spent["bare"].append(_bare(number))
                        spent["lean"].append(_bare(number, sanitize_html=False, resolve_relative_uris=False))
                program.reactor.run_once(limit=100_000)
                spent["forgotten"] = [await poll.cost(name) for name in feeds]
                spent["known"] = [await poll.cost(name) for _ in range(ROUNDS) for name in feeds[:FEW]][FEW:]
                with store.views() as views:
                    alerts = len(views.deliveries(state="pending"))
    if alerts != FEEDS + FEW * ROUNDS:
        raise RuntimeError(f"{alerts} alerts wait in the outbox where {FEEDS + FEW * ROUNDS} should")
    return {name: statistics.median(costs) for name, costs in spent.items()}


class _Poll:
    """One poll at a time, and what it costs."""

    def __init__(self, program: Program, strangers: set[int]) -> None:
        self._program = program
        self._strangers = strangers

    async def cost(self, name: FeedId, *, react: bool = True) -> float:
        began = self._spent()
        await self._program.carrier.look(name)
        if react:
            self._program.reactor.run_once()
        return self._spent() - began

    def _spent(self) -> float:
        parsers = [pid for pid in children(os.getpid()) if pid not in self._strangers]
        return time.process_time() * 1000 + fine_cpu_ms(parsers)


def _bare(number: int, **flags: bool) -> float:
    began = time.process_time()
    feedparser.parse(io.BytesIO(feed(number)), **flags)
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    for result in run():
        print(result)
