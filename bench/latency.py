"""From the source's last byte to the webhook: a real daemon with nothing else to do, a local site and receiver.

The clock starts when the site has written a changed document (the daemon has yet to read it) and stops when the
receiver has read the webhook that it causes. 25 feeds with a new entry at every poll, at moments of their own.
"""

import asyncio
import json
import statistics
import tempfile
from pathlib import Path

from bench import site
from bench.process import daemon, settings
from bench.result import Result

FEEDS = 25
EVERY_SECONDS = 5
SAMPLES = 220
PATIENCE_SECONDS = 120
P50_MS, P99_MS = 40.0, 150.0


def run() -> list[Result]:
    """Milliseconds of wall-clock time."""
    taken = sorted(asyncio.run(_measure()))
    p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
    how = f"{len(taken)} alerts, {FEEDS / EVERY_SECONDS:.0f} a second; worst {taken[-1]:.0f} ms"
    return [
        Result("response body written to webhook received, p50", p50, "ms wall", P50_MS, how),
        Result("response body written to webhook received, p99", p99, "ms wall", P99_MS, how),
    ]


async def _measure() -> list[float]:
    written: dict[str, float] = {}
    taken: list[float] = []
    enough = asyncio.Event()

    def on_news(path: str, newest: int, at: float) -> None:
        if f"{path} seen" in written:
            written[f"Statement {newest} on the situation"] = at
        written[f"{path} seen"] = at

    def on_hook(body: bytes, at: float) -> None:
        title = json.loads(body)["data"]["item"]["title"]
        taken.append((at - written[title]) * 1000)
        if len(taken) >= SAMPLES:
            enough.set()

    with tempfile.TemporaryDirectory() as folder:
        async with site.serving(site.Site(on_news, on_hook)) as port:
            urls = {f"f{number}": site.url(port, "news", number) for number in range(FEEDS)}
            config = settings(Path(folder), urls, every=f"{EVERY_SECONDS}s", hook=f"http://127.0.0.1:{port}/hook")
            running = daemon(config)
            await asyncio.to_thread(running.__enter__)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await enough.wait()
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)
    return taken


if __name__ == "__main__":
    for result in run():
        print(result)
