"""What a person's hand needs: deliveries that are tried anew, erased or listed without their bodies; cheap pruning.

`deliveries` gets its body as the last column, so that a list does not walk through the bodies, and two columns that a
retry by hand sets. `captures.cited` keeps what was once found to be cited from being looked at again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = (
    "id, alert, rule, channel, recipient, number, transition, item, state, reason, attempts, next_at, tried_at,"
    " last_answer, created_at"
)
INDEXES = (
    ("channel", "next_at"),
    ("channel", "tried_at"),
    ("state", "created_at", "id"),
    ("created_at", "id"),
    ("alert",),
    ("item",),
)


def upgrade() -> None:
    _deliveries()
    op.execute("ALTER TABLE captures ADD COLUMN cited INTEGER NOT NULL DEFAULT 0")
    op.drop_index("ix_captures_last_at", "captures")
    op.create_index("ix_captures_cited_last_at", "captures", ["cited", "last_at"])
    op.create_index("ix_versions_capture", "versions", ["capture"])
    op.create_index("ix_alerts_cause", "alerts", ["cause"])


def _deliveries() -> None:
    for index in ("channel_next_at", "channel_tried_at", "state", "alert"):
        op.drop_index(f"ix_deliveries_{index}", "deliveries")
    op.rename_table("deliveries", "deliveries_0001")
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
        _text("state"),
        _text("reason"),
        _integer("attempts"),
        _integer("spent"),
        _integer("next_at", nullable=True),
        _integer("tried_at", nullable=True),
        _integer("renewed_at", nullable=True),
        _text("last_answer"),
        _integer("created_at", nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sqlite_strict=True,
    )
    op.execute(f"INSERT INTO deliveries ({KEPT}, spent, body) SELECT {KEPT}, 0, body FROM deliveries_0001")  # noqa: S608
    op.drop_table("deliveries_0001")
    for columns in INDEXES:
        op.create_index(f"ix_deliveries_{'_'.join(columns)}", "deliveries", list(columns))


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT64, nullable=nullable, autoincrement=False)
