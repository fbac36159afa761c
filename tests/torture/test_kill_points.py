"""The daemon is killed at every named place of `store.failpoint`, at its first occurrence, its second and so on.

Leases are never renewed and settings are never reloaded in this version, so there are no such places yet.
FEEDWITNESS_TORTURE: twenty occurrences each from 1,000 on, else three.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torture.oracle import judge
from tests.torture.rig import Rig, rig, seed

OCCURRENCES = 20 if int(os.environ.get("FEEDWITNESS_TORTURE", "100")) >= 1000 else 3
PLACES = (
    "after_fetch", "after_parse", "in_tx", "before_outbox", "before_commit", "after_commit", "after_send",
    "before_mark", "checkpoint",
)  # fmt: skip
OF_A_FIRST_START = (
    ("migrate", 1), ("migrate", 2), ("after_fetch", 2), ("after_parse", 2), ("in_tx", 2), ("before_commit", 2),
    ("after_commit", 2), ("checkpoint", 1),
)  # fmt: skip
KILLED = -9

pytestmark = [pytest.mark.xdist_group("torture"), pytest.mark.long, pytest.mark.timeout(60 + 60 * OCCURRENCES)]


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A world that goes on from test to test, and a store that was killed at all the places before."""
    with rig(tmp_path_factory.mktemp("points"), seed=seed()) as made:
        assert made.command("poll")[0] == 0
        yield made


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_lost_or_told_twice_when_killed_at(place: str, living: Rig) -> None:
    living.world("set", lively=True)
    for occurrence in range(1, OCCURRENCES + 1):
        killed_at(living, place, occurrence)
    living.drain()
    assert judge(living).wrong == []


def test_a_first_start_that_is_killed_is_no_news_the_second_time(tmp_path: Path) -> None:
    with rig(tmp_path, feeds=2) as first:
        for place, occurrence in OF_A_FIRST_START:
            for file in tmp_path.glob("log.db*"):
                file.unlink()
            killed_at(first, place, occurrence)
            assert first.command("poll")[0] == 0, first.complaints()
            verdict = judge(first)
            assert (verdict.wrong, verdict.alerts) == ([], 0), f"{place}:{occurrence}"
        first.world("publish", count=3)
        first.drain()
        verdict = judge(first)
        assert (verdict.wrong, verdict.alerts > 0) == ([], True)


def killed_at(rig: Rig, place: str, occurrence: int) -> None:
    pid = rig.start("run", failpoint=f"{place}:{occurrence}")
    status = rig.ended(pid)
    assert status == KILLED, f"{place}:{occurrence} is not reached: {status}: {rig.complaints()}"
    rig.world("quiet")
