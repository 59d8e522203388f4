"""The tables of WeChat customer service: how far its messages were fetched, how its sessions stand, what was sent."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.store.schema import RowId, UtcTime, metadata

# How far a service point's messages were fetched. The cursor moves in the transaction that stores the messages.
kf_cursors = Table(
    "kf_cursors",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("open_kfid", String(64), primary_key=True),
    Column("cursor", Text, nullable=False),
    # What was said before this was stored for the record only: somebody else was to answer it.
    Column("began_at", UtcTime, nullable=False),
    Column("holder", String(32)),
    Column("lease_until", UtcTime),
    CheckConstraint("(holder IS NULL) = (lease_until IS NULL)", name="lease"),
)

# A customer's session as the platform last told it. NULL states are unknown: the platform is asked.
kf_sessions = Table(
    "kf_sessions",
    metadata,
    Column("conversation_id", RowId, ForeignKey("conversations.id"), primary_key=True, autoincrement=False),
    Column("account", String(64), nullable=False),
    Column("open_kfid", String(64), nullable=False),
    Column("state", Integer),
    Column("servicer", String(64)),
    Column("changed_at", UtcTime, nullable=False),
    # The customer's last message, after which the platform takes five within 48 hours, and how many are used.
    Column("window_at", UtcTime),
    Column("used", Integer, nullable=False, server_default="0"),
    # A message without a place among the five: welcome and end words have a code, once and for seconds.
    Column("code", String(256)),
    Column("code_until", UtcTime),
    # The menu that was sent last, unless something else was sent after it.
    Column("menu_id", String(32)),
    # When moving the session to a servicer is next to be tried.
    Column("move_at", UtcTime),
    CheckConstraint("state BETWEEN 0 AND 4", name="state"),
    CheckConstraint("(code IS NULL) = (code_until IS NULL)", name="code"),
    Index("ix_kf_sessions_servicer", "account", "servicer"),
)

# What was handed to the platform, by our own message id: a repeat finds its place among the five already taken.
kf_sends = Table(
    "kf_sends",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("message_id", String(32), nullable=False),
    Column("outbox_key", String(64), nullable=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("code", String(256)),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("account", "message_id"),
    Index("ix_kf_sends_at", "at"),
)
