"""A small ministry on loopback that does what its script says, and the program that watches it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

COMMAND = Path(sys.executable).parent / "feedwitness"
START = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Statement:
    """One statement of the ministry; `hour` places it in time."""

    name: str
    title: str
    text: str
    hour: int


@dataclass
class Ministry:
    """What the site shows now. `feed` and `hook` are the answers' statuses; `gone` are pages taken down, `pages` the
    HTML of those that say something. `visited`: when each was asked for and answered, on the monotonic clock.
    """

    base: str
    listed: list[Statement] = field(default_factory=list)
    feed: int = 200
    hook: int = 200
    gone: set[str] = field(default_factory=set)
    received: list[dict[str, Any]] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    visited: list[tuple[float, float, str]] = field(default_factory=list)

    def publish(self, *statements: Statement) -> None:
        self.listed += statements

    def say(self, name: str, title: str, text: str, hour: int) -> None:
        self.publish(Statement(name, title, text, hour))

    def edit(self, name: str, **changes: Any) -> None:
        self.listed = [replace(each, **changes) if each.name == name else each for each in self.listed]

    def withdraw(self, name: str) -> None:
        """Out of the feed, and its page answers 410."""
        self.listed = [each for each in self.listed if each.name != name]
        self.gone.add(name)

    def document(self) -> bytes:
        items = "".join(
            f"<item><guid isPermaLink='false'>{each.name}</guid><title>{escape(escape(each.title))}</title>"
            f"<link>{self.base}/pages/{each.name}</link><description>{escape(escape(each.text))}</description>"
            f"<pubDate>{format_datetime(START + timedelta(hours=each.hour))}</pubDate></item>"
            for each in sorted(self.listed, key=lambda one: -one.hour)
        )
        return f"<rss version='2.0'><channel><title>Ministry</title>{items}</channel></rss>".encode()

    def page(self, path: str) -> tuple[int, str, bytes]:
        if path == "/feed.xml":
            return self.feed, "application/rss+xml", self.document() if self.feed == 200 else b"out of order"
        if path.startswith("/pages/"):
            name = path.removeprefix("/pages/")
            said = self.pages.get(name, "<p>a page</p>").encode()
            return (410 if name in self.gone else 200), "text/html; charset=utf-8", said
        return 404, "text/plain", b"no such page"


def _handler(ministry: Ministry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            began = time.monotonic()
            self._answer(*ministry.page(self.path))
            if self.path.startswith("/pages/"):
                ministry.visited.append((began, time.monotonic(), self.path.removeprefix("/pages/")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if ministry.hook == 200:
                ministry.received.append(json.loads(body))
            self._answer(ministry.hook, "text/plain", b"thank you")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@dataclass(frozen=True)
class Answer:
    """How one command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Desk:
    """A working folder in which the installed command is run, as a stranger would."""

    folder: Path
    environ: Mapping[str, str]
    command: Path = COMMAND

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FEEDWITNESS", "XDG_"))}
        kept.pop("STATE_DIRECTORY", None)
        return {**kept, "HOME": str(self.folder), "COLUMNS": "80", **self.environ, **more}

    def settings(self, text: str) -> Path:
        file = self.folder / "feedwitness.toml"
        file.write_text(text, encoding="utf-8")
        return file

    def run(self, *words: str, **environ: str) -> Answer:
        done = subprocess.run(
            [COMMAND, *words],
            cwd=self.folder,
            env=self.environment(**environ),
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def call(self, *words: str) -> Answer:
        """The same command inside this process: faster, and as exact where no terminal or signal matters."""
        from aggregator.cli.main import run

        out, err, here = StringIO(), StringIO(), Path.cwd()
        environment = self.environment()
        os.chdir(self.folder)
        try:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
                for name in os.environ.keys() - environment.keys():
                    patch.delenv(name)
                for name, value in environment.items():
                    patch.setenv(name, value)
                status = run(words)
        finally:
            os.chdir(here)
        return Answer(status, out.getvalue(), err.getvalue())

    def start(self, *words: str, **environ: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [COMMAND, *words],
            cwd=self.folder,
            env=self.environment(**environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def open_ministry() -> Iterator[Ministry]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    here = Ministry(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(here)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def ministry() -> Iterator[Ministry]:
    with open_ministry() as here:
        yield here


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, {})


def settings_for(ministry: Ministry, *, more: str = "") -> str:
    """Settings that watch the ministry for Syria; the console channel is `console`, the webhook `hook`."""
    return f"""
[fetch]
every = "1s"
contact = "desk@example.org"
allow_networks = ["127.0.0.0/8"]
[web]
listen = ""
[feeds.ministry]
url = "{ministry.base}/feed.xml"
title = "Ministry"
[topics.syria]
any = ["Syria", "Сирия"]
[rules.syria]
match = "topic:syria"
notify = ["hook"]
[channels.hook]
type = "webhook"
url = "{ministry.base}/hook"
[channels.console]
type = "console"
{more}
"""


@pytest.fixture
def watching(ministry: Ministry, desk: Desk) -> Desk:
    """A desk whose settings watch the ministry."""
    desk.settings(settings_for(ministry))
    return desk


HOSTILE = "Syria \x1b[2J\x9b31m \u202egnp.exe\u202c [red]x[/red] \r\nBcc: all <b>b</b>"
TITLES = {
    "ru": "Заявление МИД России о положении в Сирии и о ходе политического урегулирования на Ближнем Востоке",
    "ar": "بيان وزارة الخارجية حول الوضع في سوريا والجهود الدولية الرامية إلى حل سياسي",
    "zh": "外交部发言人就叙利亚问题答记者问：中方一贯主张尊重叙利亚主权和领土完整",
    "evil": HOSTILE,
}
AID = Statement("aid", "Aid for Syria", "The convoy for Syria left at noon with 12 tonnes of flour.", 20)
EDITED = "The convoy for Syria left at noon with 120 tonnes of flour."


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a small record: a first fetch, a statement that appeared and was edited, a source that fails.
    Tests only read it.
    """
    with open_ministry() as site:
        desk = Desk(tmp_path_factory.mktemp("told"), {})
        desk.settings(settings_for(site, more=f'[feeds.dead]\nurl = "{site.base}/nothing.xml"'))
        site.publish(Statement("old", "Harbour opens", "A new harbour.", 0))
        site.publish(*(Statement(name, title, "Syria", 2 + n) for n, (name, title) in enumerate(TITLES.items())))
        desk.call("poll")
        site.publish(AID)
        desk.call("poll")
        site.hook = 503
        site.edit("aid", text=EDITED)
        desk.call("poll")
        yield desk


@pytest.fixture(scope="session")
def aid(told: Desk) -> str:
    """The id of the statement that appeared and was edited."""
    return next(row["id"] for row in told.call("items", "--json").json if row["title"] == AID.title)
