"""What waits for people of the web chat, and the files they send."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UNREAD = sa.text("read_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "web_chat_letters",
        sa.Column("id", RowId, nullable=False),
        sa.Column("contact_id", RowId, nullable=False),
        sa.Column("outbox_key", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.CheckConstraint("(body IS NULL) = (read_at IS NOT NULL)", name=op.f("ck_web_chat_letters_body")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_web_chat_letters_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_chat_letters")),
        sa.UniqueConstraint("outbox_key", name=op.f("uq_web_chat_letters_outbox_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_chat_letters_made_at", "web_chat_letters", ["made_at"])
    op.create_index(
        "ix_web_chat_letters_unread",
        "web_chat_letters",
        ["contact_id", "id"],
        sqlite_where=_UNREAD,
        postgresql_where=_UNREAD,
    )
    op.create_table(
        "web_chat_files",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("contact_id", RowId, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_web_chat_files_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_chat_files")),
    )
    op.create_index("ix_web_chat_files_made_at", "web_chat_files", ["made_at"])
    op.create_index("ix_web_chat_files_contact_id", "web_chat_files", ["contact_id", "made_at"])


def downgrade() -> None:
    op.drop_table("web_chat_files")
    op.drop_table("web_chat_letters")
