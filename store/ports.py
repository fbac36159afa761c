"""What the rest of the program may ask of the store: small Protocols beside their nouns.

Every write happens inside `Store.write`: one job, one atomic unit; jobs that wait together are committed together
(group commit), and a job that raises leaves nothing behind. Everything handed out is a frozen value; rows and sessions
never leave the package. All datetimes are aware and in UTC.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from store.events import (
    About,
    AlertId,
    CaptureDigest,
    ChannelId,
    Content,
    EditKind,
    Event,
    FeedId,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRevised,
    ItemState,
    Key,
    Position,
    ReadingEvent,
    Recorded,
    RuleDefined,
    RuleId,
    TextDigest,
)
from store.note import Signs

T = TypeVar("T")
P = TypeVar("P")


class StoreError(Exception):
    """The store cannot do what was asked; the message says what to do next. Base of the small tree below."""


class VersionConflict(StoreError):
    """The stream is not at the expected version: somebody appended first. Read again and decide again."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, is full, or fails to write (`reason`: store_full, store_io, store_away)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class StoreBroken(StoreUnavailable):
    """Writes are lost (a failed fsync): nothing more is accepted, and the process must end and start again."""


class StoreLocked(StoreError):
    """Another process that excludes this one holds the store; the message says who."""


class StoreTooNew(StoreError):
    """The store was written by a newer program; this one will not touch it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: position 0 and 32 zero bytes when it is empty."""

    position: Position
    hash: bytes


class EventLog(Protocol):
    """The append-only log."""

    def append(
        self, stream: str, events: Sequence[Event], *, now: datetime, expected: int | None = None
    ) -> tuple[Recorded, ...]:
        """Append and project. `expected` is the stream's version before (None = any); raises `VersionConflict`.

        `recorded_at` is `now`, or the head's time if that is later: the log's clock never runs backwards.
        """
        ...

    def read(
        self,
        after: Position,
        limit: int,
        *,
        stream: str | None = None,
        subject: str | None = None,
        kinds: Collection[str] = (),
    ) -> Sequence[Recorded]:
        """Events with a position above `after`, in order, old kinds upcast."""
        ...

    def version(self, stream: str) -> int: ...

    def head(self) -> Head: ...


class Texts(Protocol):
    """Texts beside the log, compressed, under salted digests; append-only but for erasure."""

    def salt(self, item: ItemId) -> bytes:
        """The item's salt (16 bytes), made and kept at the first call."""
        ...

    def put(self, item: ItemId, text: str) -> TextDigest: ...

    def get(self, digests: Collection[TextDigest]) -> Mapping[TextDigest, str]:
        """Known texts by digest; erased or unknown ones are left out."""
        ...


@dataclass(frozen=True, slots=True)
class Capture:
    """A response body as received, with where and when. Stored compressed, once per digest."""

    digest: CaptureDigest
    feed: FeedId
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    fetched_at: datetime

    @property
    def content_type(self) -> str:
        """What the server said it is, "" if it did not."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")


class Captures(Protocol):
    """Raw captures of responses, by digest."""

    def put(self, capture: Capture) -> None: ...

    def get(self, digest: CaptureDigest) -> Capture | None: ...

    def prune(self, before: datetime) -> int:
        """Drop a portion of the captures last received before that time that no alert cites.

        Returns how many: 0 when none is left. A portion is small, for it keeps every other writer waiting.
        """
        ...


@dataclass(frozen=True, slots=True)
class Version:
    """One reading of an item, as folded from the log: a version begins with its publication or its edit, and may be
    known better later on.
    """

    number: int
    position: Position
    recorded_at: datetime
    reading: ReadingEvent

    @property
    def content(self) -> Content:
        """What the item said."""
        return self.reading.content

    @property
    def kind(self) -> EditKind | None:
        """The kind of edit that made it, None for other readings."""
        return self.reading.kind if isinstance(self.reading, ItemRevised) else None

    @property
    def hold(self) -> str:
        """Why alerts about it are held, "" if they are not."""
        return "" if isinstance(self.reading, ItemReextracted) else self.reading.hold

    @property
    def begins(self) -> bool:
        """The version began with this reading."""
        return isinstance(self.reading, ItemPublished | ItemRevised)

    @property
    def of_page(self) -> bool:
        """It was a reading of the page behind the item."""
        match self.reading:
            case ItemPublished():
                return False
            case ItemCompleted():
                return True
            case ItemRevised(fields=fields) | ItemReextracted(fields=fields):
                return fields == ("page",)


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item as known now: its state and its latest version. `changed_at` is when that was recorded; `capture` and
    `parser` are those of the latest reading of it.
    """

    id: ItemId
    feed: FeedId
    state: ItemState
    version: int
    content: Content
    salt: bytes
    first_seen_at: datetime
    changed_at: datetime
    capture: CaptureDigest
    parser: str

    @property
    def erased(self) -> bool:
        """Its texts were erased for good, and its salt with them: nothing more is recorded of what it says."""
        return not self.salt


class Items(Protocol):
    """Items by identity: a projection of the log, read inside the same transaction that appends."""

    def find(self, feed: FeedId, keys: Collection[Key]) -> Mapping[Key, ItemId]: ...

    def get(self, items: Collection[ItemId]) -> Mapping[ItemId, KnownItem]: ...

    def versions(self, item: ItemId) -> Sequence[Version]:
        """Every reading, in the order of the log: lowest versions first, some of them more than once."""
        ...

    def told(self, rule: RuleId, item: ItemId) -> Sequence[AlertId]:
        """Alerts raised or released (not merely held) about this item under this rule, first one first."""
        ...


@dataclass(frozen=True, slots=True)
class PollState:
    """What polling one feed has to remember. Not in the log and not rebuilt: losing it costs a full fetch.

    `health`: ok, failing, degraded, gone, quiet or off. `open` True: a suspicion is open, so even an unchanged document
    must be decided upon. `validated_url`: which address gave the validators. `memory` is the aggregator's own JSON
    (window, suspects, brakes); None = leave what is stored.
    """

    feed: FeedId
    health: str = "ok"
    next_at: datetime | None = None
    last_polled_at: datetime | None = None
    last_good_at: datetime | None = None
    last_new_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    goods: int = 0
    reason: str = ""
    etag: str = ""
    last_modified: str = ""
    validated_url: str = ""
    body: str = ""
    full_fetch_at: datetime | None = None
    open: bool = False
    memory: str | None = None


class PollStates(Protocol):
    """What polling remembers, a row per feed."""

    def all(self) -> Mapping[FeedId, PollState]:
        """Every feed's state without its memory (None)."""
        ...

    def memory(self, feed: FeedId) -> str:
        """The stored memory, "" when there is none."""
        ...

    def health(self, feed: FeedId) -> str:
        """How the feed fares, as in `PollState`; "" when it was never polled."""
        ...

    def save(self, states: Sequence[PollState]) -> None:
        """Insert or overwrite; memory None leaves the stored one."""
        ...

    def rename(self, old: FeedId, new: FeedId) -> None: ...


@dataclass(frozen=True, slots=True)
class Visit:
    """When the page behind an item is looked at next, and what the last look left. Beside the log and not rebuilt:
    losing it costs a look.

    `page` is the address by which pages are told apart, `host` whose manners count. `next_at` None: not any more, for
    `reason` if there is one. `since`: the publication or the last change, from which the looks are counted; `until`:
    the end of the looks at what alerted somebody, None for an item that is looked at whether or not it did. `hold`: why
    what the first look brings may alert nobody. `looked_at`: the last answer, None before the first; `etag`,
    `last_modified`, `validated_url` and `body` are those of the last text that was taken in. `failures` in a row, the
    last for `reason`. `memory` is the aggregator's own JSON.
    """

    item: ItemId
    feed: FeedId
    url: str
    page: str
    host: str
    next_at: datetime | None
    since: datetime
    until: datetime | None = None
    hold: str = ""
    looked_at: datetime | None = None
    etag: str = ""
    last_modified: str = ""
    validated_url: str = ""
    body: str = ""
    failures: int = 0
    reason: str = ""
    memory: str = ""


class VisitDepths(NamedTuple):
    """How many visits are planned, are due, and failed the last time."""

    planned: int
    due: int
    failing: int


class Visits(Protocol):
    """The visits to pages, a row per item whose page is read."""

    def get(self, items: Collection[ItemId]) -> Mapping[ItemId, Visit]: ...

    def save(self, visits: Sequence[Visit]) -> None:
        """Insert or overwrite."""
        ...

    def due(self, now: datetime, most: int, *, busy: Collection[str] = ()) -> Sequence[Visit]:
        """What is due, oldest first: one of each host, and none of a `busy` one."""
        ...

    def of(self, feed: FeedId, *, pages: Collection[str] | None = None) -> Sequence[Visit]:
        """Every one of that feed, or those to these pages."""
        ...

    def depths(self, now: datetime) -> VisitDepths: ...


class Told(NamedTuple):
    """An alert about an item that was let out at that place of the log."""

    position: Position
    at: datetime
    item: ItemId
    feed: FeedId


class PagePlans(Protocol):
    """By which settings the pages of each feed were planned last, and what a plan is made of."""

    def all(self) -> Mapping[FeedId, str]: ...

    def set(self, feed: FeedId, plan: str) -> None:
        """Remember it; "" forgets the feed."""
        ...

    def unvisited(self, feed: FeedId, since: datetime) -> Sequence[ItemId]:
        """Items of that feed, first seen since then, that have no visit."""
        ...

    def told(self, after: Position, most: int, *, feed: FeedId | None = None) -> Sequence[Told]:
        """Alerts about items that were raised, or held and then released, after that place, in order."""
        ...

    def rename(self, old: FeedId, new: FeedId) -> None:
        """Give a feed's plan and its visits to its new id."""
        ...


DeliveryState = Literal["pending", "leased", "held", "delivered", "dead"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one recipient. `body` is rendered once; the same bytes leave on every attempt.

    `recipient` is the address (email) or "" ; `number` its place in the channel. `renewed_at`: when a person had it
    tried anew, after `spent` attempts that count no more. Where only a list is wanted, `body` is left empty.
    """

    id: str
    alert: AlertId
    rule: RuleId
    channel: ChannelId
    recipient: str
    number: int
    transition: str
    item: ItemId | None
    body: bytes
    state: DeliveryState = "pending"
    reason: str = ""
    attempts: int = 0
    next_at: datetime | None = None
    last_answer: str = ""
    created_at: datetime | None = None
    spent: int = 0
    renewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an attempt: delivered, dead, retry at `next_at`, or held for `reason`. `answer` is one clean line
    that may name the recipient (it stays in the outbox); `code` is the short form that goes into the log.
    """

    state: Literal["delivered", "dead", "pending", "held"]
    answer: str
    code: str
    next_at: datetime | None = None
    reason: str = ""


class Outbox(Protocol):
    """What must leave the house. Claims are leases fenced by the attempt number."""

    def enqueue(self, deliveries: Sequence[Delivery]) -> None: ...

    def claim(
        self, now: datetime, limit: int, lease: timedelta, *, busy: Collection[ChannelId] = ()
    ) -> Sequence[Delivery]:
        """Due deliveries, oldest first, now leased with `attempts` raised by one; none of a `busy` channel, and fair
        among channels: one that is slow or large does not shut out the others."""
        ...

    def settle(self, delivery: Delivery, verdict: Verdict) -> bool:
        """Record the verdict if the lease is still this attempt's; False (and nothing changed) if it is not."""
        ...

    def free(self, recipients: Mapping[ChannelId, Collection[str]], *, leases: bool = True) -> int:
        """Give back every lease at once: for a process that knows it is alone (it holds the lock). Returns how many.

        `recipients` are those of each channel of the settings ("" where it has no addresses): what waits for another
        channel is held from here on as `channel-removed`, for another recipient as `recipient-removed`. `leases` False:
        only that, and what is being sent goes on, for a process whose settings change while it sends.
        """
        ...

    def next_due(self) -> datetime | None: ...


class Backlog(Protocol):
    """What of the outbox waits for a person: the dead, the held, and what could be sent sooner. No bodies are read."""

    def held(
        self, *, alert: AlertId | None = None, feed: FeedId | None = None, rule: RuleId | None = None
    ) -> Sequence["AlertRow"]:
        """Alerts not sent for a reason that may have passed, oldest first: those held, and those told of which a
        delivery is held."""
        ...

    def failed(self, alert: AlertId | None = None) -> Sequence[Delivery]:
        """Dead deliveries; of one alert those too that wait for their next try."""
        ...

    def deliveries(self, alert: AlertId) -> Sequence[Delivery]: ...

    def renew(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        """Make these due now, with a fresh three days; returns how many. One that has changed since it was read, or
        whose body is erased, stays as it is: of two people at once, one is heard."""
        ...

    def replace(self, old: Sequence[Delivery], new: Sequence[Delivery]) -> None:
        """Put deliveries rendered anew in the place of some that never left."""
        ...


@dataclass(frozen=True, slots=True)
class Erased:
    """How much an erasure removed; `deliveries` are messages that lost their bodies."""

    texts: int
    captures: int
    deliveries: int


class Erasure(Protocol):
    """Removes an item's words for good."""

    def captures(self, item: ItemId) -> frozenset[CaptureDigest]:
        """Every capture that may show the item: those of its feed, under each id that the feed ever had."""
        ...

    def erase(self, item: ItemId, captures: Collection[CaptureDigest]) -> Erased:
        """Remove the item's texts and salt, these captures, and every message about it: what has not left is held as
        `erased`. The log must already hold the item's `text.erased`."""
        ...


class Checkpoints(Protocol):
    """How far each follower has read the log; set in the transaction that holds what the reading produced."""

    def get(self, name: str) -> Position: ...

    def set(self, name: str, position: Position) -> None: ...


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A signed checkpoint: `note` says, under the signature of `key`, what the first `size` events were."""

    key: str
    size: int
    note: str


class TreeHeads(Protocol):
    """Signed checkpoints of the log (docs/log-format.md), append-only like itself."""

    def newest(self) -> Sequence[TreeHead]:
        """The newest of each key that ever signed, the key in use last."""
        ...

    def covering(self, position: Position) -> TreeHead | None:
        """The first checkpoint that covers that event, of the key in use."""
        ...

    def sign(self, signer: Signs, most: int | None = None) -> TreeHead | None:
        """Sign the log as it is now, or `most` events after what this key signed last. What is signed already is not
        signed again. None where nothing can be: the log is empty, or is not what this key signed before."""
        ...

    def contradicts(self, key: str, note: str) -> bool:
        """Whether this log is another one than that which the key signed: `note` is the last of that key that is known
        outside of it, "" for none."""
        ...


class Rules(Protocol):
    """Rule definitions folded from the log."""

    def in_force(self, at: Position | None = None) -> Sequence[RuleDefined]:
        """The rules in force at that position (None = head), by id."""
        ...


class Transaction(Protocol):
    """The ports of one atomic unit."""

    @property
    def log(self) -> EventLog: ...
    @property
    def texts(self) -> Texts: ...
    @property
    def captures(self) -> Captures: ...
    @property
    def items(self) -> Items: ...
    @property
    def polls(self) -> PollStates: ...
    @property
    def visits(self) -> Visits: ...
    @property
    def page_plans(self) -> PagePlans: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def backlog(self) -> Backlog: ...
    @property
    def erasure(self) -> Erasure: ...
    @property
    def checkpoints(self) -> Checkpoints: ...
    @property
    def tree_heads(self) -> TreeHeads: ...
    @property
    def rules(self) -> Rules: ...


class Store(Protocol):
    """An open store. Thread-safe; `close` is idempotent."""

    @property
    def trouble(self) -> str:
        """Why the last commit failed (store_full, store_io, store_away), "" when it did not."""
        ...

    def write(self, job: Callable[[Transaction], T]) -> "Future[T]":
        """Queue a job for the single writer; the future resolves after the commit that holds it (durable)."""
        ...

    def read(self) -> "AbstractContextManager[Transaction]":
        """A consistent read-only snapshot, apart from the writer; keep it short."""
        ...

    def views(self) -> "AbstractContextManager[Views]":
        """A consistent read-only snapshot for people and scripts."""
        ...

    def close(self) -> None: ...


# --- what people and scripts see --------------------------------------------------------------------------------------


ERASED = "(erased)"
"""What stands in the place of words that were erased for good."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item for lists. `observed_at` is when we first saw it; `published_at` what the source claims. Of one that was
    `erased` the title is `ERASED`, and nothing else is left to show. `text` is that of its page where that was read,
    and `lead` then what the feed says.
    """

    id: ItemId
    feed: FeedId
    version: int
    state: ItemState
    title: str
    link: str
    published_at: datetime | None
    observed_at: datetime
    language: str
    text: str = ""
    about: About | None = None
    erased: bool = False
    lead: str | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as raised or held, with the event that told of it."""

    alert: AlertId
    rule: RuleId
    feed: FeedId
    item: ItemId | None
    transition: str
    cause: Position
    position: Position
    recorded_at: datetime
    held: str
    follows: AlertId | None


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items a list shows; `since` is by observation, `among` these only."""

    feed: FeedId | None = None
    item: ItemId | None = None
    since: datetime | None = None
    state: ItemState | None = None
    among: Collection[ItemId] | None = None


class Place(NamedTuple):
    """A row's place in a list that stands newest first: when it came, and its id among those of that moment."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list shows; `states` empty: all."""

    states: Collection[DeliveryState] = ()
    rule: RuleId | None = None
    item: ItemId | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a list shows; `kinds` empty: all."""

    stream: str | None = None
    subject: str | None = None
    kinds: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Window(Generic[T, P]):
    """What a bounded look at a list found. `end`: how far it came, to go on from there; None = nothing lies beyond."""

    rows: Sequence[T]
    end: P | None


class Pages(Protocol):
    """Lists window by window, each over a bounded number of rows, however rare it is what is wanted."""

    def items(
        self, wanted: ItemFilter, *, before: Place | None, most: int, texts: bool = False
    ) -> Window[ItemRow, Place]:
        """Newest first by observation."""
        ...

    def deliveries(self, wanted: DeliveryFilter, *, before: Place | None, most: int) -> Window[Delivery, Place]:
        """Newest first, without bodies."""
        ...

    def events(self, wanted: EventFilter, *, after: Position, most: int) -> Window[Recorded, Position]:
        """In the order of the log."""
        ...


class Views(Protocol):
    """Read-only questions over one snapshot."""

    @property
    def tx(self) -> Transaction: ...
    @property
    def pages(self) -> Pages: ...

    def items(self, wanted: ItemFilter, *, texts: bool = False) -> Iterator[ItemRow]:
        """Newest first by observation; `texts` fills `text` and `about`."""
        ...

    def items_begun(self, beginning: str, *, most: int) -> Sequence[ItemId]:
        """At most so many items whose id, or the part of it after the slash, begins like that."""
        ...

    def alerts(
        self, *, alert: AlertId | None = None, item: ItemId | None = None, beginning: str = ""
    ) -> Sequence[AlertRow]:
        """Alerts, oldest first; `beginning`: those whose id, or a delivery's, begins like that."""
        ...

    def deliveries(
        self,
        *,
        state: str | None = None,
        alert: AlertId | None = None,
        newest: int | None = None,
        bodies: bool = False,
    ) -> Sequence[Delivery]:
        """Deliveries, oldest first; with `newest` so many of them, newest first. Bodies only where they are wanted."""
        ...

    def hits(self, rule: RuleId) -> int:
        """How many alerts the rule has raised or had released."""
        ...

    def last_hit(self, rule: RuleId) -> datetime | None:
        """When the rule last raised an alert, or had one released."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Queue depths: deliveries by state, events not yet reacted to (`unread`), items, feeds."""
        ...
