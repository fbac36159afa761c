"""Polls that find nothing new: CPU time of a real daemon, beside lemon24/reader doing the same.

1,000 feeds at 50 hosts answer 304. Measured is the daemon's whole process with its children over some rounds of all
feeds: schedule, fetch, state, batched writes, health server, and the loops that turn even when nothing happens.
"""

import tempfile
import time
from pathlib import Path

from aggregator.schedule import FIRST_POLLS_A_SECOND
from bench import peers, site
from bench.process import cpu_ms, daemon, settings
from bench.result import Result

FEEDS = 1_000
EVERY_SECONDS = 10
ROUNDS = 2
BUDGET_MS = 2.0


def run() -> list[Result]:
    """Milliseconds of CPU for one poll."""
    with site.apart() as port, tempfile.TemporaryDirectory() as folder:
        urls = {f"f{number}": site.url(port, "same", number) for number in range(FEEDS)}
        config = settings(Path(folder), urls, every=f"{EVERY_SECONDS}s")
        with daemon(config) as running:
            time.sleep(FEEDS / FIRST_POLLS_A_SECOND + 1)
            hits, spent = site.hits(port), cpu_ms(running.pid)
            time.sleep(ROUNDS * EVERY_SECONDS)
            polls, spent = site.hits(port) - hits, cpu_ms(running.pid) - spent
        theirs = peers.reader("unchanged", port, 300)
    if polls < 0.9 * ROUNDS * FEEDS:
        raise RuntimeError(f"the daemon made {polls} polls where {ROUNDS * FEEDS} were due")
    ours = Result(
        "unchanged poll (304), all in", spent / polls, "ms CPU", BUDGET_MS,
        f"a daemon with {FEEDS:,} feeds at {site.HOSTS} hosts, {polls:,} polls, {polls / ROUNDS / EVERY_SECONDS:.0f}/s",
    )  # fmt: skip
    return [ours, *theirs]


if __name__ == "__main__":
    for result in run():
        print(result)
