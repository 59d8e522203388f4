"""The tables of people's work on cases: how papers were judged, and how calls went. Rows are only ever added."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, String, Table

from bot.store.schema import RowId, UtcTime, metadata

# The newest row of a paper counts. `reason` is what its person was told, sealed.
material_reviews = Table(
    "material_reviews",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("material_id", RowId, ForeignKey("materials.id"), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", LargeBinary),
    CheckConstraint("verdict IN ('accepted', 'refused')", name="verdict"),
    Index("ix_material_reviews_material_id", "material_id", "id"),
)

# Every try at a call. `due_at`: when to try again, NULL where the call was made.
call_attempts = Table(
    "call_attempts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("call_task_id", RowId, ForeignKey("call_tasks.id"), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("note", LargeBinary),  # sealed
    CheckConstraint("outcome IN ('done', 'not_reached', 'later')", name="outcome"),
    CheckConstraint("(outcome = 'done') = (due_at IS NULL)", name="due_at"),
    Index("ix_call_attempts_call_task_id", "call_task_id", "id"),
)
