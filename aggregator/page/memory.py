"""What is remembered of one page between visits, as compact JSON in its row of the schedule.

In comes a string that we wrote ourselves, perhaps an older program, perhaps damaged; out comes a `PageMemory`. It is
not in the log and may be lost: whatever cannot be read is an empty memory, and costs a second look. Nothing here ever
raises.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from aggregator.deciding.memory import PageAnswer, answer_of, answer_row
from aggregator.deciding.restless import Restless, Volatile, restless_of, restless_row, volatile_of, volatile_row
from aggregator.deciding.stored import bool_of, instant_of, list_of, micros_of, str_of

FORMAT = 1

Sketch = NewType("Sketch", str)
"""The blocks of a text in short (`likeness.sketch`): tells whether two texts share most of them."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Another text than this page was known for, seen at `since`, that waits for a second look. `vouched`: the control
    page said something else in the same breath.
    """

    since: datetime
    text: Sketch
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class PageMemory:
    """`stood_at`: when the page was last seen standing; `missing_since`: when first not, and `answers` what it said
    since, while its feed did not list the item. `block_pages`: texts that stood under two addresses at once.

    `restless`: its text changed at each of the last looks; `volatile`: the spots of it that always do. `extractor`: the
    one under which the known text was last found to be the same, "" = the one that the log names.
    """

    stood_at: datetime | None = None
    missing_since: datetime | None = None
    answers: tuple[PageAnswer, ...] = ()
    doubt: Doubt | None = None
    block_pages: tuple[Sketch, ...] = ()
    restless: Restless | None = None
    volatile: tuple[Volatile, ...] = ()
    extractor: str = ""


def recall(stored: str) -> PageMemory:
    """Read a stored memory; "" is that of a page never visited."""
    if not stored:
        return PageMemory()
    try:
        data = json.loads(stored)
        return _read(data) if data["v"] == FORMAT else PageMemory()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return PageMemory()


def dump(memory: PageMemory) -> str:
    """The memory as compact JSON; `recall(dump(m))` gives `m` again."""
    data: dict[str, object] = {"v": FORMAT}
    if memory.stood_at:
        data["stood"] = micros_of(memory.stood_at)
    if memory.missing_since:
        data["missing"] = micros_of(memory.missing_since)
    if memory.answers:
        data["answers"] = [answer_row(each) for each in memory.answers]
    if memory.doubt:
        data["doubt"] = [micros_of(memory.doubt.since), memory.doubt.text, memory.doubt.vouched]
    if memory.block_pages:
        data["blocks"] = list(memory.block_pages)
    if memory.restless:
        data["restless"] = restless_row(memory.restless)
    if memory.volatile:
        data["volatile"] = [volatile_row(each) for each in memory.volatile]
    if memory.extractor:
        data["extractor"] = memory.extractor
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _read(data: Mapping[str, object]) -> PageMemory:
    stood, missing, doubt, restless = (data.get(name) for name in ("stood", "missing", "doubt", "restless"))
    return PageMemory(
        stood_at=None if stood is None else instant_of(stood),
        missing_since=None if missing is None else instant_of(missing),
        answers=tuple(answer_of(list_of(row)) for row in list_of(data.get("answers", []))),
        doubt=_doubt(list_of(doubt)) if doubt else None,
        block_pages=tuple(Sketch(str_of(each)) for each in list_of(data.get("blocks", []))),
        restless=restless_of(list_of(restless)) if restless else None,
        volatile=tuple(volatile_of(list_of(each)) for each in list_of(data.get("volatile", []))),
        extractor=str_of(data.get("extractor", "")),
    )


def _doubt(row: list[object]) -> Doubt:
    since, text, vouched = row
    return Doubt(instant_of(since), Sketch(str_of(text)), bool_of(vouched))
