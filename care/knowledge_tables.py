"""The tables of the quality loop: what operators add to the handbooks, who did what to it, what it was tried on."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.store.schema import RowId, UtcTime, metadata

# `texts` are phrasings, names, or the questions of a new entry; `question_id` is the miss that it began with.
# A published row never changes but to be withdrawn.
knowledge_items = Table(
    "knowledge_items",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("product", String(64), nullable=False),
    Column("service", String(64)),
    Column("key", String(64)),
    Column("drug_no", Integer),
    Column("texts", JSON, nullable=False),
    Column("say", Text),
    Column("clauses", JSON, nullable=False),
    Column("question_id", RowId),
    Column("state", String(10), nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", String(80), nullable=False),
    Column("edited_by", String(80), nullable=False),
    Column("edited_at", UtcTime, nullable=False),
    Column("approved_by", String(80)),
    Column("approved_at", UtcTime),
    Column("published_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    CheckConstraint("kind IN ('phrasing', 'service_name', 'drug_name', 'entry')", name="kind"),
    CheckConstraint("state IN ('draft', 'approved', 'published', 'withdrawn')", name="state"),
    # Four eyes: whoever wrote it never approves it.
    CheckConstraint("approved_by <> edited_by AND approved_by <> author", name="four_eyes"),
    CheckConstraint("state <> 'published' OR (approved_by IS NOT NULL AND published_at IS NOT NULL)", name="published"),
    CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="approved"),
    CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
    Index("ix_knowledge_items_state", "state", "id"),
)

# Append-only: written | changed | approved | published | withdrawn. How many rows there are is the version that every
# process compares: it grows with each commit that changes anything.
knowledge_steps = Table(
    "knowledge_steps",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("item_id", RowId, ForeignKey("knowledge_items.id"), nullable=False),
    Column("item_version", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("act", String(10), nullable=False),
    CheckConstraint("act IN ('written', 'changed', 'approved', 'published', 'withdrawn')", name="act"),
    Index("ix_knowledge_steps_item_id", "item_id", "id"),
)

# One trial of one version of an item. `changes` names questions by number or place, never by their words.
knowledge_replays = Table(
    "knowledge_replays",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("item_id", RowId, ForeignKey("knowledge_items.id"), nullable=False),
    Column("item_version", Integer, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("beat_at", UtcTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("touched", Integer, nullable=False),
    Column("changes", JSON, nullable=False),
    CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    Index("ix_knowledge_replays_item_id", "item_id", "id"),
)
