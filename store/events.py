"""The vocabulary: identifiers, and every kind of event that the log can hold.

Bottom of the layers: it imports nothing of ours, does no I/O, and everyone speaks it. Each event is a frozen dataclass
named in the past tense with a stable `KIND` (name and version, never a class path). Field types are limited to what
`store.codec` writes as canonical JSON: str, int, bool, None, aware `datetime`, tuples and mappings of these, and nested
dataclasses of this module. No floats, no secrets, no recipients' addresses. A field whose default is None is left out
of the JSON while it is None: so a kind can learn to say more without older events reading otherwise.

All datetimes are aware and in UTC. "Claimed" means as the source says; "observed" means by our clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, NewType

FeedId = NewType("FeedId", str)
RuleId = NewType("RuleId", str)
ChannelId = NewType("ChannelId", str)
ItemId = NewType("ItemId", str)
"""`FEED/` + 16 characters of lower-case base32 of the SHA-256 of the item's first identity. It never changes."""
AlertId = NewType("AlertId", str)
"""32 hex digits of the SHA-256 over (rule, item or feed, transition, cause position): determined by the log."""
Position = NewType("Position", int)
"""Place of an event in the log: 1, 2, 3, ... without gaps. 0 means before the first."""
TextDigest = NewType("TextDigest", str)
"""Hex SHA-256 over the item's salt and a text (`store.chain.text_digest`); the text itself lies in the text store."""
CaptureDigest = NewType("CaptureDigest", str)
"""`sha256:` + hex SHA-256 of a response body as received, after inflation."""
Key = NewType("Key", str)
"""A hashed alias of an item inside its feed (`guid:…`, `link:…`, …); kept for ever, see `deciding.normalise`."""

ItemState = Literal["published", "absent", "delisted", "withdrawn"]
EditKind = Literal["dates", "whitespace", "markup", "punctuation", "metadata", "wording", "title"]
EDIT_KINDS: tuple[EditKind, ...] = ("dates", "whitespace", "markup", "punctuation", "metadata", "wording", "title")
"""Kinds of edit, weakest first (CONTRACT 3)."""
EditFlag = Literal["number", "negation", "date", "name", "growth"]
"""What a person looks for first in an edit of words. Advice: no count of words is a verdict."""
Transition = Literal["appeared", "changed", "dropped", "withdrawn", "restored", "delisted"]
HealthKind = Literal["degraded", "recovered", "quiet", "gone", "moved", "reissued", "gap"]
Grade = Literal["page-gone", "tombstone"]
Severity = Literal["low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class PageFace:
    """What the page behind an item said: its other face, compared only with itself. `text` is extracted from `capture`
    by `extractor`; `truncated` as in `Content`.
    """

    text: TextDigest
    capture: CaptureDigest
    extractor: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What an item says in one version. The texts lie in the text store, so that they can be erased.

    `about` is the digest of the canonical JSON of an `About` (author, categories, link). `published`/`updated` are the
    claimed dates as given; the `_at` fields are the same read as UTC, None where they could not be read. `markup` is an
    unsalted fingerprint of the visible structure. `truncated` says that a text was longer than we keep. `page` is what
    the page behind it said when it was last read, None as long as it was not.
    """

    title: TextDigest
    text: TextDigest
    about: TextDigest
    markup: str
    language: str
    published: str
    updated: str
    published_at: datetime | None
    updated_at: datetime | None
    truncated: bool = False
    page: PageFace | None = None


@dataclass(frozen=True, slots=True)
class Twin:
    """The same statement in another feed of the same source: the item that it is there, and the version of it that says
    the same.
    """

    item: ItemId
    version: int


@dataclass(frozen=True, slots=True)
class About:
    """The metadata of one version: what may name a person or a subject, kept beside the log with the texts."""

    author: str
    categories: tuple[str, ...]
    link: str


# --- what is in force ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """From here on these settings are in force. `file` is the operator's file, `digest` covers all files read."""

    KIND: ClassVar = "settings.applied/1"
    digest: str
    file: str
    feeds: tuple[FeedId, ...]
    program: str


@dataclass(frozen=True, slots=True)
class RuleDefined:
    """A rule as it is in force from here on: source text of the query, with the topics it names expanded.

    `feeds` None means every feed; otherwise the ids that its globs and tags stood for at the time. `stem`: other forms
    of its words will do.
    """

    KIND: ClassVar = "rule.defined/2"
    rule: RuleId
    match: str
    topics: Mapping[str, tuple[str, ...]]
    feeds: tuple[FeedId, ...] | None
    on: tuple[str, ...]
    notify: tuple[ChannelId, ...]
    severity: Severity
    min_change: EditKind
    stem: bool = False


@dataclass(frozen=True, slots=True)
class RuleRetired:
    """The rule is no longer in the settings."""

    KIND: ClassVar = "rule.retired/1"
    rule: RuleId


# --- the health of sources -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedBaselined:
    """The first good fetch is recorded; from here on new is news. `identity` is the policy fixed for this feed."""

    KIND: ClassVar = "feed.baselined/1"
    feed: FeedId
    items: int
    identity: str
    capture: CaptureDigest


@dataclass(frozen=True, slots=True)
class FeedRenamed:
    """The operator gave the feed a new id (`formerly`); everything known under the old one belongs to it."""

    KIND: ClassVar = "feed.renamed/1"
    feed: FeedId
    formerly: FeedId


@dataclass(frozen=True, slots=True)
class FeedDegraded:
    """We cannot see the source: `failures` polls in a row failed since `since`, the last for `reason`."""

    KIND: ClassVar = "feed.degraded/1"
    feed: FeedId
    since: datetime
    reason: str
    failures: int


@dataclass(frozen=True, slots=True)
class FeedRecovered:
    """The source is seen again. We were blind from `since` to now; `reason` is why."""

    KIND: ClassVar = "feed.recovered/1"
    feed: FeedId
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class FeedUnwatched:
    """What this poll brought news of may have stood there since `since`, the last good poll: a regular time or more
    went by in between, because we were not running or could not ask. No event of health: the source did nothing.
    """

    KIND: ClassVar = "feed.unwatched/1"
    feed: FeedId
    since: datetime


@dataclass(frozen=True, slots=True)
class FeedQuiet:
    """No new statement since `since`, longer than the operator's `quiet_after`."""

    KIND: ClassVar = "feed.quiet/1"
    feed: FeedId
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class FeedMoved:
    """A permanent redirect has held for seven days and is followed from now on."""

    KIND: ClassVar = "feed.moved/1"
    feed: FeedId
    since: datetime
    reason: str
    url: str


@dataclass(frozen=True, slots=True)
class FeedGone:
    """The server says that the feed is gone for good (410)."""

    KIND: ClassVar = "feed.gone/1"
    feed: FeedId
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class FeedReissued:
    """Much of the known window changed or came under new ids in one document: recorded, its alerts are held."""

    KIND: ClassVar = "feed.reissued/1"
    feed: FeedId
    since: datetime
    reason: str
    known: int
    changed: int
    rekeyed: int


@dataclass(frozen=True, slots=True)
class FeedGap:
    """The window rolled past us: of the `left` entries listed at the last good poll (`since`) none was listed at this
    one, and `new` unknown ones were. What came and went in between was never seen.
    """

    KIND: ClassVar = "feed.gap/1"
    feed: FeedId
    since: datetime
    reason: str
    left: int
    new: int


@dataclass(frozen=True, slots=True)
class FeedRepaired:
    """After a gap: `pages` older pages of the feed were read, and `recovered` statements found that we had missed.
    `complete`: they lead back to what was known; otherwise `reason` says why they were read no further.
    """

    KIND: ClassVar = "feed.repaired/1"
    feed: FeedId
    since: datetime
    pages: int
    recovered: int
    complete: bool
    reason: str


@dataclass(frozen=True, slots=True)
class NetworkLost:
    """More than half of the hosts failed at once: it is our network. Nothing backs off meanwhile."""

    KIND: ClassVar = "network.lost/1"
    since: datetime
    reason: str
    failing: int
    hosts: int


@dataclass(frozen=True, slots=True)
class NetworkRestored:
    """Most hosts answer again; we were blind since `since`."""

    KIND: ClassVar = "network.restored/1"
    since: datetime
    reason: str


# --- the life of an item ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemPublished:
    """First sight of an item: its version 1. `recorded_at` of the event is the observed time.

    `baseline`: part of the feed's first document. `backdated`: put in between known items. `surfaced`: came in below
    the oldest known one. `hold`: the named reason why no alert may leave because of this event ("" = it may).
    `mark` recovered-late: it was missed when it was news, and found on an older page of the feed.
    `twin`: what it repeats, where another feed of the source has it.
    """

    KIND: ClassVar = "item.published/1"
    item: ItemId
    feed: FeedId
    keys: tuple[Key, ...]
    content: Content
    baseline: bool
    backdated: bool
    surfaced: bool
    hold: str
    capture: CaptureDigest
    parser: str
    mark: Literal["recovered-late"] | None = None
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class ItemRevised:
    """An edit. `kind` is the strongest kind found, `fields` what changed (title, text, author, category, link,
    published, updated, or page: the text of its page), `reverts_to` the lowest earlier version with the same title and
    text. `keys` are new aliases. `twin`: what it repeats, where another feed of the source has it. Of an edit of its
    page `capture` is the page and `parser` the extractor.
    """

    KIND: ClassVar = "item.revised/1"
    item: ItemId
    feed: FeedId
    keys: tuple[Key, ...]
    content: Content
    kind: EditKind
    flags: tuple[EditFlag, ...]
    fields: tuple[str, ...]
    from_version: int
    to_version: int
    reverts_to: int | None
    hold: str
    capture: CaptureDigest
    parser: str
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class ItemCompleted:
    """The page behind the item was read for the first time: its version says more from here on, and stays the same
    version. What matches only now appears; nothing changes, and nothing is dropped. `parser` is the extractor; `twin`:
    what it repeats, where the same was read for another feed of the source.
    """

    KIND: ClassVar = "item.completed/1"
    item: ItemId
    feed: FeedId
    content: Content
    version: int
    hold: str
    capture: CaptureDigest
    parser: str
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class ItemReextracted:
    """Our own `parser` reads the same `capture` otherwise than `formerly` did: what is known of the version is put
    right, and nothing of it is news. `fields` as in `ItemRevised`.
    """

    KIND: ClassVar = "item.reextracted/1"
    item: ItemId
    feed: FeedId
    content: Content
    version: int
    fields: tuple[str, ...]
    capture: CaptureDigest
    parser: str
    formerly: str


@dataclass(frozen=True, slots=True)
class ItemRekeyed:
    """The same item came under another guid or link: the aliases are recorded, and it is no news."""

    KIND: ClassVar = "item.rekeyed/1"
    item: ItemId
    feed: FeedId
    keys: tuple[Key, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ItemAbsent:
    """A hole: the item is missing from the feed while an older one is still listed. Times are observed."""

    KIND: ClassVar = "item.absent/1"
    item: ItemId
    feed: FeedId
    last_seen_at: datetime
    first_absent_at: datetime
    evidence: tuple[str, ...]
    capture: CaptureDigest


@dataclass(frozen=True, slots=True)
class ItemDelisted:
    """Gone from the feed, but its page still stands or cannot be checked (`page`)."""

    KIND: ClassVar = "item.delisted/1"
    item: ItemId
    feed: FeedId
    page: Literal["standing", "unchecked"]
    last_seen_at: datetime
    first_absent_at: datetime
    evidence: tuple[str, ...]
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class ItemWithdrawn:
    """Gone from the feed and its page gone too, or a tombstone (RFC 6721) said so. `evidence`: what was seen when."""

    KIND: ClassVar = "item.withdrawn/1"
    item: ItemId
    feed: FeedId
    grade: Grade
    last_seen_at: datetime
    first_absent_at: datetime
    evidence: tuple[str, ...]
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class ItemRestored:
    """Listed again after it was absent, delisted or withdrawn (`was`); or its page, which was gone, stands again."""

    KIND: ClassVar = "item.restored/1"
    item: ItemId
    feed: FeedId
    was: Literal["absent", "delisted", "withdrawn"]
    capture: CaptureDigest
    twin: Twin | None = None


@dataclass(frozen=True, slots=True)
class TextErased:
    """The item's texts and captures were removed for good. `who`: the name of the operator's account."""

    KIND: ClassVar = "text.erased/1"
    item: ItemId
    who: str
    why: str


# --- alerts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a term of the query stands: code points into the item's title or text, end exclusive. `lead` is the text of
    the feed where the item's text is that of its page.
    """

    term: str
    field: Literal["title", "text", "lead", "author", "category", "link"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A transition of (rule, item), or of a source's health, that the log proves. `item` is None for health.

    `cause` is the position of the event it follows from; `version`/`before` are the item's versions judged (None where
    there is none); `follows` is the first alert ever raised about this item under this rule.
    """

    KIND: ClassVar = "alert.raised/1"
    alert: AlertId
    rule: RuleId
    feed: FeedId
    item: ItemId | None
    transition: str
    cause: Position
    version: int | None
    before: int | None
    hits: tuple[Hit, ...]
    topics: tuple[str, ...]
    follows: AlertId | None


@dataclass(frozen=True, slots=True)
class AlertHeld:
    """The same as `AlertRaised`, but not sent now, for the named `reason` (first-fetch, reissue, surfaced, ...)."""

    KIND: ClassVar = "alert.held/1"
    alert: AlertId
    rule: RuleId
    feed: FeedId
    item: ItemId | None
    transition: str
    cause: Position
    version: int | None
    before: int | None
    hits: tuple[Hit, ...]
    topics: tuple[str, ...]
    follows: AlertId | None
    reason: str


@dataclass(frozen=True, slots=True)
class AlertReleased:
    """A held alert is sent after all, by hand."""

    KIND: ClassVar = "alert.released/1"
    alert: AlertId
    rule: RuleId
    why: str


@dataclass(frozen=True, slots=True)
class DeliverySettled:
    """A delivery ended. `recipient` is its number within the channel, never the address; `answer` a short code."""

    KIND: ClassVar = "delivery.settled/1"
    alert: AlertId
    rule: RuleId
    channel: ChannelId
    recipient: int
    outcome: Literal["delivered", "dead"]
    attempts: int
    answer: str


Event = (
    SettingsApplied
    | RuleDefined
    | RuleRetired
    | FeedBaselined
    | FeedRenamed
    | FeedDegraded
    | FeedRecovered
    | FeedUnwatched
    | FeedQuiet
    | FeedMoved
    | FeedGone
    | FeedReissued
    | FeedGap
    | FeedRepaired
    | NetworkLost
    | NetworkRestored
    | ItemPublished
    | ItemRevised
    | ItemCompleted
    | ItemReextracted
    | ItemRekeyed
    | ItemAbsent
    | ItemDelisted
    | ItemWithdrawn
    | ItemRestored
    | TextErased
    | AlertRaised
    | AlertHeld
    | AlertReleased
    | DeliverySettled
)

ItemEvent = (
    ItemPublished
    | ItemRevised
    | ItemCompleted
    | ItemReextracted
    | ItemRekeyed
    | ItemAbsent
    | ItemDelisted
    | ItemWithdrawn
    | ItemRestored
    | TextErased
)
ReadingEvent = ItemPublished | ItemRevised | ItemCompleted | ItemReextracted
"""The events that say what an item says: each carries its whole `content`, and where and by what it was read."""
HealthEvent = FeedDegraded | FeedRecovered | FeedQuiet | FeedMoved | FeedGone | FeedReissued | FeedGap


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the log. `stream` is `feed:ID`, `rule:ID` or `daemon`; `version` counts within it."""

    position: Position
    event_id: str
    stream: str
    version: int
    event: Event
    recorded_at: datetime
    hash: bytes


def feed_stream(feed: FeedId) -> str:
    """The stream that holds a feed's health and its items' lives."""
    return f"feed:{feed}"


def rule_stream(rule: RuleId) -> str:
    """The stream that holds a rule's definitions, alerts and settled deliveries."""
    return f"rule:{rule}"


DAEMON_STREAM = "daemon"
"""The stream of what concerns the whole program: settings applied, network lost and restored."""


def subject_of(event: Event) -> str:
    """What the event is about: the item id, else the feed id, else the rule id, else ""."""
    for name in ("item", "feed", "rule"):
        value = getattr(event, name, None)
        if value:
            return str(value)
    return ""
