"""The tables of hand-overs: who has a conversation since when, each step of it, private notes, what escalated."""

from sqlalchemy import (
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
    text,
)

from bot.store.schema import RowId, UtcTime, metadata
from care.staff_tables import staff

_OPEN = text("ended_at IS NULL")

# From asking for a person (or from an unasked take-over) to the end. `how`: given_back | closed. `end_reason` is one of
# the reasons for closing. `offered_to`: to whom it is assigned while nobody has taken it.
hand_overs = Table(
    "hand_overs",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("asked_at", UtcTime),
    Column("reason", String(200)),
    Column("product", String(64)),
    Column("is_red", Boolean, nullable=False),
    Column("offered_to", RowId, ForeignKey(staff.c.id)),
    Column("offered_at", UtcTime),
    Column("staff_id", RowId, ForeignKey(staff.c.id)),
    Column("taken_at", UtcTime),
    Column("held_since", UtcTime),
    Column("first_reply_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("how", String(10)),
    Column("end_reason", String(40)),
    Column("rating_asked_at", UtcTime),
    Column("rating", Integer),
    Column("rated_at", UtcTime),
    CheckConstraint("(staff_id IS NULL) = (taken_at IS NULL)", name="taken"),
    CheckConstraint("(staff_id IS NULL) = (held_since IS NULL)", name="held"),
    CheckConstraint("(ended_at IS NULL) = (how IS NULL)", name="ended"),
    CheckConstraint("how IN ('given_back', 'closed')", name="how"),
    CheckConstraint("(offered_to IS NULL) = (offered_at IS NULL)", name="offered"),
    CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
    # At most one hand-over of a conversation is open: that is what two managers race for.
    Index(
        "uq_hand_overs_open_conversation_id", "conversation_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    ),
    Index("ix_hand_overs_conversation_id", "conversation_id", "id"),
    Index("ix_hand_overs_staff_id", "staff_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_hand_overs_ended_at", "ended_at"),
    Index("ix_hand_overs_asked_at", "asked_at"),
)

# Append-only: asked | offered | taken | handed | replied | given_back | closed | escalated | paged.
hand_over_steps = Table(
    "hand_over_steps",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("hand_over_id", RowId, ForeignKey("hand_overs.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("staff_id", RowId, ForeignKey(staff.c.id)),
    Index("ix_hand_over_steps_hand_over_id", "hand_over_id", "id"),
)

# Seen by staff alone. Sealed with the person's key, so that it goes when the person is deleted.
conversation_notes = Table(
    "conversation_notes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("note_key", String(32), nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Index("ix_conversation_notes_conversation_id", "conversation_id", "id"),
)

# What supervisors must see. `since` is what it is about: the time of asking, or of the message nobody answered.
escalations = Table(
    "escalations",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("hand_over_id", RowId, ForeignKey("hand_overs.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("seen_at", UtcTime),
    Column("seen_by", RowId, ForeignKey(staff.c.id)),
    UniqueConstraint("hand_over_id", "kind", "since"),
    CheckConstraint("kind IN ('danger', 'untaken', 'unanswered')", name="kind"),
    CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen"),
    Index(
        "ix_escalations_unseen", "at", sqlite_where=text("seen_at IS NULL"), postgresql_where=text("seen_at IS NULL")
    ),
)
