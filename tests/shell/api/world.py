"""A store with a little of everything in it, and the API over it on loopback, behind the daemon's own door."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aggregator.metrics import Metrics
from aggregator.web.access import Access
from aggregator.web.api.backend import Backend
from aggregator.web.api.build import build
from aggregator.web.app import Application, application
from aggregator.web.health import Pulse, Readiness
from aggregator.web.server import bind, serving
from config.model import FeedSettings, Settings, Topic
from store.codec import about_to_text
from store.database import SqlStore
from store.events import (
    About,
    AlertId,
    AlertRaised,
    CaptureDigest,
    ChannelId,
    Content,
    FeedDegraded,
    FeedId,
    FeedRecovered,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    Key,
    RuleDefined,
    RuleId,
    feed_stream,
    rule_stream,
)
from store.ports import Delivery, Transaction

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
CAPTURE = CaptureDigest("sha256:" + "0" * 64)
TOKEN = "a-secret-token"
MINISTRY, PALACE = FeedId("ministry"), FeedId("palace")


def item_id(feed: FeedId, number: int) -> ItemId:
    return ItemId(f"{feed}/item{number:012d}")


def content(tx: Transaction, item: ItemId, title: str, text: str) -> Content:
    about = about_to_text(About("", (), f"https://example.org/{item}"))
    digests = [tx.texts.put(item, words) for words in (title, text, about)]
    return Content(*digests, "m", "en", "", "", NOON - timedelta(hours=1), None)


def publish(tx: Transaction, item: ItemId, title: str, text: str, at: datetime) -> None:
    feed = FeedId(item.partition("/")[0])
    said = content(tx, item, title, text)
    event = ItemPublished(item, feed, (Key(f"guid:{item}"),), said, False, False, False, "", CAPTURE, "test")
    tx.log.append(feed_stream(feed), [event], now=at)


def revise(tx: Transaction, item: ItemId, title: str, text: str, at: datetime, *, to_version: int = 2) -> None:
    feed = FeedId(item.partition("/")[0])
    said = content(tx, item, title, text)
    event = ItemRevised(
        item, feed, (), said, "wording", ("number",), ("text",), to_version - 1, to_version, None, "", CAPTURE, "test"
    )
    tx.log.append(feed_stream(feed), [event], now=at)


def raise_alert(
    tx: Transaction, rule: str, item: ItemId, number: int, at: datetime, *, state: str, to: str = ""
) -> None:
    alert = AlertId(f"{number:032x}")
    raised = AlertRaised(alert, RuleId(rule), FeedId(item.partition("/")[0]), item, "appeared", tx.log.head().position,
                         1, None, (), (), None)  # fmt: skip
    tx.log.append(rule_stream(RuleId(rule)), [raised], now=at)
    delivery = Delivery(f"{number:031x}d", alert, RuleId(rule), ChannelId("desk" if to else "hook"), to, 0, "appeared",
                        item, b"body", created_at=at)  # fmt: skip
    told = {"pending": "", "dead": f"550 {to} unknown"}[state]
    tx.outbox.enqueue([replace(delivery, state=state, last_answer=told)])  # type: ignore[arg-type]  # of the literal's words


def fill(store: SqlStore) -> None:
    """Two feeds, 25 items, several of one moment; an edit, a withdrawal, a blind spell; two rules, 12 alerts."""

    def write(tx: Transaction) -> None:
        for rule in ("desk", "ops"):
            defined = RuleDefined(
                RuleId(rule), "Syria", {}, None, ("appeared",), (ChannelId("hook"),), "high", "wording"
            )
            tx.log.append(rule_stream(RuleId(rule)), [defined], now=NOON)
        for number in range(20):
            title = "Aid \u2028 for \x1b[31m Syria" if number % 5 == 0 else f"Statement {number}"
            publish(
                tx,
                item_id(MINISTRY, number),
                title,
                "<script>Flour, 12 tonnes</script>",
                NOON + timedelta(hours=number // 7),
            )
        for number in range(5):
            publish(tx, item_id(PALACE, number), f"Decree {number}", "It is so.", NOON + timedelta(hours=1))
        first = item_id(MINISTRY, 0)
        revise(tx, first, "Aid for Syria", "Flour, 120 tonnes", NOON + timedelta(hours=4))
        gone = ItemWithdrawn(item_id(MINISTRY, 3), MINISTRY, "page-gone", NOON, NOON, ("410",))
        blind = FeedDegraded(PALACE, NOON, "http_503", 3)
        seen = FeedRecovered(PALACE, NOON, "http_503")
        tx.log.append(feed_stream(MINISTRY), [gone], now=NOON + timedelta(hours=5))
        tx.log.append(feed_stream(PALACE), [blind, seen], now=NOON + timedelta(hours=5))
        for number in range(12):
            mail = {"to": "desk@example.org", "state": "dead"} if number % 4 == 0 else {"state": "pending"}
            raise_alert(tx, ("desk", "ops")[number % 2], item_id(MINISTRY, number), number + 1,
                        NOON + timedelta(hours=6, minutes=number // 3), **mail)  # fmt: skip

    store.write(write).result()


def settings_of(path: Path) -> Settings:
    feeds = {name: FeedSettings(id=name, url=f"https://{name}.example/feed.xml") for name in (MINISTRY, PALACE)}
    topics = {"aid": Topic(id="aid", any=("Flour", "aid convoy"))}
    return Settings(store={"url": f"sqlite:///{path}"}, feeds=feeds, topics=topics)  # type: ignore[arg-type]  # pydantic reads it


@dataclass
class Api:
    """The API on loopback."""

    store: SqlStore
    port: int

    def ask(
        self, target: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """A whole answer; `headers` with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body=body, headers=sent)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, told

    def get(self, path: str, **asked: Any) -> Any:
        """The JSON of a good answer."""
        status, _, body = self.ask(f"{path}?{urlencode(asked)}" if asked else path)
        assert status == 200, body
        return json.loads(body)

    def refusal(self, target: str, **headers: str) -> tuple[int, str]:
        """Status and code of a refusal."""
        status, _, body = self.ask(target, **headers)
        document = json.loads(body)
        assert set(document) == {"error", "message"}, document
        return status, document["error"]

    def pages(self, path: str, **asked: Any) -> list[list[dict[str, Any]]]:
        """Every page of a list, by its cursors."""
        pages, after = [], {}
        while True:
            page = self.get(path, **asked, **after)
            pages.append(page["data"])
            if page["next"] is None:
                return pages
            after = {"after": page["next"]}


def face(store: SqlStore, settings: Settings, access: Access | None = None) -> Application:
    backend = Backend(store, lambda: settings, lambda: NOON + timedelta(days=1), time.monotonic)
    return application(Pulse(), Readiness(), Metrics(), access=access or Access(), api=lambda: build(backend))


@contextmanager
def served(app: Application) -> Iterator[int]:
    """The application on a free port of loopback, in a thread of its own."""
    sock = bind("127.0.0.1:0")
    ready, loops, stop = threading.Event(), list[asyncio.AbstractEventLoop](), asyncio.Event()

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with serving(app, sock):
            ready.set()
            await stop.wait()

    port: int = sock.getsockname()[1]
    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield port
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)
