"""Versions become readings: one of them may be known better later, by its page or by a parser put right. And the visits
to those pages.

The table of versions keeps its rows; they are told apart by their place in the log, no longer by the version's number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_index("ix_versions_capture", "versions")
    op.rename_table("versions", "versions_0003")
    op.create_table(
        "versions",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", INT64, nullable=False, autoincrement=False),
        sa.Column("number", INT64, nullable=False, autoincrement=False),
        sa.Column("capture", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item", "position", name="pk_versions"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO versions (item, position, number, capture) SELECT item, position, number, capture"
        " FROM versions_0003"
    )
    op.drop_table("versions_0003")
    op.create_index("ix_versions_capture", "versions", ["capture"])
    _visits()
    op.create_index("ix_alerts_told", "alerts", ["told"])


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("next_at", INT64, nullable=True),
        sa.Column("since", INT64, nullable=False, autoincrement=False),
        sa.Column("until", INT64, nullable=True),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("looked_at", INT64, nullable=True),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("validated_url", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("failures", INT64, nullable=False, autoincrement=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_visits"),
        sqlite_strict=True,
    )
    op.create_index("ix_visits_next_at_host", "visits", ["next_at", "host"])
    op.create_index("ix_visits_feed_page", "visits", ["feed", "page"])
    op.create_table(
        "page_plans",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("feed", name="pk_page_plans"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
