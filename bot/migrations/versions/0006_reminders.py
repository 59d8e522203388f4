"""Reminders, who doesn't want them, calls to be made, and how much of a conversation's quota is used."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reminder_controls',
    sa.Column('name', sa.String(length=16), nullable=False),
    sa.Column('holder', sa.String(length=64), nullable=True),
    sa.Column('until_at', UtcTime(), nullable=True),
    sa.Column('position', RowId, nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_reminder_controls'))
    )
    op.create_table('call_tasks',
    sa.Column('id', RowId, nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=32), nullable=False),
    sa.Column('occurrence', sa.String(length=40), nullable=False),
    sa.Column('contact_id', RowId, nullable=True),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('made_at', UtcTime(), nullable=False),
    sa.Column('done_at', UtcTime(), nullable=True),
    sa.Column('done_by', sa.String(length=80), nullable=True),
    sa.Column('detail', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_call_tasks_contact_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_tasks')),
    sa.UniqueConstraint('subject', 'kind', 'occurrence', name=op.f('uq_call_tasks_subject_kind_occurrence'))
    )
    op.create_index('ix_call_tasks_open', 'call_tasks', ['due_at'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
    op.create_table('reminder_opt_outs',
    sa.Column('contact_id', RowId, autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_reminder_opt_outs_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', 'kind', name=op.f('pk_reminder_opt_outs'))
    )
    op.create_table('subscriptions',
    sa.Column('contact_id', RowId, autoincrement=False, nullable=False),
    sa.Column('template', sa.String(length=64), nullable=False),
    sa.Column('messages_left', sa.Integer(), nullable=False),
    sa.CheckConstraint('messages_left >= 0', name=op.f('ck_subscriptions_messages_left')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_subscriptions_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', 'template', name=op.f('pk_subscriptions'))
    )
    op.create_table('reminders',
    sa.Column('id', RowId, nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('subject', sa.String(length=32), nullable=False),
    sa.Column('occurrence', sa.String(length=40), nullable=False),
    sa.Column('contact_id', RowId, nullable=False),
    sa.Column('conversation_id', RowId, nullable=False),
    sa.Column('due_at', UtcTime(), nullable=False),
    sa.Column('until_at', UtcTime(), nullable=False),
    sa.Column('state', sa.String(length=9), nullable=False),
    sa.Column('rung', sa.Integer(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('way', sa.String(length=8), nullable=True),
    sa.Column('provider_id', sa.String(length=64), nullable=True),
    sa.Column('claim_token', sa.String(length=32), nullable=True),
    sa.Column('lease_until', UtcTime(), nullable=True),
    sa.Column('settled_at', UtcTime(), nullable=True),
    sa.Column('reason', sa.String(length=80), nullable=True),
    sa.CheckConstraint("(state = 'claimed') = (claim_token IS NOT NULL AND lease_until IS NOT NULL)", name=op.f('ck_reminders_claim')),
    sa.CheckConstraint("state IN ('planned', 'claimed', 'handed', 'sent', 'called', 'expired', 'dropped', 'opted_out')", name=op.f('ck_reminders_state')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_reminders_contact_id')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id'], name=op.f('fk_reminders_conversation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminders')),
    sa.UniqueConstraint('subject', 'kind', 'occurrence', 'contact_id', name=op.f('uq_reminders_subject_kind_occurrence_contact_id'))
    )
    op.create_index('ix_reminders_contact_id', 'reminders', ['contact_id', 'kind'], unique=False)
    op.create_index('ix_reminders_due', 'reminders', ['due_at'], unique=False, sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'"))
    op.create_index('ix_reminders_handed', 'reminders', ['id'], unique=False, sqlite_where=sa.text("state = 'handed'"), postgresql_where=sa.text("state = 'handed'"))
    op.create_index('ix_reminders_lease', 'reminders', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'claimed'"), postgresql_where=sa.text("state = 'claimed'"))
    op.create_index('ix_reminders_provider_id', 'reminders', ['provider_id'], unique=False, sqlite_where=sa.text('provider_id IS NOT NULL'), postgresql_where=sa.text('provider_id IS NOT NULL'))
    op.create_index('ix_reminders_until', 'reminders', ['until_at'], unique=False, sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'"))
    op.create_index('ix_outbox_sent', 'outbox', ['conversation_id', 'settled_at'], unique=False, sqlite_where=sa.text("state = 'sent'"), postgresql_where=sa.text("state = 'sent'"))


def downgrade() -> None:
    op.drop_index('ix_outbox_sent', table_name='outbox', sqlite_where=sa.text("state = 'sent'"), postgresql_where=sa.text("state = 'sent'"))
    op.drop_index('ix_reminders_until', table_name='reminders', sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'"))
    op.drop_index('ix_reminders_provider_id', table_name='reminders', sqlite_where=sa.text('provider_id IS NOT NULL'), postgresql_where=sa.text('provider_id IS NOT NULL'))
    op.drop_index('ix_reminders_lease', table_name='reminders', sqlite_where=sa.text("state = 'claimed'"), postgresql_where=sa.text("state = 'claimed'"))
    op.drop_index('ix_reminders_handed', table_name='reminders', sqlite_where=sa.text("state = 'handed'"), postgresql_where=sa.text("state = 'handed'"))
    op.drop_index('ix_reminders_due', table_name='reminders', sqlite_where=sa.text("state = 'planned'"), postgresql_where=sa.text("state = 'planned'"))
    op.drop_index('ix_reminders_contact_id', table_name='reminders')
    op.drop_table('reminders')
    op.drop_table('subscriptions')
    op.drop_table('reminder_opt_outs')
    op.drop_index('ix_call_tasks_open', table_name='call_tasks', sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))
    op.drop_table('call_tasks')
    op.drop_table('reminder_controls')
