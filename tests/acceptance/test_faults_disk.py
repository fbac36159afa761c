"""The disk fills up under the daemon, and is freed again (matrix row 5).

Two ways to a full disk: a small tmpfs that is filled up with a file, where we may mount one; and strace, which lets
every write of the running daemon fail for want of space.
"""

import contextlib
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.torture.oracle import judge
from tests.torture.rig import Rig, free_port, rig, traced, until

SIZE = 8 * 1024 * 1024
LOOKS = 30

pytestmark = [pytest.mark.xdist_group("torture"), pytest.mark.long, pytest.mark.timeout(300)]

Full = Callable[[int], AbstractContextManager[None]]
"""While the block lasts, the disk under the daemon of this process id is full."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    tried = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"no small disk can be mounted here: {tried.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def filling(folder: Path) -> Full:
    @contextlib.contextmanager
    def full(_: int) -> Iterator[None]:
        filler = folder / "filler"
        with pytest.raises(OSError, match="No space left"):
            write_for_ever(filler)
        yield
        filler.unlink()

    return full


def write_for_ever(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\0" * 4096)


def refusing(pid: int) -> AbstractContextManager[None]:
    """Every write of the store fails."""
    return traced(pid, "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC")


@pytest.fixture(params=["a small disk", "refused writes"])
def cramped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Rig, Full, str]]:
    """A rig, a way to fill its disk, and the daemon's address."""
    address = f"127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as closers:
        disk = tmp_path / "disk"
        disk.mkdir()
        full: Full = refusing
        if request.param == "a small disk":
            closers.enter_context(small_disk(disk))
            full = filling(disk)
        made = closers.enter_context(rig(tmp_path, feeds=2, listen=address, store="disk/log.db"))
        assert made.command("poll")[0] == 0
        yield made, full, f"http://{address}"


def get(url: str) -> tuple[int, str]:
    """Status and body; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except urllib.error.URLError:
        return 0, ""


def test_a_full_disk_is_said_and_survived_and_nothing_is_lost(cramped: tuple[Rig, Full, str]) -> None:
    rig, full, url = cramped
    rig.world("set", lively=True)
    pid = rig.start("run")
    until(lambda: get(f"{url}/readyz")[0] == 200, "the daemon is ready")
    with full(pid):
        until(lambda: get(f"{url}/readyz")[0] == 503, "a full disk is noticed")
        for _ in range(LOOKS):
            status, said = get(f"{url}/readyz")
            assert (status, json.loads(said)["reasons"]) == (503, ["store_full"])
            time.sleep(0.1)
        assert get(f"{url}/healthz")[0] == 200
        assert store_errors(url) > 0
        assert rig.ended(pid, 0) is None, "the daemon stays up"
    until(lambda: get(f"{url}/readyz")[0] == 200, "a freed disk is noticed")
    rig.signal(pid, signal.SIGTERM)
    assert rig.ended(pid, 15) == 0, rig.complaints()
    assert "Traceback" not in (rig.folder / "stderr").read_text()
    rig.drain()
    assert judge(rig).wrong == []


def store_errors(url: str) -> float:
    lines = get(f"{url}/metrics")[1].splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("feedwitness_store_errors_total{"))
