"""While much is built, other threads go on; afterwards all is as before, and what was built is never walked again."""

import gc
import sys
from collections.abc import Iterator

import pytest

from alerts.heap import MANY, SWITCH_SECONDS, growing

USUAL = gc.get_threshold()


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_full_collections_wait_and_threads_take_turns_sooner() -> None:
    with growing(MANY):
        assert gc.get_threshold()[:2] == USUAL[:2]
        assert gc.get_threshold()[2] > 1_000_000
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    assert gc.get_threshold() == USUAL
    assert sys.getswitchinterval() > SWITCH_SECONDS


def test_what_was_built_is_not_walked_again() -> None:
    with growing(MANY):
        built = [[number] for number in range(50_000)]
    assert gc.get_freeze_count() > len(built)


def test_all_is_as_before_also_when_building_fails() -> None:
    with pytest.raises(ValueError, match="wrong"), growing(MANY):
        raise ValueError("wrong settings")
    assert gc.get_threshold() == USUAL
    assert sys.getswitchinterval() > SWITCH_SECONDS


def test_for_a_few_things_nothing_changes() -> None:
    before = gc.get_freeze_count()
    with growing(MANY - 1):
        assert gc.get_threshold() == USUAL
    assert gc.get_freeze_count() == before
