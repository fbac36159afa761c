"""The database's tables as SQLModel rows. They give the schema and never leave this package.

Statements go through the `sa.Table` of each (`EVENTS`, `TEXTS`, ...); table models do not validate, so nothing is built
from them. Times are integer microseconds since 1970 in UTC, yes and no are 1 and 0, on every database. Three groups:
facts (events, texts, salts, captures, tree heads), what work has to remember (poll states, visits, deliveries,
checkpoints), and read tables, which `store.projector` folds from the events and `store.rebuild` may throw away. What is
not declared here, the triggers that keep facts from being changed, stands in the migrations.
"""

from typing import Any, ClassVar, cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits everywhere; on SQLite INTEGER, which a STRICT table and a rowid alias want."""

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_STRICT = {"sqlite_strict": True}
_CLUSTERED = {"sqlite_strict": True, "sqlite_with_rowid": False}


class Row(SQLModel):
    """Base of all rows: our own metadata, apart from any other SQLModel in the process."""

    metadata: ClassVar[sa.MetaData] = METADATA


def _text(*, key: bool = False) -> Any:
    return Field(sa_column=sa.Column(sa.Text, primary_key=key, nullable=False))


def _integer(*, key: bool = False) -> Any:
    return Field(sa_column=sa.Column(INT64, primary_key=key, nullable=False, autoincrement=False))


def _maybe_text() -> Any:
    return Field(default=None, sa_column=sa.Column(sa.Text, nullable=True))


def _maybe_integer() -> Any:
    return Field(default=None, sa_column=sa.Column(INT64, nullable=True))


def _bytes() -> Any:
    return Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))


# --- facts -----------------------------------------------------------------------------------------------------------


class EventTable(Row, table=True):
    """One event of the log, exactly as hashed; append-only by trigger."""

    __tablename__ = "events"
    __table_args__ = (
        sa.UniqueConstraint("stream", "version"),
        sa.Index(None, "subject"),
        sa.Index(None, "kind"),
        _STRICT,
    )
    position: int = _integer(key=True)
    event_id: str = _text()
    stream: str = _text()
    version: int = _integer()
    kind: str = _text()
    subject: str = _text()
    recorded_at: int = _integer()
    data: bytes = _bytes()
    hash: bytes = _bytes()


class TextTable(Row, table=True):
    """A text of an item under its salted digest; append-only by trigger, but for items that the log says are erased."""

    __tablename__ = "texts"
    __table_args__ = (sa.Index(None, "item"), _STRICT)
    digest: str = _text(key=True)
    item: str = _text()
    body: bytes = _bytes()


class SaltTable(Row, table=True):
    """The salt of an item's digests; kept like its texts."""

    __tablename__ = "salts"
    __table_args__ = (_CLUSTERED,)
    item: str = _text(key=True)
    salt: bytes = _bytes()


class CaptureTable(Row, table=True):
    """A response body as received, with where and when first; `last_at` is when it was last received the same.

    `cited` 1: an alert was found to cite it, so it stays for ever.
    """

    __tablename__ = "captures"
    __table_args__ = (sa.Index(None, "cited", "last_at"), _STRICT)
    digest: str = _text(key=True)
    feed: str = _text()
    url: str = _text()
    headers: str = _text()
    body: bytes = _bytes()
    fetched_at: int = _integer()
    last_at: int = _integer()
    cited: int = Field(default=0, sa_column=sa.Column(INT64, nullable=False, server_default="0"))


class TreeHeadTable(Row, table=True):
    """A signed checkpoint; append-only by trigger. `hash` is the chain's at that size, `peaks` what the Merkle tree
    goes on from (`store.merkle.Tree`): 32 bytes each.
    """

    __tablename__ = "tree_heads"
    __table_args__ = (sa.UniqueConstraint("key", "size"), _STRICT)
    number: int = _integer(key=True)
    key: str = _text()
    size: int = _integer()
    hash: bytes = _bytes()
    peaks: bytes = _bytes()
    note: str = _text()


# --- what work has to remember ---------------------------------------------------------------------------------------


class PollStateTable(Row, table=True):
    """What polling one feed has to remember (`store.ports.PollState`)."""

    __tablename__ = "poll_states"
    __table_args__ = (_STRICT,)
    feed: str = _text(key=True)
    health: str = _text()
    next_at: int | None = _maybe_integer()
    last_polled_at: int | None = _maybe_integer()
    last_good_at: int | None = _maybe_integer()
    last_new_at: int | None = _maybe_integer()
    failing_since: int | None = _maybe_integer()
    failures: int = _integer()
    goods: int = _integer()
    reason: str = _text()
    etag: str = _text()
    last_modified: str = _text()
    validated_url: str = _text()
    body: str = _text()
    full_fetch_at: int | None = _maybe_integer()
    open: int = _integer()
    memory: str | None = _maybe_text()


class VisitTable(Row, table=True):
    """When the page behind an item is looked at next, and what the last look left (`store.ports.Visit`)."""

    __tablename__ = "visits"
    __table_args__ = (sa.Index(None, "next_at", "host"), sa.Index(None, "feed", "page"), _STRICT)
    item: str = _text(key=True)
    feed: str = _text()
    url: str = _text()
    page: str = _text()
    host: str = _text()
    next_at: int | None = _maybe_integer()
    since: int = _integer()
    until: int | None = _maybe_integer()
    hold: str = _text()
    looked_at: int | None = _maybe_integer()
    etag: str = _text()
    last_modified: str = _text()
    validated_url: str = _text()
    body: str = _text()
    failures: int = _integer()
    reason: str = _text()
    memory: str = _text()


class PagePlanTable(Row, table=True):
    """By which settings the pages of a feed were planned last."""

    __tablename__ = "page_plans"
    __table_args__ = (_CLUSTERED,)
    feed: str = _text(key=True)
    plan: str = _text()


class DeliveryTable(Row, table=True):
    """One message to one recipient. `next_at` is when it can next be claimed: due, or the end of a lease; else NULL.

    `renewed_at`: when a person had it tried anew, after `spent` attempts. The body stands last: lists never reach it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.Index(None, "channel", "next_at"),
        sa.Index(None, "channel", "tried_at"),
        sa.Index(None, "state", "created_at", "id"),
        sa.Index(None, "created_at", "id"),
        sa.Index(None, "alert"),
        sa.Index(None, "item"),
        _STRICT,
    )
    id: str = _text(key=True)
    alert: str = _text()
    rule: str = _text()
    channel: str = _text()
    recipient: str = _text()
    number: int = _integer()
    transition: str = _text()
    item: str | None = _maybe_text()
    state: str = _text()
    reason: str = _text()
    attempts: int = _integer()
    spent: int = _integer()
    next_at: int | None = _maybe_integer()
    tried_at: int | None = _maybe_integer()
    renewed_at: int | None = _maybe_integer()
    last_answer: str = _text()
    created_at: int | None = _maybe_integer()
    body: bytes = _bytes()


class CheckpointTable(Row, table=True):
    """How far a follower has read the log."""

    __tablename__ = "checkpoints"
    __table_args__ = (_STRICT,)
    name: str = _text(key=True)
    position: int = _integer()


# --- read tables -----------------------------------------------------------------------------------------------------


class ItemTable(Row, table=True):
    """An item as known now; `position` is the event that says what it says. `changed_at` is when its latest version was
    recorded.
    """

    __tablename__ = "items"
    __table_args__ = (sa.Index(None, "feed"), sa.Index(None, "first_seen_at"), _STRICT)
    id: str = _text(key=True)
    feed: str = _text()
    state: str = _text()
    version: int = _integer()
    position: int = _integer()
    first_seen_at: int = _integer()
    changed_at: int = _integer()


class VersionTable(Row, table=True):
    """A reading of an item: where in the log it stands, the capture that showed it, and the version that it is of. The
    first of a version made it; later ones know it better (its page was read, our own parser was put right).
    """

    __tablename__ = "versions"
    __table_args__ = (sa.Index(None, "capture"), _CLUSTERED)
    item: str = _text(key=True)
    position: int = _integer(key=True)
    number: int = _integer()
    capture: str = _text()


class AliasTable(Row, table=True):
    """A key by which an item of a feed is known; the first item that had it keeps it."""

    __tablename__ = "aliases"
    __table_args__ = (_CLUSTERED,)
    feed: str = _text(key=True)
    key: str = _text(key=True)
    item: str = _text()


class FeedTable(Row, table=True):
    """A feed's health as the log tells it: ok, degraded, quiet or gone, since when and why."""

    __tablename__ = "feeds"
    __table_args__ = (_STRICT,)
    feed: str = _text(key=True)
    state: str = _text()
    since: int = _integer()
    reason: str = _text()
    url: str = _text()
    baselined_at: int | None = _maybe_integer()


class RuleTable(Row, table=True):
    """A change to the rules in force: defined (`in_force` 1) or retired (0) by the event at `position`."""

    __tablename__ = "rule_changes"
    __table_args__ = (sa.Index(None, "rule", "position"), _STRICT)
    position: int = _integer(key=True)
    rule: str = _text()
    in_force: int = _integer()


class AlertTable(Row, table=True):
    """An alert raised or held; `told` is the event that let it out, NULL while it is held."""

    __tablename__ = "alerts"
    __table_args__ = (
        sa.Index(None, "rule", "item", "told"),
        sa.Index(None, "item"),
        sa.Index(None, "position"),
        sa.Index(None, "cause"),
        sa.Index(None, "told"),
        _STRICT,
    )
    alert: str = _text(key=True)
    rule: str = _text()
    feed: str = _text()
    item: str | None = _maybe_text()
    transition: str = _text()
    cause: int = _integer()
    position: int = _integer()
    recorded_at: int = _integer()
    version: int | None = _maybe_integer()
    before: int | None = _maybe_integer()
    held: str = _text()
    follows: str | None = _maybe_text()
    told: int | None = _maybe_integer()


def _table(row: type[Row]) -> sa.Table:
    return cast("sa.Table", sa.inspect(row).local_table)


EVENTS = _table(EventTable)
TEXTS = _table(TextTable)
SALTS = _table(SaltTable)
CAPTURES = _table(CaptureTable)
TREE_HEADS = _table(TreeHeadTable)
POLL_STATES = _table(PollStateTable)
VISITS = _table(VisitTable)
PAGE_PLANS = _table(PagePlanTable)
DELIVERIES = _table(DeliveryTable)
CHECKPOINTS = _table(CheckpointTable)
ITEMS = _table(ItemTable)
VERSIONS = _table(VersionTable)
ALIASES = _table(AliasTable)
FEEDS = _table(FeedTable)
RULES = _table(RuleTable)
ALERTS = _table(AlertTable)

READ_TABLES = (ITEMS, VERSIONS, ALIASES, FEEDS, RULES, ALERTS)
"""What a rebuild empties and folds again."""
