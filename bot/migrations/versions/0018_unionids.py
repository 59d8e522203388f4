"""WeChat's unionids, and which contacts the person took apart."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Until now a parting showed in the audit trail alone, at the very moment at which the row ended.
_PARTED = """
    UPDATE joins SET parted = true
    WHERE ended_at IS NOT NULL AND EXISTS (
        SELECT 1 FROM audit
        WHERE audit.action = 'contacts separated'
        AND audit.subject = 'contact:' || joins.contact_id
        AND audit.at = joins.ended_at
    )
"""


def upgrade() -> None:
    op.add_column("joins", sa.Column("parted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(_PARTED)
    op.create_table(
        "unionids",
        sa.Column("contact_id", RowId, autoincrement=False, nullable=False),
        sa.Column("identity_index", sa.LargeBinary(), nullable=True),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_unionids_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_unionids")),
    )
    op.create_index("ix_unionids_identity_index", "unionids", ["identity_index"])


def downgrade() -> None:
    op.drop_table("unionids")
    op.drop_column("joins", "parted")
