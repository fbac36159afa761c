"""The daemon is killed at random moments, again and again, while the world goes on; in the end nothing is amiss.

FEEDWITNESS_TORTURE: how many kills (100; `make torture`: 1,000). FEEDWITNESS_SEED: the moments and the world again.
"""

import os
import random
import sqlite3
import time
from pathlib import Path

import pytest

from tests.torture.oracle import judge
from tests.torture.rig import PATIENCE, Rig, report, rig, seed

KILLS = int(os.environ.get("FEEDWITNESS_TORTURE", "100"))
EARLIEST, LATEST = 0.005, 0.4
SLOTS = 4 + 4
"""Deliveries that one process may have under way: four for each channel."""

pytestmark = [pytest.mark.xdist_group("torture"), pytest.mark.long]


class LogSoFar:
    """The log as a witness beside it saw it grow; alerts must stand in it before they are told."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._known: list[str] = []
        self.raised: set[str] = set()

    def check(self) -> None:
        """What was there is there still, and everything that arrived has its alert in the log."""
        with sqlite3.connect(f"file:{self._rig.store}?mode=ro", uri=True) as database:
            rows = database.execute(
                "SELECT position, hash, kind, json_extract(data, '$.alert') FROM events WHERE position >= ?"
                " ORDER BY position",
                (max(len(self._known), 1),),
            ).fetchall()
        database.close()
        if self._known:
            position, digest, _, _ = rows.pop(0)
            assert (position, digest) == (len(self._known), self._known[-1]), "what was durable is gone"
        self._known += [digest for _, digest, _, _ in rows]
        self.raised |= {alert for _, _, kind, alert in rows if kind.startswith("alert.raised")}
        told = {hook["alert"] for hook in self._rig.world("journal")["hooks"]}
        assert told <= self.raised, f"told before it was in the log: {told - self.raised}"


def kill_once(rig: Rig, after: float) -> None:
    """Start the daemon and kill it so many seconds after it first asked for a feed."""
    pid = rig.start("run")
    assert rig.world("hit", within=PATIENCE)["hit"], f"the daemon asks for nothing: {rig.complaints()}"
    time.sleep(after)
    rig.kill(pid)


@pytest.mark.timeout(120 + 4 * KILLS)
def test_nothing_is_lost_and_nothing_told_twice_whenever_the_daemon_is_killed(tmp_path: Path) -> None:
    chosen = seed()
    chance = random.Random(chosen)
    report(f"{KILLS} kills, FEEDWITNESS_SEED={chosen}")
    with rig(tmp_path, seed=chosen) as killing:
        assert killing.command("poll")[0] == 0
        killing.world("set", lively=True)
        killing.world("quiet")
        log = LogSoFar(killing)
        began = time.monotonic()
        for _ in range(KILLS):
            kill_once(killing, chance.uniform(EARLIEST, LATEST))
            if chance.random() < 0.2:
                log.check()
        took = time.monotonic() - began
        arrived = killing.look()
        killing.drain()
        verdict = judge(killing)
        report(f"{took / KILLS:.2f} s a cycle; {arrived['hooks']} posts before the drain; {verdict}")
    assert not verdict.wrong, (f"FEEDWITNESS_SEED={chosen}", *verdict.wrong)
    assert verdict.repeated_posts <= KILLS * SLOTS
    assert verdict.alerts > KILLS / 4, "too little happened for the kills to mean anything"
