"""The whole program against real histories: a daemon watches a local site that replays them, and all is received.

usage: python -m bench.rehearsal [--minutes 10] [--journal FILE.json]

Each history of FEEDWITNESS_CORPUS/history is served from loopback, its versions spread evenly over the minutes; links
are rewritten to the same site, where every page stands. Rules are the shipped topics and a few that suit the histories.
Alerts arrive at a real webhook receiver and a real mail server; at the end all of them are printed, with their diffs,
to be judged by a person, and held against the log.
"""

import argparse
import asyncio
import base64
import csv
import json
import os
import re
import signal
import socket
import sys
import tarfile
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook

from bench.replay import CORPUS

SECRET = "whsec_" + base64.b64encode(b"a rehearsal's signing secret").decode()
TOPICS = {
    "vulnerabilities": ["vulnérabilité*", "FreeBSD", "GitLab"],
    "executive": ["executive order", "proclamation", "tariff*", "Ukraine", "Venezuela"],
    "outages": ["outage*", "maintenance", "degraded"],
    "film": ["фильм*", "сериал*", "режиссёр*"],
    "privacy": ["données personnelles", "personal data", "GDPR", "RGPD"],
    "brasilia": ["Brasília", "Houston"],
    "verdicts": ["watched", "review*"],
}


@dataclass
class World:
    """What is published at which moment, and what has arrived."""

    seconds: float
    versions: dict[str, list[bytes]]
    started: float = 0.0
    hits: Counter[str] = field(default_factory=Counter)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    mails: list[Any] = field(default_factory=list)
    unsigned: int = 0

    def body(self, feed: str) -> bytes:
        versions = self.versions[feed]
        share = min(1.0, (time.monotonic() - self.started) / self.seconds) if self.started else 0.0
        return versions[min(len(versions) - 1, int(share * len(versions)))]


def histories() -> dict[str, list[bytes]]:
    """Documents by feed, oldest first."""
    found: dict[str, list[bytes]] = {}
    for folder in sorted(path for path in (CORPUS / "history").iterdir() if path.is_dir()):
        with (folder / "index.tsv").open(encoding="utf-8") as index:
            rows = sorted(
                csv.DictReader(index, delimiter="\t"), key=lambda row: datetime.fromisoformat(row["committed_at"])
            )
        with tarfile.open(folder / f"{folder.name}.tar.gz") as archive:
            for row in rows:
                member = archive.extractfile(f"{folder.name}/{row['file']}")
                body = member.read() if member else b""
                if row["file"].endswith(".json"):
                    for source, document in _documents(body).items():
                        found.setdefault(f"eu-fr-{source}", []).append(document)
                else:
                    found.setdefault(
                        f"{folder.name[:12]}-{row['feed'][:6]}" if row.get("feed") else folder.name[:12], []
                    ).append(body)
    return {re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"): bodies for name, bodies in found.items()}


def _documents(body: bytes) -> dict[str, bytes]:
    """The four feeds of the JSON history, written as RSS again."""
    rows: dict[str, list[str]] = {}
    for item in json.loads(body)["items"]:
        rows.setdefault(item["source_id"], []).append(
            f"<item><title>{escape(item['title'])}</title><link>{escape(item['link'])}</link>"
            f"<pubDate>{escape(item['date'] or '')}</pubDate>"
            f"<description>{escape(item['summary'] or '')}</description></item>"
        )
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>x</title>'
    return {source: f"{head}{''.join(items)}</channel></rss>".encode() for source, items in rows.items()}


def serve(world: World) -> ThreadingHTTPServer:
    """The site and the webhook receiver."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            name = self.path.removeprefix("/feed/")
            if name not in world.versions:
                return self._answer(200, b"<html><body><p>A page that stands.</p></body></html>")
            world.hits[name] += 1
            port = self.server.server_address[1]
            body = re.sub(rb"https?://(?=[\w.-]+\.[a-z]{2,})", b"http://127.0.0.1:%d/page/" % port, world.body(name))
            return self._answer(200, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
            except Exception:  # noqa: BLE001 - the receiver's library raises many kinds
                world.unsigned += 1
            world.hooks.append(json.loads(body))
            self._answer(200, b"ok")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mailbox:
    """Keeps every mail."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(  # noqa: N802 - the library names it
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self._world.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"


def settings(folder: Path, world: World, site: int, mail: int) -> Path:
    """The operator's file."""
    feeds = "".join(f'[feeds.{name}]\nurl = "http://127.0.0.1:{site}/feed/{name}"\n' for name in world.versions)
    topics = "".join(
        f"[topics.{name}]\nany = {json.dumps(terms, ensure_ascii=False)}\n" for name, terms in TOPICS.items()
    )
    watched = ("syria", "peacekeeping", *TOPICS)
    rules = "".join(f'[rules.{name}]\nmatch = \'topic:{name}\'\nnotify = ["hook", "desk"]\n' for name in watched)
    path = folder / "feedwitness.toml"
    path.write_text(
        f"""include = ["shipped:topics/*.toml"]
[store]
url = "sqlite:///rehearsal.db"
[fetch]
every = "1s"
per_host = 8
allow_networks = ["127.0.0.0/8"]
[web]
listen = ""
{feeds}{topics}{rules}
[rules.sources]
on = ["degraded", "recovered", "gone", "moved", "reissued"]
notify = ["hook"]
[channels.hook]
type = "webhook"
url = "http://127.0.0.1:{site}/hook"
secret = {{ env = "REHEARSAL_SECRET" }}
[channels.desk]
type = "email"
to = ["desk@example.org"]
from = "feedwitness@example.org"
host = "127.0.0.1"
port = {mail}
security = "none"
""",
        encoding="utf-8",
    )
    return path


async def watch(folder: Path, config: Path, minutes: float) -> list[dict[str, Any]]:
    """Run the daemon for so long; what the log says of alerts afterwards."""
    env = dict(os.environ, REHEARSAL_SECRET=SECRET)
    command = (str(Path(sys.executable).with_name("feedwitness")), "--config", str(config))
    with (folder / "daemon.log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(*command, "run", env=env, stdout=log, stderr=log)
        await asyncio.sleep(minutes * 60)
        daemon.send_signal(signal.SIGTERM)
        print("daemon stopped with", await daemon.wait())
    rows: dict[str, Any] = {}
    for words in (("alerts",), ("events",), ("status",), ("verify",)):
        told = await asyncio.create_subprocess_exec(*command, *words, "--json", env=env, stdout=asyncio.subprocess.PIPE)
        rows[words[0]] = json.loads((await told.communicate())[0])
    print("verify:", rows["verify"], "\nqueues:", rows["status"]["queues"])
    print("events:", dict(Counter(row["kind"] for row in rows["events"])))
    print(
        "held:",
        dict(Counter(row["reason"] for row in rows["alerts"] if row["state"] == "held" and row["channel"] == "hook")),
    )
    delivered = {row["alert_id"] for row in rows["alerts"] if row["state"] == "delivered"}
    raised = {row["data"]["alert"] for row in rows["events"] if row["kind"] == "alert.raised/1"}
    print(f"raised {len(raised)}, delivered {len(delivered)}, raised and not delivered {len(raised - delivered)}")
    return rows["alerts"]


def tell(world: World) -> None:
    """Every alert received, for a person to judge."""
    print(f"{len(world.hooks)} webhooks ({world.unsigned} with a bad signature), {len(world.mails)} mails")
    print(Counter(hook["type"] for hook in world.hooks))
    for hook in sorted(world.hooks, key=lambda hook: (hook["data"]["feed"]["id"], hook["timestamp"])):
        data = hook["data"]
        item, change = data.get("item"), data.get("change")
        title = item["title"][:90] if item else data.get("reason", "")
        print(f"{data['feed']['id']:24} {hook['type']:16} {data.get('rule') or '':16} {title}")
        if data.get("matches"):
            print("      matched", {match["term"]: match["snippet"][:80] for match in data["matches"][:3]})
        if change:
            print("      change", change["kind"], change["flags"], "-", change["removed"][:4], "+", change["added"][:4])


def main() -> None:
    """Rehearse, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--journal", type=Path)
    args = parser.parse_args()
    world = World(args.minutes * 60 * 0.9, histories())
    server = serve(world)
    mail = Controller(Mailbox(world), hostname="127.0.0.1", port=free_port())
    mail.start()
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as name:
        folder = Path(name)
        config = settings(folder, world, server.server_address[1], mail.port)
        world.started = time.monotonic() + 3
        asyncio.run(watch(folder, config, args.minutes))
        print("polls:", sum(world.hits.values()), "of", len(world.hits), "feeds")
        lines = (folder / "daemon.log").read_text(encoding="utf-8").splitlines()
        trouble = Counter(line.split(" ", 1)[1][:80] for line in lines if " WARNING " in line or " ERROR " in line)
        print("log lines:", *trouble.most_common(20), sep="\n  ")
    mail.stop()
    server.shutdown()
    tell(world)
    if args.journal:
        args.journal.write_text(json.dumps(world.hooks, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
