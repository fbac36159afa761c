"""How the settings of a running daemon stand, as it writes it down for `status` in another process. Pure.

A `Notice` becomes one line of JSON beside the store's lock, which ends with the process, and is read from there. It
holds no values of settings: mistakes are places and sentences, whose makers keep secrets out of them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from config.mistakes import Mistake

MOST_MISTAKES = 10
MOST_LETTERS = 240


@dataclass(frozen=True, slots=True)
class Notice:
    """`digest` and `file` are of the settings in force since `loaded_at` (as JSON has times). `rejected_at`: when newer
    ones were refused, "" while the newest are in force; `mistakes` are the first of theirs, `found` counts them
    all. `restart`: sections that were changed and need one.
    """

    digest: str
    file: str
    loaded_at: str
    rejected_at: str = ""
    mistakes: tuple[str, ...] = ()
    found: int = 0
    restart: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the newest settings are in force."""
        return not self.rejected_at

    def as_note(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=True)


def notice_of(note: str) -> Notice | None:
    """What such a line says; None for anything else: an older program may hold the lock."""
    try:
        said = json.loads(note)
        return Notice(**{**said, "mistakes": tuple(said["mistakes"]), "restart": tuple(said["restart"])})
    except (ValueError, TypeError, KeyError):
        return None


def heads(mistakes: Sequence[Mistake]) -> tuple[str, ...]:
    """The first mistakes, a line each: place and sentence, without the line of the file."""
    lines = (mistake.render().partition("\n")[0] for mistake in mistakes[:MOST_MISTAKES])
    return tuple(line if len(line) <= MOST_LETTERS else line[: MOST_LETTERS - 1] + "…" for line in lines)


def needs_restart(sections: Sequence[str]) -> str:
    """What to tell of sections that only a start can put in force, "" when there are none."""
    if not sections:
        return ""
    named = " and ".join(f"[{section}]" for section in sections)
    return f"{named} changed, which needs a restart; until then what was read at the start counts"
