"""Alembic's entry: runs the migrations on the connection that `store.schema` hands over, all in its transaction."""

import sqlalchemy as sa
from alembic import context

from store.failpoint import reach
from store.tables import METADATA

connection = context.config.attributes["connection"]
assert isinstance(connection, sa.Connection)  # noqa: S101 - handed over by store.schema, never by a user

context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
    on_version_apply=lambda **_: reach("migrate"),
)
context.run_migrations()
