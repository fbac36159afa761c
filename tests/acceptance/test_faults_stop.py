"""The daemon is asked to stop while it works, or is in the way of another command (matrix row 65).

FEEDWITNESS_TORTURE: a tenth as many stops under load (100 from 1,000 on, else 5).
"""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.torture.oracle import judge
from tests.torture.rig import Rig, report, rig, until

STOPS = 100 if int(os.environ.get("FEEDWITNESS_TORTURE", "100")) >= 1000 else 5
PROMISED_SECONDS = 10

pytestmark = pytest.mark.xdist_group("torture")


def working(rig: Rig, hook_pause: float) -> int:
    """A daemon in the middle of its deliveries, to a receiver that takes its time."""
    rig.world("set", lively=True, hook_pause=hook_pause)
    rig.world("publish", count=2)
    pid = rig.start("run")
    until(lambda: rig.look()["waiting_hooks"], "a delivery is under way")
    return pid


def stop(rig: Rig, pid: int) -> tuple[int | None, float]:
    """Exit status after one TERM, and the seconds that it took."""
    began = time.monotonic()
    rig.signal(pid, signal.SIGTERM)
    return rig.ended(pid), time.monotonic() - began


def stopped_again(rig: Rig, pid: int) -> int | None:
    """One more TERM: the first ones may be taken for the echo of the one before."""
    rig.signal(pid, signal.SIGTERM)
    return rig.ended(pid, 0.2)


@pytest.mark.long
@pytest.mark.timeout(120 + 12 * STOPS)
def test_term_under_load_ends_well_in_ten_seconds_and_loses_nothing(tmp_path: Path) -> None:
    slowest = 0.0
    with rig(tmp_path) as loaded:
        assert loaded.command("poll")[0] == 0
        for _ in range(STOPS):
            status, took = stop(loaded, working(loaded, 0.5))
            slowest = max(slowest, took)
            assert (status, took <= PROMISED_SECONDS) == (0, True), (status, took, loaded.complaints())
        loaded.drain()
        verdict = judge(loaded)
    report(f"{STOPS} stops under load, the slowest in {slowest:.1f} s; {verdict}")
    assert verdict.wrong == []
    assert verdict.repeated_posts == 0, "what was under way was cut off"


@pytest.mark.long
def test_term_does_not_wait_for_a_receiver_that_hangs_and_its_alerts_arrive_after_the_next_start(
    tmp_path: Path,
) -> None:
    with rig(tmp_path, feeds=2) as hanging:
        assert hanging.command("poll")[0] == 0
        status, took = stop(hanging, working(hanging, 60))
        assert (status, took <= PROMISED_SECONDS) == (0, True), (status, took, hanging.complaints())
        hanging.drain()
        assert judge(hanging).wrong == []


@pytest.mark.long
def test_a_second_term_stops_at_once_and_loses_nothing(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=2) as hanging:
        assert hanging.command("poll")[0] == 0
        pid = working(hanging, 60)
        hanging.signal(pid, signal.SIGTERM)
        until(lambda: "stopping" in hanging.complaints(), "the daemon has heard the first one")
        assert until(lambda: stopped_again(hanging, pid), "the daemon ends") == 130
        hanging.drain()
        assert judge(hanging).wrong == []


def test_run_poll_and_rebuild_exclude_each_other_and_say_who_holds_the_store(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=1) as held:
        pid = held.start("run")
        until(lambda: held.look()["hits"], "the daemon looks at its feed")
        for number, words in enumerate((("run",), ("poll",), ("rebuild",)), start=1):
            status, _ = held.command(*words)
            said = held.complaints()  # of all of them; the daemon goes on speaking meanwhile
            assert (status, said.count(f"`feedwitness run` (process {pid}")) == (2, number), said
        assert stop(held, pid)[0] == 0
        assert held.command("poll")[0] == 0
