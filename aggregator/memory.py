"""What the aggregator remembers of one feed between polls, as compact JSON beside the poll state.

In comes a string that we wrote ourselves, perhaps an older program, perhaps damaged; out comes a `FeedMemory`. It is
not in the log and may be lost: whatever cannot be read is a fresh memory with `lost` set. Known items are found again
by their aliases then; what is lost is the window, and with it the open suspicions. Nothing here ever raises.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from store.events import FeedBaselined, ItemId, Key

FORMAT = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
class Restless:
    """How many documents in a row showed this item changed, since when, and what it said last (a short digest)."""

    streak: int
    since: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Move:
    """A permanent redirect under observation, or adopted (`adopted`), to `url`, for the feed configured as `origin`."""

    origin: str
    url: str
    since: datetime
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class FeedMemory:
    """Everything remembered of one feed. `baselined` False: its first good document is still to come.

    `grows`: where new entries were seen to come in; it tells the past end of a list whose dates do not.
    `url` and `parser` are those of the last accepted document; `boilerplate` holds fingerprints of text blocks that
    were found to be parts of the site, not of statements; `lost`: it was rebuilt, so no window is known.
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
    boilerplate: tuple[str, ...] = ()
    move: Move | None = None
    lost: bool = False


def recall(stored: str, baselined: FeedBaselined | None) -> FeedMemory:
    """Read a stored memory. `baselined` is the feed's event in the log, if any: it alone decides whether a first fetch
    is still to come, so that a lost or foreign memory can never make known items news again.
    """
    identity = _policy(baselined.identity) if baselined else ""
    fresh = FeedMemory(baselined=baselined is not None, identity=identity, lost=baselined is not None)
    if not stored:
        return fresh
    try:
        data = json.loads(stored)
        if data["v"] != FORMAT:
            return fresh
        memory = _read(data)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return fresh
    if memory.baselined != (baselined is not None):
        return fresh
    return memory


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
        data["smaller"] = [_micros(memory.smaller.since), memory.smaller.polls, list(memory.smaller.keys)]
    if memory.grows:
        data["grows"] = memory.grows
    if memory.restless:
        data["restless"] = {i: [r.streak, _micros(r.since), r.said] for i, r in memory.restless.items()}
    if memory.boilerplate:
        data["boilerplate"] = list(memory.boilerplate)
    if memory.move:
        data["move"] = [memory.move.origin, memory.move.url, _micros(memory.move.since), memory.move.adopted]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _read(data: Mapping[str, object]) -> FeedMemory:
    smaller, move = data.get("smaller"), data.get("move")
    return FeedMemory(
        baselined=_bool(data["baselined"]),
        identity=_policy(_str(data["identity"])),
        url=_str(data["url"]),
        parser=_str(data["parser"]),
        window=tuple(_listed_from_json(_list(row)) for row in _list(data["window"])),
        suspects=tuple(_suspect_from_json(_list(row)) for row in _list(data.get("suspects", []))),
        smaller=_smaller_from_json(_list(smaller)) if smaller else None,
        grows=_growth(data.get("grows", "")),
        restless={
            ItemId(item): Restless(_int(row[0]), _instant(row[1]), _str(row[2]))
            for item, row in _rows(data.get("restless", {})).items()
        },
        boilerplate=tuple(_str(line) for line in _list(data.get("boilerplate", []))),
        move=_move_from_json(_list(move)) if move else None,
    )


def _listed_from_json(row: list[object]) -> Listed:
    date = row[1]
    return Listed(ItemId(_str(row[0])), None if date is None else _int(date), stray=len(row) > 2)


def _smaller_from_json(row: list[object]) -> Smaller:
    since, polls, keys = row
    return Smaller(_instant(since), _int(polls), tuple(Key(_str(key)) for key in _list(keys)))


def _move_from_json(row: list[object]) -> Move:
    origin, url, since, adopted = row
    return Move(_str(origin), _str(url), _instant(since), _bool(adopted))


def _suspect_to_json(suspect: Suspect) -> list[object]:
    return [
        suspect.item,
        _micros(suspect.last_seen_at),
        _micros(suspect.first_absent_at),
        list(suspect.older),
        suspect.link,
        suspect.stale,
        None if suspect.absent_at is None else _micros(suspect.absent_at),
        [_answer_to_json(answer) for answer in suspect.answers],
    ]


def _suspect_from_json(row: list[object]) -> Suspect:
    item, last_seen_at, first_absent_at, older, link, stale, absent_at, answers = row
    return Suspect(
        item=ItemId(_str(item)),
        last_seen_at=_instant(last_seen_at),
        first_absent_at=_instant(first_absent_at),
        older=tuple(ItemId(_str(each)) for each in _list(older)),
        link=_str(link),
        stale=_bool(stale),
        absent_at=None if absent_at is None else _instant(absent_at),
        answers=tuple(_answer_from_json(_list(answer)) for answer in _list(answers)),
    )


def _answer_to_json(answer: PageAnswer) -> list[object]:
    row: list[object] = [_micros(answer.at), answer.verdict, answer.detail, answer.sibling_stands]
    return [*row, answer.sibling_alike] if answer.made_up else row


def _answer_from_json(row: list[object]) -> PageAnswer:
    at, verdict, detail, sibling_stands, *compared = row
    alike = any(_bool(each) for each in compared)
    return PageAnswer(_instant(at), _str(verdict), _str(detail), _bool(sibling_stands), bool(compared), alike)


def _policy(name: str) -> IdentityPolicy:
    for policy in ("guid", "link", "title", "dated"):
        if name == policy:
            return policy
    return ""


def _growth(name: object) -> Growth:
    return "top" if name == "top" else "end" if name == "end" else ""


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: object) -> datetime:
    return _EPOCH + timedelta(microseconds=_int(micros))


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _rows(value: object) -> dict[str, list[object]]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return {_str(key): _list(row) for key, row in value.items()}
