"""Alembic's entry (迁移入口): runs migrations on the connection that the desk opened.

Belongs here: configuring Alembic. Does not belong here: a migration.
"""

from alembic import context

from desk.store.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4207001)")
    context.run_migrations()
