"""Papers are found by their person, and the files of deleted ones by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LEFT = sa.text("state = 'deleted' AND file IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_materials_contact_id", "materials", ["contact_id"])
    op.create_index("ix_materials_to_delete", "materials", ["id"], sqlite_where=_LEFT, postgresql_where=_LEFT)


def downgrade() -> None:
    op.drop_index("ix_materials_to_delete", "materials")
    op.drop_index("ix_materials_contact_id", "materials")
