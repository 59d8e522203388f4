"""The tables. What must never be true is forbidden here (unique keys, checks), not hoped for in code."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite has no time type: there it is an integer, microseconds since 1970."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(microseconds=value)
        moment: datetime = value
        return moment.astimezone(UTC)


# SQLite gives a rowid (and thus its own numbering) to INTEGER keys only.
RowId = BigInteger().with_variant(Integer(), "sqlite")


contacts = Table(
    "contacts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("blind_index", LargeBinary, nullable=False),
    Column("platform_id", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("account", "blind_index"),
)

# Deleting a row here makes everything that is stored about its person unreadable.
person_keys = Table(
    "person_keys",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("master_key_id", String(16), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False, unique=True),
    Column("account", String(64), nullable=False),
    Column("owner", String(8), nullable=False),
    # The epoch counts changes of hands; what was written under an older one is not sent any more.
    Column("epoch", Integer, nullable=False),
    # The version counts every change; a turn that was decided on an older one is decided again.
    Column("version", Integer, nullable=False),
    Column("state", LargeBinary),
    Column("updated_at", UtcTime, nullable=False),
    Column("waiting_since", UtcTime),
    Column("hand_over_reason", String(200)),
    Column("paged_at", UtcTime),
    Column("last_question_id", RowId),
    CheckConstraint("owner IN ('bot', 'waiting', 'human')", name="owner"),
    CheckConstraint("owner <> 'waiting' OR waiting_since IS NOT NULL", name="waiting_since"),
    Index(
        "ix_conversations_waiting",
        "waiting_since",
        sqlite_where=text("owner <> 'bot'"),
        postgresql_where=text("owner <> 'bot'"),
    ),
    # What changed last: live pages ask several times a second.
    Index("ix_conversations_updated_at", "updated_at"),
)

inbound = Table(
    "inbound",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("message_key", String(128), nullable=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    # acknowledged: recorded, turn still to come · passive: `reply` answers the platform's request, and its retries ·
    # outbox: the reply leaves through the outbox · none: nothing to say
    Column("reply_state", String(12), nullable=False),
    Column("reply", LargeBinary),
    UniqueConstraint("account", "message_key"),
    CheckConstraint("reply_state IN ('acknowledged', 'passive', 'outbox', 'none')", name="reply_state"),
    CheckConstraint("(reply_state IN ('passive', 'outbox')) = (reply IS NOT NULL)", name="reply"),
    Index("ix_inbound_conversation_id", "conversation_id", "id"),
    Index(
        "ix_inbound_acknowledged",
        "conversation_id",
        "id",
        sqlite_where=text("reply_state = 'acknowledged'"),
        postgresql_where=text("reply_state = 'acknowledged'"),
    ),
)

# The quality record: what was understood, and what the person did next. `id` is the inbound row's.
questions = Table(
    "questions",
    metadata,
    Column("id", RowId, ForeignKey("inbound.id"), primary_key=True, autoincrement=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("product", String(64)),
    Column("service", String(64)),
    Column("attribute", String(64)),
    Column("facts", JSON, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("next_move", String(16)),
    CheckConstraint(
        "next_move IN ('asked_again', 'chose', 'thanked', 'to_person', 'moved_on')",
        name="next_move",
    ),
    Index("ix_questions_decision", "decision", "asked_at"),
    # All that the figures count by, so that they need not read the rows.
    Index("ix_questions_asked_at", "asked_at", "decision", "product", "service", "attribute", "conversation_id"),
)

_PENDING = text("state = 'pending'")

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("owner", String(8), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("idempotency_key", String(64), nullable=False, unique=True),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    Column("claim_token", String(32)),
    Column("error", String(200)),
    Column("settled_at", UtcTime),
    Column("expires_at", UtcTime),  # from then on it is of no use, and not sent any more
    CheckConstraint("state IN ('pending', 'claimed', 'sent', 'dead', 'dropped')", name="state"),
    CheckConstraint("(state = 'claimed') = (claim_token IS NOT NULL AND lease_until IS NOT NULL)", name="claim"),
    CheckConstraint("(state IN ('sent', 'dead', 'dropped')) = (settled_at IS NOT NULL)", name="settled"),
    Index("ix_outbox_pending", "conversation_id", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index(
        "ix_outbox_due",
        "due_at",
        sqlite_where=text("state = 'pending'"),
        postgresql_where=text("state = 'pending'"),
    ),
    Index("ix_outbox_settled_at", "settled_at"),
    Index("ix_outbox_conversation_id", "conversation_id", "id"),  # all that was said in a conversation
    Index(
        "ix_outbox_dead",
        "settled_at",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    # How much of a conversation's quota is used.
    Index(
        "ix_outbox_sent",
        "conversation_id",
        "settled_at",
        sqlite_where=text("state = 'sent'"),
        postgresql_where=text("state = 'sent'"),
    ),
    # At most one delivery of a conversation is under way: that keeps its messages in order.
    Index(
        "uq_outbox_claimed_conversation_id",
        "conversation_id",
        unique=True,
        sqlite_where=text("state = 'claimed'"),
        postgresql_where=text("state = 'claimed'"),
    ),
)

# What a platform told later of a notice that it had taken: `reason` NULL means delivered. Rows go once they are read.
delivery_reports = Table(
    "delivery_reports",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("provider_id", String(64), primary_key=True),  # the platform's number of the notice
    Column("reason", String(80)),
    Column("received_at", UtcTime, nullable=False),
    Index("ix_delivery_reports_received_at", "received_at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("token", LargeBinary),
    Column("expires_at", UtcTime),
    Column("lease_until", UtcTime),
    CheckConstraint("(token IS NULL) = (expires_at IS NULL)", name="expires_at"),
)

# Which keys this database was written with (fingerprints only), so that a start with others is refused.
key_checks = Table(
    "key_checks",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
)
