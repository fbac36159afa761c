"""What processes cost: CPU time of a process and its children, memory, and a daemon to measure it of."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = Path(sys.executable).with_name("feedwitness")
_TICK = os.sysconf("SC_CLK_TCK")
PORT = 18_321
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def children(pid: int) -> list[int]:
    """The process ids of a process's children, and theirs."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *children(child)]
    return found


def cpu_ms(pid: int) -> float:
    """Milliseconds of CPU time of a process and its children, dead ones that it has waited for included; to 10 ms."""
    total = 0
    for each in (pid, *children(pid)):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15] if each == pid else fields[11:13]))
    return total * 1000 / _TICK


def fine_cpu_ms(pids: list[int]) -> float:
    """Milliseconds of CPU time of processes of one thread, to the nanosecond."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e6


def rss_mb(pid: int) -> float:
    """Resident memory of a process and its children in MB (10^6 bytes); what they share counts for each."""
    lines = (Path(f"/proc/{each}/status").read_text() for each in (pid, *children(pid)))
    return sum(int(text.split("VmRSS:")[1].split()[0]) for text in lines) * 1024 / 1e6


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that is ready. `start`: seconds from exec to the first 200 of /readyz."""

    pid: int
    start: float


@contextmanager
def daemon(config: Path) -> Iterator[Running]:
    """`feedwitness run` with settings that listen at `PORT`; stopped when the block ends."""
    began = time.monotonic()
    log = config.with_suffix(".log").open("ab")
    process = subprocess.Popen([COMMAND, "--config", config, "run"], stdout=log, stderr=log)
    try:
        while not _ready():
            if process.poll() is not None or time.monotonic() - began > 60:
                raise RuntimeError(f"the daemon does not start: {config.with_suffix('.log').read_text()[-2000:]}")
            time.sleep(0.005)
        yield Running(process.pid, time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
        log.close()


def _ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def settings(
    folder: Path, feeds: dict[str, str], *, every: str, hook: str = "", match: str = "envoy AND convoys"
) -> Path:
    """A settings file for these feeds (id to URL), with a rule that finds every entry of `bench.documents`."""
    lines = [
        f'[store]\nurl = "sqlite:///{folder}/feedwitness.db"',
        f'[fetch]\nevery = "{every}"\nallow_networks = ["127.0.0.0/8"]\ncontact = "bench@example.org"',
        f'[web]\nlisten = "127.0.0.1:{PORT}"',
        f'[channels.desk]\ntype = "webhook"\nurl = "{hook or "http://127.0.0.1:9/hook"}"\nsecret = "{_SECRET}"',
        f'[rules.envoy]\nmatch = "{match}"\nnotify = ["desk"]',
    ]
    lines += [f'[feeds.{name}]\nurl = "{url}"' for name, url in feeds.items()]
    path = folder / "feedwitness.toml"
    path.write_text("\n\n".join(lines) + "\n")
    return path


def seconds_of(*words: str, rounds: int = 5) -> float:
    """Wall-clock seconds of a command, the best of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run([COMMAND, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        best = min(best, time.monotonic() - began)
    return best
