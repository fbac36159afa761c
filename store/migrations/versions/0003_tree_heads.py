"""Signed checkpoints: what the log was at some size, under which key. Append-only like the log itself."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INT64 = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TRIGGERS = """
CREATE TRIGGER tree_heads_are_never_updated BEFORE UPDATE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'append-only: what was signed is never changed'); END;

CREATE TRIGGER tree_heads_are_never_deleted BEFORE DELETE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'append-only: what was signed is never deleted'); END;

CREATE TRIGGER tree_heads_are_appended BEFORE INSERT ON tree_heads
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM tree_heads)
  OR NEW.size <= (SELECT coalesce(max(size), 0) FROM tree_heads WHERE key = NEW.key)
  OR NEW.size > (SELECT coalesce(max(position), 0) FROM events)
BEGIN SELECT RAISE(ABORT, 'append-only: a key signs a larger log each time, and none larger than it is'); END;
"""


def upgrade() -> None:
    op.create_table(
        "tree_heads",
        sa.Column("number", INT64, nullable=False, autoincrement=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size", INT64, nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tree_heads"),
        sa.UniqueConstraint("key", "size", name="uq_tree_heads_key_size"),
        sqlite_strict=True,
    )
    for trigger in TRIGGERS.strip().split("\n\n"):
        op.execute(trigger)
