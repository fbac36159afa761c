"""The disk refuses to keep what was written (EIO from fdatasync), at every position of a poll (matrix row 4).

The kernel may drop such pages, so nothing after it may look like success: that poll is not acknowledged, nothing is
told of it, and the next start recovers from what is on the disk. Faults are injected into the real program by strace.
"""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.torture.oracle import judge
from tests.torture.rig import Rig, report, rig, traced, until

SYNCS = "fdatasync,fsync"
MOST_POSITIONS = 60
ROUNDS = 4
STRACE = shutil.which("strace") or ""

pytestmark = [
    pytest.mark.xdist_group("torture"),
    pytest.mark.long,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not STRACE, reason="faults are injected by strace, which is not installed"),
]


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Rig]:
    """One feed, whose first document was recorded."""
    with rig(tmp_path, feeds=1) as made:
        assert made.command("poll")[0] == 0
        try_strace(tmp_path)
        yield made


def try_strace(folder: Path) -> None:
    tried = subprocess.run([STRACE, "-o", str(folder / "tried"), "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()}")


def failing_at(rig: Rig, position: int) -> tuple[str, ...]:
    """How strace lets every thread see its sync of that position fail."""
    fault = f"inject={SYNCS}:error=EIO:when={position}"
    return ("-o", str(rig.folder / "syncs"), "-e", f"trace={SYNCS}", "-e", fault)


def injected(rig: Rig) -> int:
    return (rig.folder / "syncs").read_text().count("(INJECTED)")


def told_is_in_the_log(rig: Rig) -> bool:
    told = {hook["alert"] for hook in rig.world("journal")["hooks"]}
    raised = {e["data"]["alert"] for e in rig.rows("events") if e["kind"].startswith("alert.raised")}
    return told <= raised


def test_a_poll_whose_sync_fails_anywhere_is_not_acknowledged_and_the_next_one_brings_everything(polled: Rig) -> None:
    failed = 0
    for position in range(1, MOST_POSITIONS):
        polled.world("publish", count=2)
        polled.world("step")
        pid = polled.start("poll", halted=True)
        with traced(pid, *failing_at(polled, position)):
            polled.signal(pid, signal.SIGCONT)
            status = polled.ended(pid)
        assert told_is_in_the_log(polled), f"told before it was durable, at sync {position}"
        if status == 0:
            missing = [one for one in polled.look()["unseen"] if one[2] != "withdrawn"]  # which takes two polls
            assert not missing, f"acknowledged and not there, at sync {position}: {missing}"
        else:
            assert (status, injected(polled) > 0) == (3, True), polled.complaints()
            failed += 1
        assert polled.command("poll")[0] == 0, polled.complaints()
        if not injected(polled):
            break
    polled.drain()
    assert "Traceback" not in (polled.folder / "stderr").read_text()
    verdict = judge(polled)
    report(f"{position - 1} positions, {failed} refused polls; {verdict}")
    assert verdict.wrong == []
    assert failed >= 5
    assert not injected(polled), "there are more positions than were tried"


def test_a_daemon_whose_sync_fails_stops_and_the_next_start_is_clean(polled: Rig) -> None:
    polled.world("set", lively=True)
    with polled.running("run", before=(STRACE, "-f", "--seccomp-bpf", *failing_at(polled, 4))) as process:
        _, complained = process.communicate(timeout=120)
    assert (process.returncode, "the disk did not keep what was written" in complained) == (3, True), complained
    assert injected(polled)
    assert told_is_in_the_log(polled)
    polled.drain()
    assert judge(polled).wrong == []


@pytest.mark.parametrize(("feeds", "new"), [(10, 0), (1, 20), (10, 20)])
def test_syncs_of_a_poll_in_steady_state(new: int, feeds: int, tmp_path: Path) -> None:
    """Statements that concern no rule, so that the syncs are those of polls and not of deliveries."""
    with rig(tmp_path, feeds=feeds) as steady:
        assert steady.command("poll")[0] == 0
        read = polls(steady)
        pid = steady.start("run")
        until(lambda: polls(steady) >= read + 2 * feeds, "the daemon polls")
        before = polls(steady)
        with traced(pid, "-c", "-o", str(tmp_path / "counted"), "-e", f"trace={SYNCS}"):
            for n in range(1, ROUNDS + 1):
                if new:
                    steady.world("publish", count=new, matching=False)
                until(partial(read_so_far, steady, before + feeds * n, (12 + new * n) * feeds), "the feeds are read")
        counted = ROUNDS * feeds if new else polls(steady) - before
        steady.signal(pid, signal.SIGTERM)
        assert steady.ended(pid) == 0
    syncs = sum(int(row.split()[3]) for row in (tmp_path / "counted").read_text().splitlines() if row.endswith("sync"))
    report(
        f"{syncs} syncs in {counted} polls of {feeds} feeds, {new} new statements each: {syncs / counted:.2f} a poll"
    )
    assert syncs > 0


def read_so_far(rig: Rig, asked: int, recorded: int) -> bool:
    return polls(rig) >= asked and len(rig.rows("items")) >= recorded


def polls(rig: Rig) -> int:
    return sum(rig.look()["hits"].values())
