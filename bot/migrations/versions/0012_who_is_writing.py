"""Who is writing an answer right now, and a whole conversation's deliveries."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_typing",
        sa.Column("conversation_id", RowId, autoincrement=False, nullable=False),
        sa.Column("staff_id", RowId, autoincrement=False, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_staff_typing_conversation_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_typing_staff_id")),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name=op.f("pk_staff_typing")),
    )
    op.create_index("ix_staff_typing_at", "staff_typing", ["at"])
    op.create_index("ix_outbox_conversation_id", "outbox", ["conversation_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_conversation_id", table_name="outbox")
    op.drop_table("staff_typing")
