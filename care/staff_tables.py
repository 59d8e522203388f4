"""The tables of the people who work at the console, and of their sessions."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from bot.store.schema import RowId, UtcTime, metadata

staff = Table(
    "staff",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(12), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),  # a password that somebody else knows: good for one login
    Column("totp_secret", LargeBinary),  # sealed
    Column("totp_step", BigInteger, nullable=False),  # the newest step of 30 s of which a code was taken: none is twice
    Column("failures", Integer, nullable=False),
    Column("locked_until", UtcTime),
    Column("is_active", Boolean, nullable=False),
    Column("is_demo", Boolean, nullable=False),  # its password stands in the README: it works in the demo only
    Column("on_duty", Boolean, nullable=False),
    Column("products", JSON),  # NULL: all
    Column("capacity", Integer, nullable=False),  # conversations at a time
    Column("made_at", UtcTime, nullable=False),
    UniqueConstraint("name"),
    CheckConstraint("role IN ('manager', 'supervisor', 'operator', 'auditor')", name="role"),
    CheckConstraint("capacity >= 0", name="capacity"),
)

# A session is known by the digest of its id alone: who reads the database cannot take one over.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("token_digest", String(64), nullable=False),
    Column("staff_id", RowId, ForeignKey("staff.id"), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    UniqueConstraint("token_digest"),
    Index("ix_staff_sessions_staff_id", "staff_id"),
)

# Who is writing an answer right now: what keeps two people from answering at once. Nothing of the words.
staff_typing = Table(
    "staff_typing",
    metadata,
    Column("conversation_id", RowId, ForeignKey("conversations.id"), primary_key=True, autoincrement=False),
    Column("staff_id", RowId, ForeignKey("staff.id"), primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_staff_typing_at", "at"),
)
