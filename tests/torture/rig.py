"""What crash and fault tests stand on: the world, the launcher, settings between them, and bounded waiting.

`rig(folder)` gives a `Rig` whose processes end with the block, whatever happens in it. `oracle` judges what came of it.
"""

import base64
import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).parent / "feedwitness"
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four+").decode()
PATIENCE = 120.0
"""Seconds for what should take one: the machine may be busy with other things."""
RECIPIENTS = ("one@example.org", "two@example.org")

SETTINGS = """
[store]
url = "sqlite:///{store}"
[fetch]
every = "{every}"
allow_networks = ["127.0.0.0/8"]
[web]
listen = "{listen}"
{feeds}
[topics.syria]
any = ["Syria"]
[rules.desk]
match = 'topic:syria'
notify = ["hook", "mail"]
[rules.words]
match = 'Syria minister'
notify = ["hook"]
[channels.hook]
type = "webhook"
url = "http://127.0.0.1:{port}/hook"
secret = {{ env = "TORTURE_SECRET" }}
[channels.mail]
type = "email"
to = ["one@example.org", "two@example.org"]
from = "witness@example.org"
host = "127.0.0.1"
port = {mail_port}
security = "none"
"""


def seed() -> int:
    """The seed of this run, from FEEDWITNESS_SEED where it is set."""
    return int(os.environ.get("FEEDWITNESS_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)


def report(text: str) -> None:
    """Say what was measured, where pytest shows it (-s)."""
    sys.stdout.write(f"\n{text}\n")


def until(fact: Callable[[], Any], what: str, within: float = PATIENCE, pause: float = 0.05) -> Any:
    """Wait for a fact; returns it. AssertionError when it does not come true in good time."""
    limit = time.monotonic() + within
    while not (found := fact()):
        if time.monotonic() > limit:
            raise AssertionError(f"{what}: not within {within:g} s")
        time.sleep(pause)
    return found


class Peer:
    """A script of this folder, talked to in lines of JSON."""

    def __init__(self, script: str, *words: str) -> None:
        self._script = script
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.greeting = self._answer()

    def __call__(self, do: str, **more: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._script} ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End of input asks it to end; if it does not, it is killed."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class Rig:
    """A folder with settings and a store, the world that they point to, and ways to run the program on them."""

    folder: Path
    world: Peer
    launcher: Peer
    store: Path
    feeds: int
    env: dict[str, str] = field(default_factory=lambda: {"TORTURE_SECRET": SECRET, "COLUMNS": "200"})

    @property
    def config(self) -> Path:
        return self.folder / "feedwitness.toml"

    def start(self, *words: str, failpoint: str = "", halted: bool = False) -> int:
        """Fork the program; its process id. `halted`: it goes on at SIGCONT."""
        started = self.launcher(
            "start",
            argv=[*words, "--config", str(self.config)],
            folder=str(self.folder),
            env=self.env,
            failpoint=failpoint,
            halted=halted,
        )
        return int(started["pid"])

    def signal(self, pid: int, number: int) -> None:
        self.launcher("signal", pid=pid, number=number)

    def ended(self, pid: int, within: float = PATIENCE) -> int | None:
        """Its exit status, negative for a signal; None if it still runs after so many seconds."""
        status: int | None = self.launcher("wait", pid=pid, within=within)["status"]
        return status

    def kill(self, pid: int) -> None:
        """SIGKILL, and wait until the world has nothing under way with it any more."""
        self.signal(pid, signal.SIGKILL)
        assert self.ended(pid) is not None, "a killed process does not end"
        self.world("quiet")

    def command(self, *words: str, within: float = PATIENCE) -> tuple[int, str]:
        """Run one command to its end: exit status and standard output."""
        pid = self.start(*words)
        status = self.ended(pid, within)
        if status is None:
            self.signal(pid, signal.SIGKILL)
            raise AssertionError(f"`feedwitness {' '.join(words)}` does not end")
        said = self.folder / f"said.{pid}"
        text = said.read_text()
        said.unlink()
        return status, text

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """What a command says under --json."""
        status, text = self.command(*words, "--json")
        assert status == 0, f"`{' '.join(words)}` exits {status}: {self.complaints()}"
        rows: list[dict[str, Any]] = json.loads(text)
        return rows

    def complaints(self) -> str:
        """The end of what the processes said on standard error."""
        file = self.folder / "stderr"
        return file.read_text()[-2000:] if file.exists() else ""

    @contextlib.contextmanager
    def running(self, *words: str, before: Sequence[str] = ()) -> "Iterator[subprocess.Popen[str]]":
        """The console script itself, under another command if need be; none of them outlives the block."""
        with subprocess.Popen(
            [*before, str(COMMAND), *words, "--config", str(self.config)],
            cwd=self.folder, env=os.environ | self.env, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def look(self) -> dict[str, Any]:
        """How the world fares: `unseen` steps (feed, statement, transition), counts of `hooks`, `mails`, `hits`."""
        return self.world("look")

    def drain(self, within: float = PATIENCE) -> None:
        """Run the daemon until the world has heard all that it is to hear and the outbox is empty."""
        self.world("set", lively=False, hook_pause=0.0, hook_status=200)
        before = self.look()["hits"]
        pid = self.start("run")
        try:
            until(lambda: self._read_twice(before), "every feed is read twice", within)
            until(lambda: not self.look()["unseen"] and not self.waiting(), "everything arrives", within)
        except AssertionError as late:
            (self.folder / "journal.json").write_text(json.dumps(self.world("journal")))
            held = Counter(row["reason"] for row in self.rows("alerts", "--state", "held"))
            raise AssertionError(f"{late}: {self.look()}; {held}; {self.waiting()[:3]}; {self.complaints()}") from late
        finally:
            self.signal(pid, signal.SIGTERM)
            status = self.ended(pid, 30)
        assert status == 0, f"TERM: exit {status}: {self.complaints()}"

    def _read_twice(self, before: dict[str, int]) -> bool:
        hits = self.look()["hits"]
        return len(hits) == self.feeds and all(hits[feed] >= before.get(feed, 0) + 2 for feed in hits)

    def waiting(self) -> list[dict[str, Any]]:
        """Deliveries that are neither delivered, nor held, nor dead."""
        return self.rows("alerts", "--state", "pending")


@contextlib.contextmanager
def rig(
    folder: Path, *, feeds: int = 4, seed: int = 1, listen: str = "", every: str = "1s", store: str = "log.db"
) -> Iterator[Rig]:
    """A world with so many feeds, its settings, and a launcher. `store`: a path, relative to the folder or absolute."""
    with contextlib.ExitStack() as closers:
        world = Peer("world.py", str(feeds), str(seed))
        closers.callback(world.close)
        launcher = Peer("launcher.py")
        closers.callback(launcher.close)
        made = Rig(folder, world, launcher, folder / store, feeds)
        urls = {f"f{n}": f"http://127.0.0.1:{world.greeting['port']}/f{n}.xml" for n in range(feeds)}
        tables = "\n".join(f'[feeds.{name}]\nurl = "{url}"' for name, url in urls.items())
        made.config.write_text(SETTINGS.format(feeds=tables, listen=listen, every=every, store=store, **world.greeting))
        yield made


@contextlib.contextmanager
def traced(pid: int, *options: str) -> Iterator[None]:
    """Run strace on a running process and all its threads while the block lasts; skips the test where it cannot."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace, which is not installed, counts system calls and lets them fail")
    words = [strace, "-f", "-qq", *options, "-p", str(pid)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            until(lambda: tracer.poll() is not None or _all_traced(pid, tracer.pid), "strace attaches")
            if tracer.poll() is not None:
                pytest.skip(f"strace may not trace here: {tracer.communicate()[1].strip()}")
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=30)


def _all_traced(pid: int, tracer: int) -> bool:
    tasks = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return all(int(status.partition("TracerPid:")[2].split()[0]) == tracer for status in tasks)


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
