"""A message of the outbox may be of no use from a time on; what a platform tells later of a notice is kept until read."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("expires_at", UtcTime(), nullable=True))
    op.create_table(
        "delivery_reports",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "provider_id", name=op.f("pk_delivery_reports")),
    )
    op.create_index("ix_delivery_reports_received_at", "delivery_reports", ["received_at"])


def downgrade() -> None:
    op.drop_index("ix_delivery_reports_received_at", "delivery_reports")
    op.drop_table("delivery_reports")
    op.drop_column("outbox", "expires_at")
