"""The tables of children: profiles, who looks after them, and what was recorded of them.

Everything that describes a child is sealed with the master key, because several people may look after one child. A
deleted child's rows are deleted (care/children.py).
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from bot.store.schema import RowId, UtcTime, metadata

# An insured child is seen by whoever has bound the policy, and its name, birth date and sex are the policy's.
children = Table(
    "children",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("number", String(16), nullable=False),
    Column("policy_id", RowId, ForeignKey("policies.id")),
    Column("insured_id", RowId, ForeignKey("insured.id")),
    Column("made_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # JSON: the profile
    UniqueConstraint("number"),
    UniqueConstraint("insured_id"),
    CheckConstraint("(policy_id IS NULL) = (insured_id IS NULL)", name="insured"),
    Index("ix_children_policy_id", "policy_id"),
    # The number of a deleted child, which reminders and the audit trail name, is never given again.
    sqlite_autoincrement=True,
)

# Who looks after a child that no policy of theirs covers.
child_guardians = Table(
    "child_guardians",
    metadata,
    Column("child_id", RowId, ForeignKey("children.id"), primary_key=True, autoincrement=False),
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("since", UtcTime, nullable=False),
    Index("ix_child_guardians_contact_id", "contact_id"),
)

# Doses, heights and weights, check-ups, immunoglobulin. What was put right keeps its row: `dropped_at`, and the row
# that stands in its place.
child_records = Table(
    "child_records",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("child_id", RowId, ForeignKey("children.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("source", String(16), nullable=False),
    Column("added_at", UtcTime, nullable=False),  # of a dose that a clinic confirmed: when it was first told
    Column("added_by", String(80), nullable=False),  # as in the audit trail: contact:<id> | user:<name> | command
    Column("dropped_at", UtcTime),
    Column("dropped_by", String(80)),
    Column("replaced_by", RowId, ForeignKey("child_records.id")),
    Column("sealed", LargeBinary, nullable=False),  # JSON: the day, and what
    CheckConstraint("kind IN ('dose', 'growth', 'check_up', 'event')", name="kind"),
    CheckConstraint("source IN ('parent', 'import', 'clinic_confirmed')", name="source"),
    CheckConstraint("(dropped_at IS NULL) = (dropped_by IS NULL)", name="dropped"),
    Index("ix_child_records_child_id", "child_id", "id"),
    Index(
        "ix_child_records_dropped",
        "dropped_at",
        sqlite_where=text("dropped_at IS NOT NULL"),
        postgresql_where=text("dropped_at IS NOT NULL"),
    ),
)
