"""Does a text return to what was said before, and how often did it? Pure, for either face of an item."""

from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

FLAPPING_WITHIN = timedelta(hours=24)
FLIPS_ALLOWED = 2


def is_flapping(said: Sequence[tuple[datetime, Hashable]], at: datetime) -> bool:
    """Is a return at `at` one too many? `said`: what was recorded so far and when, in order, held or not."""
    return _flips(said, at - FLAPPING_WITHIN) >= FLIPS_ALLOWED


def _flips(said: Sequence[tuple[datetime, Hashable]], since: datetime) -> int:
    """How many of those recorded after `since` went back to something said earlier."""
    words = [each for _, each in said]
    return sum(
        at > since and index > 0 and words[index] != words[index - 1] and words[index] in words[:index]
        for index, (at, _) in enumerate(said)
    )
