"""The first tables: people and their keys, conversations, inbox, outbox, the quality record, tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    _people()
    _conversations()
    _inbox()
    _outbox()
    _own_secrets()


def _people() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("blind_index", sa.LargeBinary(), nullable=False),
        sa.Column("platform_id", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("account", "blind_index", name="uq_contacts_account_blind_index"),
    )
    op.create_table(
        "person_keys",
        sa.Column("contact_id", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("master_key_id", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("contact_id", name="pk_person_keys"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_person_keys_contact_id"),
    )


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(8), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary()),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("waiting_since", TIME),
        sa.Column("hand_over_reason", sa.String(200)),
        sa.Column("paged_at", TIME),
        sa.Column("last_question_id", ROW_ID),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("contact_id", name="uq_conversations_contact_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_conversations_contact_id"),
        sa.CheckConstraint("owner IN ('bot', 'waiting', 'human')", name="ck_conversations_owner"),
        sa.CheckConstraint("owner <> 'waiting' OR waiting_since IS NOT NULL", name="ck_conversations_waiting_since"),
    )
    _partial_index("ix_conversations_waiting", "conversations", ["waiting_since"], "owner <> 'bot'")


def _inbox() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("message_key", sa.String(128), nullable=False),
        sa.Column("conversation_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("reply_state", sa.String(12), nullable=False),
        sa.Column("reply", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_inbound"),
        sa.UniqueConstraint("account", "message_key", name="uq_inbound_account_message_key"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_inbound_conversation_id"),
        sa.CheckConstraint(
            "reply_state IN ('acknowledged', 'passive', 'outbox', 'none')", name="ck_inbound_reply_state"
        ),
        sa.CheckConstraint("(reply_state IN ('passive', 'outbox')) = (reply IS NOT NULL)", name="ck_inbound_reply"),
    )
    op.create_index("ix_inbound_conversation_id", "inbound", ["conversation_id", "id"])
    _partial_index("ix_inbound_acknowledged", "inbound", ["conversation_id", "id"], "reply_state = 'acknowledged'")
    op.create_table(
        "questions",
        sa.Column("id", ROW_ID, nullable=False, autoincrement=False),
        sa.Column("conversation_id", ROW_ID, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("product", sa.String(64)),
        sa.Column("service", sa.String(64)),
        sa.Column("attribute", sa.String(64)),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("next_move", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.ForeignKeyConstraint(["id"], ["inbound.id"], name="fk_questions_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_questions_conversation_id"),
        sa.CheckConstraint(
            "next_move IN ('asked_again', 'chose', 'thanked', 'to_person', 'moved_on')", name="ck_questions_next_move"
        ),
    )
    op.create_index("ix_questions_decision", "questions", ["decision", "asked_at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("conversation_id", ROW_ID, nullable=False),
        sa.Column("owner", sa.String(8), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("idempotency_key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("claim_token", sa.String(32)),
        sa.Column("error", sa.String(200)),
        sa.Column("settled_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("idempotency_key", name="uq_outbox_idempotency_key"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_outbox_conversation_id"),
        sa.CheckConstraint("state IN ('pending', 'claimed', 'sent', 'dead', 'dropped')", name="ck_outbox_state"),
        sa.CheckConstraint(
            "(state = 'claimed') = (claim_token IS NOT NULL AND lease_until IS NOT NULL)", name="ck_outbox_claim"
        ),
        sa.CheckConstraint(
            "(state IN ('sent', 'dead', 'dropped')) = (settled_at IS NOT NULL)", name="ck_outbox_settled"
        ),
    )
    _partial_index("ix_outbox_pending", "outbox", ["conversation_id", "id"], "state = 'pending'")
    _partial_index("ix_outbox_due", "outbox", ["due_at"], "state = 'pending'")
    _partial_index("ix_outbox_dead", "outbox", ["settled_at"], "state = 'dead'")
    _partial_index(
        "uq_outbox_claimed_conversation_id", "outbox", ["conversation_id"], "state = 'claimed'", unique=True
    )


def _own_secrets() -> None:
    op.create_table(
        "tokens",
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("expires_at", TIME),
        sa.Column("lease_until", TIME),
        sa.PrimaryKeyConstraint("account", name="pk_tokens"),
        sa.CheckConstraint("(token IS NULL) = (expires_at IS NULL)", name="ck_tokens_expires_at"),
    )
    op.create_table(
        "key_checks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_key_checks"),
    )


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
