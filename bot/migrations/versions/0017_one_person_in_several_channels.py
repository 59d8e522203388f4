"""One person in several channels: which contacts are one person."""

import sqlalchemy as sa
from alembic import op

from bot.store.schema import RowId, UtcTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_STANDING = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "persons",
        sa.Column("id", RowId, nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_table(
        "joins",
        sa.Column("id", RowId, nullable=False),
        sa.Column("person_id", RowId, nullable=False),
        sa.Column("contact_id", RowId, nullable=False),
        sa.Column("ground", sa.String(length=8), nullable=False),
        sa.Column("joined_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.CheckConstraint("ground IN ('platform', 'code')", name=op.f("ck_joins_ground")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_joins_person_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_joins_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joins")),
    )
    op.create_index(
        "uq_joins_contact_id",
        "joins",
        ["contact_id"],
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    )
    op.create_index("ix_joins_person_id", "joins", ["person_id"])
    op.create_table(
        "join_offers",
        sa.Column("contact_id", RowId, autoincrement=False, nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.CheckConstraint("misses >= 0", name=op.f("ck_join_offers_misses")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_join_offers_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_join_offers")),
    )
    op.create_table(
        "platform_people",
        sa.Column("contact_id", RowId, autoincrement=False, nullable=False),
        sa.Column("identity_index", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_platform_people_contact_id")),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_platform_people")),
    )
    op.create_index("ix_platform_people_identity_index", "platform_people", ["identity_index"])


def downgrade() -> None:
    op.drop_table("platform_people")
    op.drop_table("join_offers")
    op.drop_table("joins")
    op.drop_table("persons")
