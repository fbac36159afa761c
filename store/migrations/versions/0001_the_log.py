"""The log and what lies beside it, what work remembers, and the read tables.

The shapes are written out, not taken from `store.tables`: this file says for ever what schema 0001 was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TRIGGERS = """
CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'append-only: an event is never changed'); END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'append-only: an event is never deleted'); END;

CREATE TRIGGER events_are_appended BEFORE INSERT ON events
WHEN NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM events)
  OR NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM events WHERE stream = NEW.stream)
BEGIN SELECT RAISE(ABORT, 'append-only: an event goes to the end of the log and of its stream'); END;

CREATE TRIGGER texts_are_never_updated BEFORE UPDATE ON texts
BEGIN SELECT RAISE(ABORT, 'append-only: a text is never changed'); END;

CREATE TRIGGER texts_are_never_replaced BEFORE INSERT ON texts
WHEN EXISTS (SELECT 1 FROM texts WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'append-only: a text is never replaced'); END;

CREATE TRIGGER texts_are_deleted_by_erasure_only BEFORE DELETE ON texts
WHEN NOT EXISTS (SELECT 1 FROM events WHERE subject = OLD.item AND kind LIKE 'text.erased/%')
BEGIN SELECT RAISE(ABORT, 'append-only: the log does not say that this text is erased'); END;

CREATE TRIGGER salts_are_never_updated BEFORE UPDATE ON salts
BEGIN SELECT RAISE(ABORT, 'append-only: a salt is never changed'); END;

CREATE TRIGGER salts_are_never_replaced BEFORE INSERT ON salts
WHEN EXISTS (SELECT 1 FROM salts WHERE item = NEW.item)
BEGIN SELECT RAISE(ABORT, 'append-only: a salt is never replaced'); END;

CREATE TRIGGER salts_are_deleted_by_erasure_only BEFORE DELETE ON salts
WHEN NOT EXISTS (SELECT 1 FROM events WHERE subject = OLD.item AND kind LIKE 'text.erased/%')
BEGIN SELECT RAISE(ABORT, 'append-only: the log does not say that this text is erased'); END;
"""


def upgrade() -> None:
    _facts()
    _work()
    _read_tables()
    for trigger in TRIGGERS.strip().split("\n\n"):
        op.execute(trigger)


def _facts() -> None:
    op.create_table(
        "events",
        _integer("position"),
        _text("event_id"),
        _text("stream"),
        _integer("version"),
        _text("kind"),
        _text("subject"),
        _integer("recorded_at"),
        _bytes("data"),
        _bytes("hash"),
        sa.PrimaryKeyConstraint("position", name="pk_events"),
        sa.UniqueConstraint("stream", "version", name="uq_events_stream_version"),
        sqlite_strict=True,
    )
    op.create_index("ix_events_subject", "events", ["subject"])
    op.create_index("ix_events_kind", "events", ["kind"])
    op.create_table(
        "texts",
        _text("digest"),
        _text("item"),
        _bytes("body"),
        sa.PrimaryKeyConstraint("digest", name="pk_texts"),
        sqlite_strict=True,
    )
    op.create_index("ix_texts_item", "texts", ["item"])
    op.create_table(
        "salts",
        _text("item"),
        _bytes("salt"),
        sa.PrimaryKeyConstraint("item", name="pk_salts"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "captures",
        _text("digest"),
        _text("feed"),
        _text("url"),
        _text("headers"),
        _bytes("body"),
        _integer("fetched_at"),
        _integer("last_at"),
        sa.PrimaryKeyConstraint("digest", name="pk_captures"),
        sqlite_strict=True,
    )
    op.create_index("ix_captures_last_at", "captures", ["last_at"])


def _work() -> None:
    op.create_table(
        "poll_states",
        _text("feed"),
        _text("health"),
        _integer("next_at", nullable=True),
        _integer("last_polled_at", nullable=True),
        _integer("last_good_at", nullable=True),
        _integer("last_new_at", nullable=True),
        _integer("failing_since", nullable=True),
        _integer("failures"),
        _integer("goods"),
        _text("reason"),
        _text("etag"),
        _text("last_modified"),
        _text("validated_url"),
        _text("body"),
        _integer("full_fetch_at", nullable=True),
        _integer("open"),
        _text("memory", nullable=True),
        sa.PrimaryKeyConstraint("feed", name="pk_poll_states"),
        sqlite_strict=True,
    )
    op.create_table(
        "deliveries",
        _text("id"),
        _text("alert"),
        _text("rule"),
        _text("channel"),
        _text("recipient"),
        _integer("number"),
        _text("transition"),
        _text("item", nullable=True),
        _bytes("body"),
        _text("state"),
        _text("reason"),
        _integer("attempts"),
        _integer("next_at", nullable=True),
        _integer("tried_at", nullable=True),
        _text("last_answer"),
        _integer("created_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sqlite_strict=True,
    )
    op.create_index("ix_deliveries_channel_next_at", "deliveries", ["channel", "next_at"])
    op.create_index("ix_deliveries_channel_tried_at", "deliveries", ["channel", "tried_at"])
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.create_index("ix_deliveries_alert", "deliveries", ["alert"])
    op.create_table(
        "checkpoints",
        _text("name"),
        _integer("position"),
        sa.PrimaryKeyConstraint("name", name="pk_checkpoints"),
        sqlite_strict=True,
    )


def _read_tables() -> None:
    op.create_table(
        "items",
        _text("id"),
        _text("feed"),
        _text("state"),
        _integer("version"),
        _integer("position"),
        _integer("first_seen_at"),
        _integer("changed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_items"),
        sqlite_strict=True,
    )
    op.create_index("ix_items_feed", "items", ["feed"])
    op.create_index("ix_items_first_seen_at", "items", ["first_seen_at"])
    op.create_table(
        "versions",
        _text("item"),
        _integer("number"),
        _integer("position"),
        _text("capture"),
        sa.PrimaryKeyConstraint("item", "number", name="pk_versions"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "aliases",
        _text("feed"),
        _text("key"),
        _text("item"),
        sa.PrimaryKeyConstraint("feed", "key", name="pk_aliases"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feeds",
        _text("feed"),
        _text("state"),
        _integer("since"),
        _text("reason"),
        _text("url"),
        _integer("baselined_at", nullable=True),
        sa.PrimaryKeyConstraint("feed", name="pk_feeds"),
        sqlite_strict=True,
    )
    op.create_table(
        "rule_changes",
        _integer("position"),
        _text("rule"),
        _integer("in_force"),
        sa.PrimaryKeyConstraint("position", name="pk_rule_changes"),
        sqlite_strict=True,
    )
    op.create_index("ix_rule_changes_rule_position", "rule_changes", ["rule", "position"])
    _alerts()


def _alerts() -> None:
    op.create_table(
        "alerts",
        _text("alert"),
        _text("rule"),
        _text("feed"),
        _text("item", nullable=True),
        _text("transition"),
        _integer("cause"),
        _integer("position"),
        _integer("recorded_at"),
        _integer("version", nullable=True),
        _integer("before", nullable=True),
        _text("held"),
        _text("follows", nullable=True),
        _integer("told", nullable=True),
        sa.PrimaryKeyConstraint("alert", name="pk_alerts"),
        sqlite_strict=True,
    )
    op.create_index("ix_alerts_rule_item_told", "alerts", ["rule", "item", "told"])
    op.create_index("ix_alerts_item", "alerts", ["item"])
    op.create_index("ix_alerts_position", "alerts", ["position"])


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT64, nullable=nullable, autoincrement=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)
