"""Exports: a person's own copy of what is stored about them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("file", sa.String(64), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("downloads_left", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exports"),
        sa.UniqueConstraint("file", name="uq_exports_file"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_exports_contact_id"),
        sa.CheckConstraint("downloads_left >= 0", name="ck_exports_downloads_left"),
    )
    op.create_index("ix_exports_contact_id", "exports", ["contact_id"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])


def downgrade() -> None:
    op.drop_table("exports")
