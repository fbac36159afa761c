"""How often the disk is synced (matrix row 8): once for a poll, also where it brings twenty statements."""

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread

import pytest

from aggregator import settings as translate
from aggregator.wiring import build
from store.database import open_store
from store.events import FeedId

STRACE = shutil.which("strace") or ""
SETTINGS = """
[fetch]
contact = "desk@example.org"
[web]
listen = ""
[feeds.f]
url = "{url}"
[rules.r]
match = "nobody-says-this"
notify = ["console"]
[channels.console]
type = "console"
"""


@contextmanager
def site() -> Iterator[str]:
    """Lists twenty new statements at each question."""
    asked = count()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            names = [f"{next(asked)}" for _ in range(20)]
            items = "".join(f"<item><guid>{name}</guid><title>Decree {name}</title></item>" for name in names)
            body = f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>".encode()
            self.send_response(200)
            self.send_header("content-type", "application/rss+xml")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/feed"
    finally:
        server.shutdown()
        server.server_close()


async def polled(folder: Path, url: str, polls: int) -> tuple[int, int]:
    """Poll so often, with rules that follow and find nothing; the events and the commits that this made."""
    file = folder / "feedwitness.toml"
    file.write_text(SETTINGS.format(url=url))
    loaded = translate.load(str(file), {}, folder)
    with open_store(f"sqlite:///{folder / 'log.db'}", migrate=True) as store:
        async with build(loaded, store) as program:
            await program.start()
            program.reactor.run_once()
            before, events = store.commits, 0
            for _ in range(polls):
                events += (await program.carrier.look(FeedId("f"))).recorded
                while await asyncio.to_thread(program.reactor.run_once):
                    pass
                await program.deliverer.run_once()
            return events, store.commits - before


def test_a_poll_with_twenty_new_statements_that_alert_nobody_is_one_commit(tmp_path: Path) -> None:
    with site() as url:
        events, commits = asyncio.run(polled(tmp_path, url, 10))
    assert events >= 200
    assert commits <= 11


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(not STRACE, reason="needs strace")
def test_a_thousand_such_polls_cost_at_most_eleven_hundred_syncs(tmp_path: Path) -> None:
    counts = tmp_path / "counts"
    command = [STRACE, "-f", "-qq", "-c", "-e", "trace=fdatasync,fsync", "-o", str(counts)]
    run = subprocess.run(
        [*command, sys.executable, __file__, str(tmp_path), "1000"], capture_output=True, text=True, timeout=550
    )
    if "ptrace" in run.stderr:
        pytest.skip(run.stderr.strip())
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) >= 20_000
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) .*\bf(?:data)?sync$", counts.read_text(), re.MULTILINE)
    syncs = sum(map(int, rows))
    sys.stdout.write(f"{syncs} syncs, {run.stdout} events\n")
    assert 1_000 <= syncs <= 1_100


if __name__ == "__main__":
    with site() as address:
        sys.stdout.write(str(asyncio.run(polled(Path(sys.argv[1]), address, int(sys.argv[2])))[0]))
