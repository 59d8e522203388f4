"""WeChat customer service: how far it was fetched, how its sessions stand, what was sent."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kf_cursors",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("open_kfid", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=True),
        sa.Column("lease_until", UtcTime(), nullable=True),
        sa.CheckConstraint("(holder IS NULL) = (lease_until IS NULL)", name=op.f("ck_kf_cursors_lease")),
        sa.PrimaryKeyConstraint("account", "open_kfid", name=op.f("pk_kf_cursors")),
    )
    op.create_table(
        "kf_sessions",
        sa.Column("conversation_id", RowId, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("open_kfid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Integer(), nullable=True),
        sa.Column("servicer", sa.String(length=64), nullable=True),
        sa.Column("changed_at", UtcTime(), nullable=False),
        sa.Column("window_at", UtcTime(), nullable=True),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code", sa.String(length=256), nullable=True),
        sa.Column("code_until", UtcTime(), nullable=True),
        sa.Column("menu_id", sa.String(length=32), nullable=True),
        sa.Column("move_at", UtcTime(), nullable=True),
        sa.CheckConstraint("state BETWEEN 0 AND 4", name=op.f("ck_kf_sessions_state")),
        sa.CheckConstraint("(code IS NULL) = (code_until IS NULL)", name=op.f("ck_kf_sessions_code")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_kf_sessions_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_kf_sessions")),
    )
    op.create_index("ix_kf_sessions_servicer", "kf_sessions", ["account", "servicer"])
    op.create_table(
        "kf_sends",
        sa.Column("id", RowId, nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("outbox_key", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", RowId, nullable=False),
        sa.Column("code", sa.String(length=256), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_kf_sends_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kf_sends")),
        sa.UniqueConstraint("account", "message_id", name=op.f("uq_kf_sends_account_message_id")),
    )
    op.create_index("ix_kf_sends_at", "kf_sends", ["at"])


def downgrade() -> None:
    op.drop_table("kf_sends")
    op.drop_table("kf_sessions")
    op.drop_table("kf_cursors")
