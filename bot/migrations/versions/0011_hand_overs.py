"""Hand-overs: who has a conversation since when, its steps, private notes, what escalated."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('conversation_notes',
    sa.Column('id', RowId, nullable=False),
    sa.Column('conversation_id', RowId, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('note_key', sa.String(length=32), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_conversation_notes_conversation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation_notes')),
    sa.UniqueConstraint('note_key', name=op.f('uq_conversation_notes_note_key'))
    )
    op.create_index('ix_conversation_notes_conversation_id', 'conversation_notes', ['conversation_id', 'id'], unique=False)
    op.create_table('hand_overs',
    sa.Column('id', RowId, nullable=False),
    sa.Column('conversation_id', RowId, nullable=False),
    sa.Column('asked_at', UtcTime(), nullable=True),
    sa.Column('reason', sa.String(length=200), nullable=True),
    sa.Column('product', sa.String(length=64), nullable=True),
    sa.Column('is_red', sa.Boolean(), nullable=False),
    sa.Column('offered_to', RowId, nullable=True),
    sa.Column('offered_at', UtcTime(), nullable=True),
    sa.Column('staff_id', RowId, nullable=True),
    sa.Column('taken_at', UtcTime(), nullable=True),
    sa.Column('held_since', UtcTime(), nullable=True),
    sa.Column('first_reply_at', UtcTime(), nullable=True),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.Column('how', sa.String(length=10), nullable=True),
    sa.Column('end_reason', sa.String(length=40), nullable=True),
    sa.Column('rating_asked_at', UtcTime(), nullable=True),
    sa.Column('rating', sa.Integer(), nullable=True),
    sa.Column('rated_at', UtcTime(), nullable=True),
    sa.CheckConstraint("how IN ('given_back', 'closed')", name=op.f('ck_hand_overs_how')),
    sa.CheckConstraint('(ended_at IS NULL) = (how IS NULL)', name=op.f('ck_hand_overs_ended')),
    sa.CheckConstraint('(offered_to IS NULL) = (offered_at IS NULL)', name=op.f('ck_hand_overs_offered')),
    sa.CheckConstraint('(staff_id IS NULL) = (held_since IS NULL)', name=op.f('ck_hand_overs_held')),
    sa.CheckConstraint('(staff_id IS NULL) = (taken_at IS NULL)', name=op.f('ck_hand_overs_taken')),
    sa.CheckConstraint('rating BETWEEN 1 AND 5', name=op.f('ck_hand_overs_rating')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_hand_overs_conversation_id')),
    sa.ForeignKeyConstraint(['offered_to'], ['staff.id'], name=op.f('fk_hand_overs_offered_to')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_hand_overs_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_overs'))
    )
    op.create_index('ix_hand_overs_conversation_id', 'hand_overs', ['conversation_id', 'id'], unique=False)
    op.create_index('ix_hand_overs_ended_at', 'hand_overs', ['ended_at'], unique=False)
    op.create_index('ix_hand_overs_staff_id', 'hand_overs', ['staff_id'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_index('uq_hand_overs_open_conversation_id', 'hand_overs', ['conversation_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('escalations',
    sa.Column('id', RowId, nullable=False),
    sa.Column('hand_over_id', RowId, nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('seen_at', UtcTime(), nullable=True),
    sa.Column('seen_by', RowId, nullable=True),
    sa.CheckConstraint("kind IN ('danger', 'untaken', 'unanswered')", name=op.f('ck_escalations_kind')),
    sa.CheckConstraint('(seen_at IS NULL) = (seen_by IS NULL)', name=op.f('ck_escalations_seen')),
    sa.ForeignKeyConstraint(['hand_over_id'], ['hand_overs.id'], name=op.f('fk_escalations_hand_over_id')),
    sa.ForeignKeyConstraint(['seen_by'], ['staff.id'], name=op.f('fk_escalations_seen_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalations')),
    sa.UniqueConstraint('hand_over_id', 'kind', 'since', name=op.f('uq_escalations_hand_over_id_kind_since'))
    )
    op.create_index('ix_escalations_unseen', 'escalations', ['at'], unique=False, sqlite_where=sa.text('seen_at IS NULL'), postgresql_where=sa.text('seen_at IS NULL'))
    op.create_table('hand_over_steps',
    sa.Column('id', RowId, nullable=False),
    sa.Column('hand_over_id', RowId, nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('staff_id', RowId, nullable=True),
    sa.ForeignKeyConstraint(['hand_over_id'], ['hand_overs.id'], name=op.f('fk_hand_over_steps_hand_over_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_hand_over_steps_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_over_steps'))
    )
    op.create_index('ix_hand_over_steps_hand_over_id', 'hand_over_steps', ['hand_over_id', 'id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_hand_over_steps_hand_over_id', table_name='hand_over_steps')
    op.drop_table('hand_over_steps')
    op.drop_index('ix_escalations_unseen', table_name='escalations', sqlite_where=sa.text('seen_at IS NULL'), postgresql_where=sa.text('seen_at IS NULL'))
    op.drop_table('escalations')
    op.drop_index('uq_hand_overs_open_conversation_id', table_name='hand_overs', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_hand_overs_staff_id', table_name='hand_overs', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.drop_index('ix_hand_overs_ended_at', table_name='hand_overs')
    op.drop_index('ix_hand_overs_conversation_id', table_name='hand_overs')
    op.drop_table('hand_overs')
    op.drop_index('ix_conversation_notes_conversation_id', table_name='conversation_notes')
    op.drop_table('conversation_notes')
