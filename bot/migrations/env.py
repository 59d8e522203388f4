"""Alembic's entry: the caller (bot/store/migrate.py) gives the connection, in a transaction and under a lock."""

from alembic import context

from bot.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
