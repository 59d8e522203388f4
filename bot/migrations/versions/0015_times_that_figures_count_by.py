"""Indexes on the times by which the figures count."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_ENDED = sa.text("settled_at IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_questions_asked_at",
        "questions",
        ["asked_at", "decision", "product", "service", "attribute", "conversation_id"],
    )
    op.create_index("ix_hand_overs_asked_at", "hand_overs", ["asked_at"])
    op.create_index("ix_case_deadlines_due_at", "case_deadlines", ["due_at"])
    op.create_index(
        "ix_reminders_settled_at", "reminders", ["settled_at"], sqlite_where=_ENDED, postgresql_where=_ENDED
    )


def downgrade() -> None:
    op.drop_index("ix_reminders_settled_at", table_name="reminders")
    op.drop_index("ix_case_deadlines_due_at", table_name="case_deadlines")
    op.drop_index("ix_hand_overs_asked_at", table_name="hand_overs")
    op.drop_index("ix_questions_asked_at", table_name="questions")
