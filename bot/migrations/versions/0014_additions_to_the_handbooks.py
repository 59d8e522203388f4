"""Additions to the handbooks: what operators write, every step of it, and what it was tried on."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "knowledge_items",
        sa.Column("id", RowId, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("drug_no", sa.Integer(), nullable=True),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("say", sa.Text(), nullable=True),
        sa.Column("clauses", sa.JSON(), nullable=False),
        sa.Column("question_id", RowId, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("edited_by", sa.String(length=80), nullable=False),
        sa.Column("edited_at", UtcTime(), nullable=False),
        sa.Column("approved_by", sa.String(length=80), nullable=True),
        sa.Column("approved_at", UtcTime(), nullable=True),
        sa.Column("published_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('phrasing', 'service_name', 'drug_name', 'entry')", name=op.f("ck_knowledge_items_kind")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'published', 'withdrawn')", name=op.f("ck_knowledge_items_state")
        ),
        sa.CheckConstraint(
            "approved_by <> edited_by AND approved_by <> author", name=op.f("ck_knowledge_items_four_eyes")
        ),
        sa.CheckConstraint(
            "state <> 'published' OR (approved_by IS NOT NULL AND published_at IS NOT NULL)",
            name=op.f("ck_knowledge_items_published"),
        ),
        sa.CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_knowledge_items_approved")),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_knowledge_items_withdrawn")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_items")),
    )
    op.create_index("ix_knowledge_items_state", "knowledge_items", ["state", "id"])
    op.create_table(
        "knowledge_steps",
        sa.Column("id", RowId, nullable=False),
        sa.Column("item_id", RowId, nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "act IN ('written', 'changed', 'approved', 'published', 'withdrawn')", name=op.f("ck_knowledge_steps_act")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["knowledge_items.id"], name=op.f("fk_knowledge_steps_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_steps")),
    )
    op.create_index("ix_knowledge_steps_item_id", "knowledge_steps", ["item_id", "id"])
    op.create_table(
        "knowledge_replays",
        sa.Column("id", RowId, nullable=False),
        sa.Column("item_id", RowId, nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("beat_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("touched", sa.Integer(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_knowledge_replays_state")),
        sa.ForeignKeyConstraint(["item_id"], ["knowledge_items.id"], name=op.f("fk_knowledge_replays_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_replays")),
    )
    op.create_index("ix_knowledge_replays_item_id", "knowledge_replays", ["item_id", "id"])


def downgrade() -> None:
    op.drop_table("knowledge_replays")
    op.drop_table("knowledge_steps")
    op.drop_table("knowledge_items")
