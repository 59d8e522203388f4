"""Children, who looks after them, and what is recorded of them."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('children',
    sa.Column('id', RowId, nullable=False),
    sa.Column('number', sa.String(length=16), nullable=False),
    sa.Column('policy_id', RowId, nullable=True),
    sa.Column('insured_id', RowId, nullable=True),
    sa.Column('made_at', UtcTime(), nullable=False),
    sa.Column('changed_at', UtcTime(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('(policy_id IS NULL) = (insured_id IS NULL)', name=op.f('ck_children_insured')),
    sa.ForeignKeyConstraint(['policy_id'], ['policies.id'], name=op.f('fk_children_policy_id')),
    sa.ForeignKeyConstraint(['insured_id'], ['insured.id'], name=op.f('fk_children_insured_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_children')),
    sa.UniqueConstraint('number', name=op.f('uq_children_number')),
    sa.UniqueConstraint('insured_id', name=op.f('uq_children_insured_id')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_children_policy_id', 'children', ['policy_id'], unique=False)
    op.create_table('child_guardians',
    sa.Column('child_id', RowId, autoincrement=False, nullable=False),
    sa.Column('contact_id', RowId, autoincrement=False, nullable=False),
    sa.Column('since', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['child_id'], ['children.id'], name=op.f('fk_child_guardians_child_id')),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_child_guardians_contact_id')),
    sa.PrimaryKeyConstraint('child_id', 'contact_id', name=op.f('pk_child_guardians'))
    )
    op.create_index('ix_child_guardians_contact_id', 'child_guardians', ['contact_id'], unique=False)
    op.create_table('child_records',
    sa.Column('id', RowId, nullable=False),
    sa.Column('child_id', RowId, nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('added_at', UtcTime(), nullable=False),
    sa.Column('added_by', sa.String(length=80), nullable=False),
    sa.Column('dropped_at', UtcTime(), nullable=True),
    sa.Column('dropped_by', sa.String(length=80), nullable=True),
    sa.Column('replaced_by', RowId, nullable=True),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("kind IN ('dose', 'growth', 'check_up', 'event')", name=op.f('ck_child_records_kind')),
    sa.CheckConstraint("source IN ('parent', 'import', 'clinic_confirmed')", name=op.f('ck_child_records_source')),
    sa.CheckConstraint('(dropped_at IS NULL) = (dropped_by IS NULL)', name=op.f('ck_child_records_dropped')),
    sa.ForeignKeyConstraint(['child_id'], ['children.id'], name=op.f('fk_child_records_child_id')),
    sa.ForeignKeyConstraint(['replaced_by'], ['child_records.id'], name=op.f('fk_child_records_replaced_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_child_records'))
    )
    op.create_index('ix_child_records_child_id', 'child_records', ['child_id', 'id'], unique=False)
    op.create_index('ix_child_records_dropped', 'child_records', ['dropped_at'], unique=False, sqlite_where=sa.text('dropped_at IS NOT NULL'), postgresql_where=sa.text('dropped_at IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('ix_child_records_dropped', table_name='child_records', sqlite_where=sa.text('dropped_at IS NOT NULL'), postgresql_where=sa.text('dropped_at IS NOT NULL'))
    op.drop_index('ix_child_records_child_id', table_name='child_records')
    op.drop_table('child_records')
    op.drop_index('ix_child_guardians_contact_id', table_name='child_guardians')
    op.drop_table('child_guardians')
    op.drop_index('ix_children_policy_id', table_name='children')
    op.drop_table('children')
