"""Versions become readings: one of them may be known better later, by its page or by a parser put right.

The table keeps its rows; they are told apart by their place in the log, no longer by the number of the version.
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
