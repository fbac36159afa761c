"""What may be asked of the API: the parameters of each list, described and bounded, and what they mean to the store.

Values that cannot be meant raise `Refused` (400) with a sentence that says what is wrong and what would be right.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aggregator.web.api.cursors import BIGGEST, LONGEST, Part, opened, sealed, unreadable
from aggregator.web.api.models import A_FEED, A_RULE, AN_ITEM
from aggregator.web.api.paging import document
from aggregator.web.refusal import Refused
from config.values import nearest, positive_duration, shown
from store.codec import KINDS
from store.events import ItemState, Position
from store.instants import from_micros, to_micros
from store.ports import Place

LONGEST_QUERY = 2000
"""Characters: to make so many costly regular expressions ready takes a second."""
LATEST = to_micros(datetime.max.replace(tzinfo=UTC))

Named = Annotated[str | None, Field(min_length=1, max_length=200)]


class Paged(BaseModel):
    """What every list takes. A parameter that is not known is a mistake: a filter that is misspelt filters nothing."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=1000, description="At most so many rows.")] = 100
    after: Annotated[str | None, Field(min_length=1, max_length=LONGEST, description="`next` of the page before.")] = (
        None
    )


class ItemQuery(Paged):
    """Which items."""

    feed: Named = Field(None, description="Only this feed's.", examples=[A_FEED])
    since: Named = Field(
        None, description="Only those first seen since: a duration until now (7d), or a time with its zone.",
        examples=["7d", "2026-11-21T20:00:00Z"],
    )  # fmt: skip
    match: Annotated[str | None, Field(min_length=1, max_length=LONGEST_QUERY)] = Field(
        None, description="Only those whose latest version matches, as in a rule: docs/rules.md.", examples=["Syria"]
    )
    state: ItemState | None = Field(None, description="Only those in this state.")
    withdrawn: bool | None = Field(None, description="True: the same as `state=withdrawn`.")

    @property
    def wanted_state(self) -> ItemState | None:
        """The state that is asked for, in either way."""
        if self.withdrawn and self.state not in (None, "withdrawn"):
            raise Refused(400, "bad_parameter", "`withdrawn` and `state` ask for two different states: leave one out")
        return "withdrawn" if self.withdrawn else self.state


class HistoryQuery(Paged):
    """Which part of a history."""

    limit: Annotated[int, Field(ge=1, le=1000, description="At most so many events.")] = 1000


class FeedQuery(Paged):
    """Which feeds."""

    state: Named = Field(None, description="Only those in this state.", examples=["failing"])


class AlertQuery(Paged):
    """Which deliveries."""

    state: Literal["pending", "held", "delivered", "dead"] | None = Field(None, description="Only those in this state.")
    rule: Named = Field(None, description="Only this rule's.", examples=[A_RULE])
    item: Named = Field(None, description="Only those about this item.", examples=[AN_ITEM])


class EventQuery(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")
    limit: Annotated[int, Field(ge=1, le=1000, description="At most so many rows.")] = 100
    after: Annotated[int, Field(ge=0, le=BIGGEST, description="Only events with a position above this one.")] = 0
    kinds: Annotated[str | None, Field(min_length=1, max_length=2000)] = Field(
        None, description="Only these kinds, with commas between.", examples=["item.published/1,item.revised/1"]
    )
    feed: Named = Field(None, description="Only this feed's, its items' included.", examples=[A_FEED])
    item: Named = Field(None, description="Only this item's.", examples=[AN_ITEM])


@dataclass(frozen=True, slots=True)
class Question:
    """A question for a page of a list: where it was asked, with what, and where the log ended then."""

    path: str
    asked: Mapping[str, str]
    head: Position

    @classmethod
    def of(cls, request: Request, head: Position) -> "Question":
        """The question that this request asks."""
        return cls(request.scope["path"], dict(request.query_params), head)

    def place(self, *kinds: type[Part]) -> tuple[Part, ...] | None:
        """Where the page before ended, None for the first page."""
        after = self.asked.get("after")
        return None if after is None else opened(after, self.path, self._filters, self.head, kinds)

    def answer(self, told: Mapping[str, object], place: tuple[Part, ...] | None) -> Response:
        """The page, with the cursor of the next one, in the body as `next` and as a link."""
        if place is None:
            return document({**told, "next": None})
        following = sealed(self.path, self._filters, self.head, place)
        link = f'<{quote(self.path)}?{urlencode({**self.asked, "after": following})}>; rel="next"'
        return document({**told, "next": following}, {"link": link})

    @property
    def _filters(self) -> dict[str, str]:
        return {name: value for name, value in self.asked.items() if name not in ("after", "limit")}


def place_of(question: Question) -> Place | None:
    """Where the page before ended, in a list that stands newest first."""
    match question.place(int, str):
        case (int(micros), str(name)) if micros <= LATEST:
            return Place(from_micros(micros), name)
        case None:
            return None
        case _:
            raise unreadable()


def parts_of(place: Place | None) -> tuple[Part, ...] | None:
    """The same place for a cursor."""
    return None if place is None else (to_micros(place.at), place.id)


def position_of(question: Question) -> Position:
    """Where the page before ended, in a list that stands in the order of the log."""
    match question.place(int):
        case (int(position),):
            return Position(position)
        case _:
            return Position(0)


def name_of(question: Question) -> str:
    """Where the page before ended, in a list that stands in the order of its ids; "" for the first page."""
    match question.place(str):
        case (str(name),):
            return name
        case _:
            return ""


def moment(since: str, now: datetime) -> datetime:
    """A duration until now, or a time."""
    try:
        return now - positive_duration(since)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        told = f"{shown(since)} is neither a duration, as 7d, nor a time with its zone, as 2026-11-21T20:00:00Z"
        raise Refused(400, "bad_parameter", f"`since`: {told}")
    return at


def kinds_of(written: str | None) -> Collection[str]:
    """Kinds of events with commas between; empty: all."""
    kinds = [] if written is None else [kind.strip() for kind in written.split(",")]
    for kind in kinds:
        if kind not in KINDS:
            told = f"there is no kind {shown(kind)}{nearest(kind, KINDS)}; docs/events.md lists them"
            raise Refused(400, "bad_parameter", f"`kinds`: {told}")
    return kinds
