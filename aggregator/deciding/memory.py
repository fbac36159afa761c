"""What the aggregator remembers of one feed between polls, as compact JSON beside the poll state.

In comes a string that we wrote ourselves, perhaps an older program, perhaps damaged; out comes a `FeedMemory`. It is
not in the log and may be lost: whatever cannot be read is a fresh memory with `lost` set. Known items are found again
by their aliases then; what is lost is the window, and with it the open suspicions. Nothing here ever raises.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aggregator.deciding.restless import Restless, Volatile, restless_of, restless_row, volatile_of, volatile_row
from aggregator.deciding.stored import bool_of, instant_of, int_of, list_of, micros_of, rows_of, str_of
from aggregator.older import WAYS, OlderPage
from store.events import FeedBaselined, ItemId, Key

FORMAT = 1

IdentityPolicy = Literal["", "guid", "link", "title", "dated"]
"""What tells entries apart; "" = not fixed yet, because no document with entries has been seen."""

Growth = Literal["", "top", "end"]


@dataclass(frozen=True, slots=True)
class Listed:
    """An item at its place in the last accepted document. `date`: claimed, in seconds since 1970, None = none readable.

    `stray`: it came back into the window from below, or stayed while newer ones rolled off (a pinned or updated entry):
    that it is still listed proves nothing about the order of leaving.
    """

    item: ItemId
    date: int | None
    stray: bool = False


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One answer about a suspect's page, as `outcome.PageSeen` gave it."""

    at: datetime
    verdict: str
    detail: str
    sibling_stands: bool
    made_up: bool = False
    sibling_alike: bool = False


@dataclass(frozen=True, slots=True)
class Suspect:
    """An item missing from the middle of its feed. `older`: items that stood below it and are the evidence of the hole.

    `absent_at` is None until a second good poll confirmed the hole and `item.absent` was recorded. `link` "" = it has
    no page of its own to ask. `stale`: the document looked like an older copy of the feed, so the wait is longer.
    """

    item: ItemId
    last_seen_at: datetime
    first_absent_at: datetime
    older: tuple[ItemId, ...]
    link: str = ""
    stale: bool = False
    absent_at: datetime | None = None
    answers: tuple[PageAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Smaller:
    """A well-formed document that lost over half of its entries, waiting to be believed. `keys`: what it lists."""

    since: datetime
    polls: int
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect under observation, or adopted (`adopted`), to `url`, for the feed configured as `origin`."""

    origin: str
    url: str
    since: datetime
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """A gap whose missed statements are being looked for. `since`: the last good poll before it; `begun`: the one that
    found it; `page`: the older page to ask next; `floor`: the claimed date, in seconds since 1970, of the oldest entry
    that was listed before (None = none readable); `pages` were read so far, `recovered` statements found in them.
    """

    since: datetime
    begun: datetime
    page: OlderPage
    floor: int | None
    pages: int = 0
    recovered: int = 0


@dataclass(frozen=True, slots=True)
class FeedMemory:
    """Everything remembered of one feed. `baselined` False: its first good document is still to come.

    `grows`: where new entries were seen to come in; it tells the past end of a list whose dates do not.
    `url` and `parser` are those of the last accepted document; `boilerplate` holds fingerprints of text blocks that
    were found to be parts of the site, not of statements; `volatile`: spots of listed items that change with every
    document; `lost`: it was rebuilt, so no window is known.
    """

    baselined: bool = False
    identity: IdentityPolicy = ""
    url: str = ""
    parser: str = ""
    window: tuple[Listed, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    smaller: Smaller | None = None
    grows: Growth = ""
    restless: Mapping[ItemId, Restless] = field(default_factory=dict)
    volatile: Mapping[ItemId, tuple[Volatile, ...]] = field(default_factory=dict)
    boilerplate: tuple[str, ...] = ()
    move: Move | None = None
    repair: Repair | None = None
    lost: bool = False


def recall(stored: str, baselined: FeedBaselined | None) -> FeedMemory:
    """Read a stored memory. `baselined` is the feed's event in the log, if any: it alone decides whether a first fetch
    is still to come, so that a lost or foreign memory can never make known items news again.
    """
    identity = _policy(baselined.identity) if baselined else ""
    fresh = FeedMemory(baselined=baselined is not None, identity=identity, lost=baselined is not None)
    memory = peek(stored)
    return memory if memory is not None and memory.baselined == (baselined is not None) else fresh


def peek(stored: str) -> FeedMemory | None:
    """A stored memory as it is, for showing; None where there is none that can be read."""
    if not stored:
        return None
    try:
        data = json.loads(stored)
        return _read(data) if data["v"] == FORMAT else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, StopIteration):
        return None


def dump(memory: FeedMemory) -> str:
    """The memory as compact JSON; `recall(dump(m), baselined)` gives `m` again, `lost` aside."""
    data: dict[str, object] = {
        "v": FORMAT,
        "baselined": memory.baselined,
        "identity": memory.identity,
        "url": memory.url,
        "parser": memory.parser,
        "window": [[e.item, e.date, 1] if e.stray else [e.item, e.date] for e in memory.window],
    }
    if memory.suspects:
        data["suspects"] = [_suspect_to_json(s) for s in memory.suspects]
    if memory.smaller:
        data["smaller"] = [micros_of(memory.smaller.since), memory.smaller.polls, list(memory.smaller.keys)]
    if memory.grows:
        data["grows"] = memory.grows
    if memory.restless:
        data["restless"] = {item: restless_row(each) for item, each in memory.restless.items()}
    if memory.volatile:
        data["volatile"] = {item: [volatile_row(each) for each in spots] for item, spots in memory.volatile.items()}
    if memory.boilerplate:
        data["boilerplate"] = list(memory.boilerplate)
    if memory.move:
        data["move"] = [memory.move.origin, memory.move.url, micros_of(memory.move.since), memory.move.adopted]
    if memory.repair:
        data["repair"] = _repair_to_json(memory.repair)
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def answer_row(answer: PageAnswer) -> list[object]:
    """One answer of a page as JSON."""
    row: list[object] = [micros_of(answer.at), answer.verdict, answer.detail, answer.sibling_stands]
    return [*row, answer.sibling_alike] if answer.made_up else row


def answer_of(row: list[object]) -> PageAnswer:
    """Read what `answer_row` wrote; TypeError or ValueError if it is something else."""
    at, verdict, detail, sibling_stands, *compared = row
    alike = any(bool_of(each) for each in compared)
    return PageAnswer(instant_of(at), str_of(verdict), str_of(detail), bool_of(sibling_stands), bool(compared), alike)


def _read(data: Mapping[str, object]) -> FeedMemory:
    smaller, move, repair = data.get("smaller"), data.get("move"), data.get("repair")
    return FeedMemory(
        baselined=bool_of(data["baselined"]),
        identity=_policy(str_of(data["identity"])),
        url=str_of(data["url"]),
        parser=str_of(data["parser"]),
        window=tuple(_listed_from_json(list_of(row)) for row in list_of(data["window"])),
        suspects=tuple(_suspect_from_json(list_of(row)) for row in list_of(data.get("suspects", []))),
        smaller=_smaller_from_json(list_of(smaller)) if smaller else None,
        grows=_growth(data.get("grows", "")),
        restless={ItemId(item): restless_of(row) for item, row in rows_of(data.get("restless", {})).items()},
        volatile={
            ItemId(item): tuple(volatile_of(list_of(each)) for each in row)
            for item, row in rows_of(data.get("volatile", {})).items()
        },
        boilerplate=tuple(str_of(line) for line in list_of(data.get("boilerplate", []))),
        move=_move_from_json(list_of(move)) if move else None,
        repair=_repair_from_json(list_of(repair)) if repair else None,
    )


def _listed_from_json(row: list[object]) -> Listed:
    date = row[1]
    return Listed(ItemId(str_of(row[0])), None if date is None else int_of(date), stray=len(row) > 2)


def _smaller_from_json(row: list[object]) -> Smaller:
    since, polls, keys = row
    return Smaller(instant_of(since), int_of(polls), tuple(Key(str_of(key)) for key in list_of(keys)))


def _move_from_json(row: list[object]) -> Move:
    origin, url, since, adopted = row
    return Move(str_of(origin), str_of(url), instant_of(since), bool_of(adopted))


def _repair_to_json(repair: Repair) -> list[object]:
    page = [repair.page.url, repair.page.number, repair.page.way]
    return [micros_of(repair.since), micros_of(repair.begun), page, repair.floor, repair.pages, repair.recovered]


def _repair_from_json(row: list[object]) -> Repair:
    since, begun, page, floor, pages, recovered = row
    url, number, way = list_of(page)
    known = next(each for each in WAYS if each == way)
    return Repair(
        since=instant_of(since),
        begun=instant_of(begun),
        page=OlderPage(str_of(url), int_of(number), known),
        floor=None if floor is None else int_of(floor),
        pages=int_of(pages),
        recovered=int_of(recovered),
    )


def _suspect_to_json(suspect: Suspect) -> list[object]:
    return [
        suspect.item,
        micros_of(suspect.last_seen_at),
        micros_of(suspect.first_absent_at),
        list(suspect.older),
        suspect.link,
        suspect.stale,
        None if suspect.absent_at is None else micros_of(suspect.absent_at),
        [answer_row(answer) for answer in suspect.answers],
    ]


def _suspect_from_json(row: list[object]) -> Suspect:
    item, last_seen_at, first_absent_at, older, link, stale, absent_at, answers = row
    return Suspect(
        item=ItemId(str_of(item)),
        last_seen_at=instant_of(last_seen_at),
        first_absent_at=instant_of(first_absent_at),
        older=tuple(ItemId(str_of(each)) for each in list_of(older)),
        link=str_of(link),
        stale=bool_of(stale),
        absent_at=None if absent_at is None else instant_of(absent_at),
        answers=tuple(answer_of(list_of(answer)) for answer in list_of(answers)),
    )


def _policy(name: str) -> IdentityPolicy:
    for policy in ("guid", "link", "title", "dated"):
        if name == policy:
            return policy
    return ""


def _growth(name: object) -> Growth:
    return "top" if name == "top" else "end" if name == "end" else ""
