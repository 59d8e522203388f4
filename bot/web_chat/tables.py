"""The tables of the web chat. Its people have no platform that keeps their messages: they wait here to be picked up."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table, text

from bot.store.schema import RowId, UtcTime, metadata

# `body` is sealed with the person's key, and goes when the letter was read. The row stays for a while, so that a
# sending that is tried again adds nothing.
web_chat_letters = Table(
    "web_chat_letters",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("outbox_key", String(64), nullable=False, unique=True),
    Column("body", LargeBinary),
    Column("made_at", UtcTime, nullable=False),
    Column("read_at", UtcTime),
    CheckConstraint("(body IS NULL) = (read_at IS NOT NULL)", name="body"),
    Index("ix_web_chat_letters_made_at", "made_at"),
    Index(
        "ix_web_chat_letters_unread",
        "contact_id",
        "id",
        sqlite_where=text("read_at IS NULL"),
        postgresql_where=text("read_at IS NULL"),
    ),
    # A number is never given again: pages say up to which one they have read.
    sqlite_autoincrement=True,
)

# Files that people send, until they were fetched: sealed with their key, gone after some days.
web_chat_files = Table(
    "web_chat_files",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Index("ix_web_chat_files_made_at", "made_at"),
    Index("ix_web_chat_files_contact_id", "contact_id", "made_at"),
)
