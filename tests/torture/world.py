"""The world of the crash tests, in a process of its own: a site with feeds and pages, a webhook and a mail receiver.

Run as a script. Commands come as lines of JSON on standard input, each gets one line back; end of input ends it. The
world keeps a journal of what it published and received, and knows what each statement should lead to. It takes the next
step with a statement only after the webhook has told of the last one: so every text, and every withdrawal, was seen
before the next one follows, and what must have been alerted in the end is exact, whatever was killed meanwhile. For the
same reason an old statement leaves the feed only when the webhook has told of it, or of a newer one beside it.
"""

import asyncio
import contextlib
import email
import email.policy
import html
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
LISTED_MOST = 24
UNSEEN_MOST = 10
EDITS_MOST = 3
"""Edits of one feed that nobody has seen yet: many more would rightly be taken for a reissue of the feed."""
OLDER_LEFT = 6
VOCABULARY = (
    "harbour", "council", "budget", "mission", "letter", "visit", "railway", "treaty",
    "winter", "convoy", "school", "mandate", "border", "review", "envoy", "panel",
    "report", "water", "engineer", "permit", "chamber", "court", "minister", "harvest",
)  # fmt: skip


@dataclass
class Statement:
    """One statement of a feed. `due`: what the webhook must tell of it next; `told`: all that it must have told."""

    number: int
    feed: str
    title: str
    text: str
    date: datetime
    matching: bool
    baseline: bool
    listed: bool = True
    page: int = 200
    due: str = ""
    told: list[str] = field(default_factory=list)
    edits: int = 0

    def expect(self, transition: str) -> None:
        self.due = transition
        self.told.append(transition)


class Site:
    """Feeds that live: new statements, edits, lost topics, withdrawals and returns."""

    def __init__(self, feeds: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.statements: dict[str, list[Statement]] = {f"f{n}": [] for n in range(feeds)}
        self.by_title: dict[str, Statement] = {}
        self.count = 0
        for feed in self.statements:
            for _ in range(12):
                self.publish(feed, baseline=True)

    def publish(self, feed: str, *, baseline: bool = False, matching: bool | None = None) -> None:
        self.count += 1
        matching = self.chance.random() < 0.7 if matching is None else matching
        subject = "Syria" if matching else "the region"
        filler = " ".join(self.chance.choices(VOCABULARY, k=40))
        statement = Statement(
            self.count,
            feed,
            f"Statement {self.count}: {' '.join(self.chance.choices(VOCABULARY, k=4))}",
            f"The minister spoke of {subject}. {filler}. It was agreed that {self.count % 89 + 10} trucks will cross.",
            START + timedelta(minutes=self.count),
            matching,
            baseline,
        )
        if matching and not baseline:
            statement.expect("appeared")
        self.statements[feed].append(statement)
        self.by_title[statement.title] = statement

    def step(self, feed: str) -> None:
        """Something happens in this feed, if its last steps have been seen."""
        mine = [one for one in self.statements[feed] if one.listed]
        if sum(bool(one.due) for one in self.statements[feed]) < UNSEEN_MOST:
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                self.publish(feed)
        happening = self.chance.random()
        edits = sum(one.due in ("changed", "dropped") for one in mine)
        if happening < 0.25 and edits < EDITS_MOST:
            self._edit(mine)
        elif happening < 0.32 and edits < EDITS_MOST:
            self._lose_topic(mine)
        elif happening < 0.5:
            self._withdraw(feed, mine)
        elif happening < 0.6:
            self._restore(feed)
        self._roll_off(feed)

    def _at_rest(self, mine: list[Statement]) -> list[Statement]:
        """Alerted statements whose alerts all arrived, and that still stand and match."""
        return [one for one in mine if one.told and not one.due and one.told[-1] in ("appeared", "changed", "restored")]

    def _edit(self, mine: list[Statement]) -> None:
        if rest := [one for one in self._at_rest(mine) if not one.edits]:
            one = self.chance.choice(rest)
            one.text += f" Correction {one.number}: {' '.join(self.chance.choices(VOCABULARY, k=6))}."
            one.edits += 1
            one.expect("changed")

    def _lose_topic(self, mine: list[Statement]) -> None:
        if rest := [one for one in self._at_rest(mine) if one.edits < 2]:
            one = self.chance.choice(rest)
            one.text = one.text.replace("Syria", "the region")
            one.edits += 1
            one.expect("dropped")

    def _withdraw(self, feed: str, mine: list[Statement]) -> None:
        inner = mine[OLDER_LEFT:-1]
        rest = [one for one in self._at_rest(inner) if "withdrawn" not in one.told]
        if rest and not self._withdrawing(feed):
            one = self.chance.choice(rest)
            one.listed, one.page = False, 410
            one.expect("withdrawn")

    def _restore(self, feed: str) -> None:
        for one in self.statements[feed]:
            if one.told[-1:] == ["withdrawn"] and not one.due and one.date > self._oldest(feed):
                one.listed, one.page = True, 200
                one.expect("restored")
                return

    def _oldest(self, feed: str) -> datetime:
        return min(one.date for one in self.statements[feed] if one.listed)

    def _withdrawing(self, feed: str) -> bool:
        return any(one.due == "withdrawn" for one in self.statements[feed])

    def _roll_off(self, feed: str) -> None:
        mine = [one for one in self.statements[feed] if one.listed]
        if len(mine) <= LISTED_MOST or self._withdrawing(feed):
            return
        seen = max((one.number for one in mine if one.told and one.due != "appeared"), default=0)
        if mine[0].number < seen and not mine[0].due:
            mine[0].listed = False

    def told(self, title: str, transition: str) -> None:
        """The webhook told of it: what stands behind it is in the log."""
        one = self.by_title.get(title)
        if one is not None and one.due == transition:
            one.due = ""

    def document(self, feed: str, base: str) -> bytes:
        rows = "".join(
            f"<item><title>{html.escape(one.title)}</title><link>{base}/page/{one.number}</link>"
            f'<guid isPermaLink="false">urn:statement:{one.number}</guid>'
            f"<pubDate>{one.date:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
            f"<description>{html.escape(one.text)}</description></item>"
            for one in reversed(self.statements[feed])
            if one.listed
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
            f"<title>{feed}</title><link>{base}/</link><description>d</description>{rows}</channel></rss>"
        ).encode()

    def all(self) -> Iterator[Statement]:
        for mine in self.statements.values():
            yield from mine


class World:
    """Servers on loopback and the journal. `lively`: a feed that is asked takes a step first, more often than not."""

    def __init__(self, feeds: int, seed: int) -> None:
        self.site = Site(feeds, seed)
        self.lively = False
        self.hook_pause = 0.0
        self.pause_over = asyncio.Event()
        self.hook_status = 200
        self.port = self.mail_port = 0
        self.hits: Counter[str] = Counter()
        self.hit = asyncio.Event()
        self.hooks: list[dict[str, Any]] = []
        self.mails: list[dict[str, Any]] = []
        self.waiting_hooks = 0
        self.conversations: set[asyncio.Task[None]] = set()

    # --- the site and the webhook ---------------------------------------------------------------------------------

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._conversation(), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode("latin-1").split("\r\n")
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, path, _ = request.split(" ")
                status, more, answer = await self._answer(method, path, headers, body)
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: {len(answer)}\r\n{more}\r\n".encode() + answer)
                await writer.drain()
        writer.close()

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        if method == "POST":
            return await self._hook(headers, body), "", b"ok"
        if path.startswith("/page/"):
            one = next((one for one in self.site.all() if str(one.number) == path[6:]), None)
            return (one.page if one else 404), "Content-Type: text/html\r\n", b"<html><p>a page</p></html>"
        feed = path.strip("/").removesuffix(".xml")
        self.hits[feed] += 1
        self.hit.set()
        if self.lively and self.site.chance.random() < 0.6:
            self.site.step(feed)
        document = self.site.document(feed, f"http://127.0.0.1:{self.port}")
        tag = f'"{sha256(document).hexdigest()[:20]}"'
        if headers.get("if-none-match") == tag:
            return 304, f"ETag: {tag}\r\n", b""
        return 200, f"ETag: {tag}\r\nContent-Type: application/rss+xml\r\n", document

    async def _hook(self, headers: dict[str, str], body: bytes) -> int:
        said = json.loads(body)
        told = said["data"]
        self.hooks.append({
            "alert": headers["webhook-id"], "digest": sha256(body).hexdigest(), "type": said["type"],
            "rule": told.get("rule", ""), "title": told.get("item", {}).get("title", ""), "status": self.hook_status,
        })  # fmt: skip
        if self.hook_pause:
            self.waiting_hooks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.pause_over.wait(), self.hook_pause)
            self.waiting_hooks -= 1
        if said["type"].startswith("alert."):
            self.site.told(told["item"]["title"], said["type"].removeprefix("alert."))
        return self.hook_status

    @contextlib.contextmanager
    def _conversation(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        try:
            yield
        finally:
            self.conversations.discard(task)

    # --- mail -------------------------------------------------------------------------------------------------------

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._conversation(), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            to = ""
            writer.write(b"220 desk ESMTP\r\n")
            while line := (await reader.readline()).decode("utf-8", "replace").strip():
                verb = line.upper()
                if verb.startswith("DATA"):
                    writer.write(b"354 go\r\n")
                    self._keep(to, await reader.readuntil(b"\r\n.\r\n"))
                to = line.partition("<")[2].partition(">")[0] if verb.startswith("RCPT") else to
                writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 desk\r\n")
                await writer.drain()
                if verb == "QUIT":
                    break
        writer.close()

    def _keep(self, to: str, raw: bytes) -> None:
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self.mails.append({"alert": mail["X-Feedwitness-Alert"], "to": to, "message_id": mail["Message-ID"]})

    # --- commands ---------------------------------------------------------------------------------------------------

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "set":
                for name in command.keys() & {"lively", "hook_pause", "hook_status"}:
                    setattr(self, name, command[name])
                self.pause_over.set()
                self.pause_over = asyncio.Event()
            case "step":
                for feed in command.get("feeds") or self.site.statements:
                    self.site.step(feed)
            case "publish":
                for feed in self.site.statements:
                    for _ in range(command["count"]):
                        self.site.publish(feed, matching=command.get("matching"))
            case "quiet":
                await self._quiet()
                self.hit.clear()
            case "hit":
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.hit.wait(), command["within"])
                return {"hit": self.hit.is_set()}
            case "look":
                unseen = [(one.feed, one.number, one.due) for one in self.site.all() if one.due]
                return {"unseen": unseen, "hooks": len(self.hooks), "mails": len(self.mails),
                        "hits": dict(self.hits), "waiting_hooks": self.waiting_hooks}  # fmt: skip
            case "journal":
                statements = [asdict(one) | {"date": one.date.isoformat()} for one in self.site.all()]
                return {"statements": statements, "hooks": self.hooks, "mails": self.mails}
        return {}

    async def _quiet(self) -> None:
        """Until no conversation is left: what a killed process had under way is over, for it and for the journal."""
        for _ in range(5):
            await asyncio.sleep(0)
        while self.conversations:
            await asyncio.wait(self.conversations)

    async def run(self) -> None:
        site = await asyncio.start_server(self.http, "127.0.0.1", 0, limit=1 << 22, backlog=512)
        desk = await asyncio.start_server(self.smtp, "127.0.0.1", 0, limit=1 << 22, backlog=512)
        self.port, self.mail_port = (server.sockets[0].getsockname()[1] for server in (site, desk))
        say({"port": self.port, "mail_port": self.mail_port})
        commands = asyncio.StreamReader(limit=1 << 22)
        protocol = asyncio.StreamReaderProtocol(commands)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        while line := await commands.readline():
            say(await self.obey(json.loads(line)))


def say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(World(feeds=int(sys.argv[1]), seed=int(sys.argv[2])).run())
