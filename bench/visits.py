"""CPU time of visiting the page behind an item, child and store included: read first, unchanged (304), and edited.

The pages have some 44 KB, as those of ministries have: menus, a statement of 30 paragraphs, related links. They are
fetched, read in the child, compared and recorded one after the other; the server runs in another process.
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

from aggregator.deciding.normalise import FeedProfile
from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.manners import Manners
from aggregator.outcome import FetchRequest
from aggregator.page.pool import PagePool
from aggregator.page.visiting import Paged, Visiting
from bench import site
from bench.documents import page
from bench.process import cpu_ms
from bench.result import Result
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.events import About, CaptureDigest, Content, FeedId, ItemId, ItemPublished, feed_stream
from store.ports import Transaction, Visit

VISITS = 200
FEED = FeedId("ministry")
NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)


def run() -> list[Result]:
    """A first reading, an unchanged page, and an edited one."""
    with site.apart() as port, TemporaryDirectory() as folder:
        first, same = asyncio.run(_measure(Path(folder) / "same.db", port, "page"))
        _, edited = asyncio.run(_measure(Path(folder) / "edited.db", port, "edited"))
    note = f"parent, child and store, {VISITS} pages one after the other"
    return [
        Result("page read for the first time", first, "ms CPU per visit", note=note),
        Result("page unchanged (304)", same, "ms CPU per visit"),
        Result("page edited by a word", edited, "ms CPU per visit"),
    ]


async def _measure(path: Path, port: int, kind: str) -> tuple[float, float]:
    """Milliseconds of CPU of a first and of a second visit to each of these pages."""
    day = timedelta(days=1)
    profile = FeedProfile(FEED, "http://127.0.0.1/", timedelta(minutes=10), page="fulltext", revisit=(day,))
    request = FetchRequest(profile.url, timedelta(seconds=30), 10_000_000, "bench")
    reader = PagePool()
    with open_store(f"sqlite:///{path}", migrate=True) as store:
        _publish(store, port, kind)
        async with Fetcher([ip_network("127.0.0.0/8")]) as fetcher:
            manners = Manners(fetcher, Etiquette(64, 64), now=lambda: NOW)
            visiting = Visiting(
                store, manners, reader, {FEED: Paged(profile, request)},
                now=lambda: NOW, lost=lambda: False, per_host=10_000,
            )  # fmt: skip
            try:
                await reader.extract(page(0, 0), "text/html", "")  # the child starts
                costs = []
                for expected in ("completed", "same" if kind == "page" else "edited"):
                    began = cpu_ms(os.getpid())
                    for visit in _visits(store):
                        assert (await visiting.look(visit, Paged(profile, request))).outcome == expected
                    costs.append((cpu_ms(os.getpid()) - began) / VISITS)
            finally:
                await reader.close()
    return costs[0], costs[1]


def _visits(store: SqlStore) -> list[Visit]:
    with store.read() as tx:
        return list(tx.visits.of(FEED))


def _publish(store: SqlStore, port: int, kind: str) -> None:
    def job(tx: Transaction) -> None:
        for number in range(VISITS):
            item, url = ItemId(f"{FEED}/{number:016d}"), site.url(port, kind, number)
            said = (f"Statement {number} on the situation", "Both sides agreed.", about_to_text(About("", (), url)))
            content = Content(*(tx.texts.put(item, text) for text in said), "", "en", "", "", None, None)
            published = ItemPublished(
                item, FEED, (), content, baseline=False, backdated=False, surfaced=False, hold="",
                capture=CaptureDigest(""), parser="bench",
            )  # fmt: skip
            tx.log.append(feed_stream(FEED), [published], now=NOW)
            tx.visits.save([Visit(item, FEED, url, url, "127.0.0.1", NOW, NOW)])

    store.write(job).result()


if __name__ == "__main__":
    for result in run():
        print(result)
