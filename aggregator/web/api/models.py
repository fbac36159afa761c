"""What the API answers, described: the models behind `/api/openapi.json`. The answers themselves are made of the rows
in `aggregator.shown`; that the two agree is tested, not computed again for each answer.
"""

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from store.events import ItemState

Row = TypeVar("Row")

A_FEED, AN_ITEM, A_RULE = "kremlin-en", "kremlin-en/abcdefghij234567", "syria"
FeedName = Annotated[str, Field(description="The feed's id in the settings.", examples=[A_FEED])]
ItemName = Annotated[str, Field(description="The item's id: its feed's, a slash, 16 characters.", examples=[AN_ITEM])]
RuleName = Annotated[str, Field(description="The rule's id in the settings.", examples=[A_RULE])]
Place = Annotated[int, Field(description="A position in the log: 1, 2, 3, … without gaps.", ge=0)]


class Document(BaseModel):
    """What all share: nothing that is not described."""

    model_config = ConfigDict(extra="forbid")


class Error(Document):
    """Why there is no answer."""

    error: str = Field(description="A code that stays; docs/api.md lists them.", examples=["bad_parameter"])
    message: str = Field(description="A sentence for people; it may change.")


class Page(Document, Generic[Row]):
    """One page of a list, newest first unless said otherwise."""

    data: list[Row] = Field(description="The rows; there may be fewer than asked for, or none, and more to come.")
    next: str | None = Field(description="Ask again with this as `after` for the page that follows; null at the end.")


class Item(Document):
    """A statement as it is known now."""

    id: ItemName
    feed: FeedName
    version: int = Field(description="How many edits were recorded, the first version counted as 1.", ge=1)
    state: ItemState
    title: str
    link: str
    published_at: datetime | None = Field(description="When the source says that it was published.")
    observed_at: datetime = Field(description="When we first saw it.")
    language: str


Entry = Annotated[
    tuple[Literal["=", "-", "+"], str], Field(description='`["=", kept]`, `["-", removed]` or `["+", added]`.')
]


class Chapter(Document):
    """One event in the life of an item."""

    position: Place
    at: datetime
    kind: str = Field(examples=["item.revised/1"])
    headline: str = Field(description="The event in words; they may change.")
    details: list[str]
    version: int | None = Field(description="The version that it made, if it made one.")
    title: str | None = Field(description="That version's title.")
    text: str | None = Field(description="The text of version 1; of later ones see `diffs`.")
    diffs: list[tuple[Literal["title", "text"], list[Entry]]] = Field(
        description="What the edit changed, word by word: pairs of a field and its difference."
    )


class History(Document):
    """An item with its history, oldest first."""

    item: Item
    history: list[Chapter]
    next: str | None = Field(description="Ask again with this as `after` for what follows; null at the end.")


class Feed(Document):
    """A source of the settings, and how well we see it."""

    id: FeedName
    url: str = Field(description="Its address, without user name and password.")
    state: str = Field(examples=["ok"], description="new, ok, failing, degraded, quiet, gone or off.")
    last_good_at: datetime | None
    next_at: datetime | None
    failing_since: datetime | None
    reason: str | None = Field(description="Why the last poll failed.", examples=["http_503"])


class Spell(Document):
    """A time in which we could not see the source."""

    since: datetime
    until: datetime | None = Field(description="Null while it lasts.")
    reason: str


class FeedCoverage(Feed):
    """A source, and when we could not see it."""

    blind: list[Spell]


class Rule(Document):
    """A rule in force."""

    id: RuleName
    match: str = Field(description='Its query; "" for a rule about the health of sources.')
    on: list[str] = Field(examples=[["appeared", "changed"]])
    notify: list[str] = Field(description="The channels that it tells.")
    hits: int = Field(description="How many alerts it has told.", ge=0)


class RuleInFull(Rule):
    """A rule with all that the log says of it."""

    feeds: list[str] | None = Field(description="The feeds that it looks at; null: all.")
    topics: dict[str, list[str]] = Field(description="The terms of each topic that its query names.")
    severity: str
    min_change: str
    stem: bool = Field(description="Other forms of its words will do.")


class Delivery(Document):
    """One message to one recipient."""

    delivery_id: str
    alert_id: str
    rule: RuleName
    transition: str = Field(examples=["appeared"])
    item: ItemName | None = Field(description="Null for an alert about a source.")
    channel: str
    recipient: str | None = Field(description="A mail address; told only to who shows the token of [web].")
    state: Literal["pending", "held", "delivered", "dead"]
    reason: str | None = Field(description="Why it is held.")
    attempts: int = Field(ge=0)
    next_at: datetime | None
    last_answer: str | None = Field(description="Of a mail, which may name its recipient: only with the token.")


class Alert(Document):
    """A transition that the log proves, with its deliveries."""

    alert_id: str
    rule: RuleName
    feed: str
    item: ItemName | None
    transition: str
    cause: int = Field(description="Position of the event that it follows from.")
    position: Place
    raised_at: datetime
    held: str | None = Field(description="Why it was not sent, while it is held.")
    follows: str | None = Field(description="The first alert about this item under this rule, if this is a later one.")
    deliveries: list[Delivery]


class Event(Document):
    """A fact in the log. docs/events.md describes every kind with its `data`."""

    position: Place
    event_id: str
    stream: str = Field(examples=["feed:kremlin-en"])
    version: int = Field(description="Its place in its stream.", ge=1)
    kind: str = Field(examples=["item.published/1"])
    subject: str = Field(description="What it is about: an item, a feed or a rule.")
    recorded_at: datetime
    data: dict[str, JsonValue]
    hash: str = Field(description="The end of the hash chain at this event, as hex digits.")


class EventPage(Document):
    """Events in the order of the log."""

    data: list[Event]
    next: Place = Field(description="Ask again with this as `after`, now if `more`, else when something has happened.")
    more: bool = Field(description="Whether the log goes on beyond `next`.")


class Head(Document):
    """The end of the log."""

    position: Place
    hash: str


class Applied(Document):
    """The settings in force; `digest` and `file` are null before the first run, the rest is of a running daemon."""

    digest: str | None
    file: str | None
    ok: bool | None = Field(description="Whether the newest settings are in force; null while no daemon runs.")
    loaded_at: str | None
    rejected_at: str | None = Field(description="When newer ones were refused, for their mistakes.")
    mistakes: list[str]
    restart: list[str] = Field(description="Sections that were changed and need a restart.")


class Running(Document):
    """The daemon."""

    running: bool
    since: str | None


class Status(Document):
    """How everything stands."""

    feeds: dict[str, int] = Field(description="Feeds by state.")
    queues: dict[str, int] = Field(description="Deliveries by state, events `unread` by rules, `pages` that are due.")
    head: Head
    settings: Applied
    daemon: Running
