"""How papers were judged by people, and how calls went."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('material_reviews',
    sa.Column('id', RowId, nullable=False),
    sa.Column('material_id', RowId, nullable=False),
    sa.Column('verdict', sa.String(length=8), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('reason', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("verdict IN ('accepted', 'refused')", name=op.f('ck_material_reviews_verdict')),
    sa.ForeignKeyConstraint(['material_id'], ['materials.id'], name=op.f('fk_material_reviews_material_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_material_reviews'))
    )
    op.create_index('ix_material_reviews_material_id', 'material_reviews', ['material_id', 'id'], unique=False)
    op.create_table('call_attempts',
    sa.Column('id', RowId, nullable=False),
    sa.Column('call_task_id', RowId, nullable=False),
    sa.Column('outcome', sa.String(length=12), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('due_at', UtcTime(), nullable=True),
    sa.Column('note', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint("(outcome = 'done') = (due_at IS NULL)", name=op.f('ck_call_attempts_due_at')),
    sa.CheckConstraint("outcome IN ('done', 'not_reached', 'later')", name=op.f('ck_call_attempts_outcome')),
    sa.ForeignKeyConstraint(['call_task_id'], ['call_tasks.id'], name=op.f('fk_call_attempts_call_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_attempts'))
    )
    op.create_index('ix_call_attempts_call_task_id', 'call_attempts', ['call_task_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_call_attempts_call_task_id', table_name='call_attempts')
    op.drop_table('call_attempts')
    op.drop_index('ix_material_reviews_material_id', table_name='material_reviews')
    op.drop_table('material_reviews')
