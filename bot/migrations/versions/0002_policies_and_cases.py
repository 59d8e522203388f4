"""Policies and who may act on them, consents, the audit trail, cases with deadlines, uses and materials."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")

_TABLES = (
    "policies",
    "insured",
    "bindings",
    "consents",
    "verification_attempts",
    "audit",
    "cases",
    "case_events",
    "case_deadlines",
    "uses",
    "materials",
)


def upgrade() -> None:
    _policies()
    _permissions()
    _audit()
    _cases()
    _course()
    _uses()
    _materials()


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(16), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("lapsed_on", sa.Date()),
        sa.Column("reinstated_on", sa.Date()),
        sa.Column("waiting_period_days", sa.Integer()),
        sa.Column("options", sa.String(200)),
        sa.Column("holder_id_index", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("imported_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policies"),
        sa.UniqueConstraint("number_index", name="uq_policies_number_index"),
        sa.CheckConstraint("status IN ('active', 'lapsed', 'surrendered')", name=op.f("ck_policies_status")),
        sa.CheckConstraint("expires_on >= effective_on", name=op.f("ck_policies_term")),
    )
    op.create_index("ix_policies_holder", "policies", ["holder_id_index"])
    op.create_table(
        "insured",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("policy_id", ROW_ID, nullable=False),
        sa.Column("id_index", sa.LargeBinary(), nullable=False),
        sa.Column("relation", sa.String(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_insured"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_insured_policy_id"),
        sa.UniqueConstraint("policy_id", "id_index", name="uq_insured_policy_id_id_index"),
        sa.CheckConstraint("relation IN ('self', 'spouse', 'child', 'parent', 'other')", name=op.f("ck_insured_relation")),
    )


def _permissions() -> None:
    op.create_table(
        "bindings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("policy_id", ROW_ID, nullable=False),
        sa.Column("bound_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_bindings_contact_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_bindings_policy_id"),
    )
    _partial_index(
        "uq_bindings_contact_id_policy_id", "bindings", ["contact_id", "policy_id"], "ended_at IS NULL", unique=True
    )
    op.create_table(
        "consents",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given_at", TIME, nullable=False),
        sa.Column("withdrawn_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_consents_contact_id"),
    )
    op.create_index("ix_consents_contact_id", "consents", ["contact_id", "kind"])
    op.create_table(
        "verification_attempts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("policy_index", sa.LargeBinary()),
        sa.Column("at", TIME, nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verification_attempts"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_verification_attempts_contact_id"),
    )
    op.create_index("ix_verification_attempts_contact_id", "verification_attempts", ["contact_id", "at"])
    op.create_index("ix_verification_attempts_policy_index", "verification_attempts", ["policy_index", "at"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("detail", sa.LargeBinary()),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("conversation_id", ROW_ID, nullable=False),
        sa.Column("policy_id", ROW_ID, nullable=False),
        sa.Column("insured_id", ROW_ID),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("flow_version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String(80)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("request_key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
        sa.UniqueConstraint("request_key", name="uq_cases_request_key"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_cases_contact_id"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_cases_conversation_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_cases_policy_id"),
        sa.ForeignKeyConstraint(["insured_id"], ["insured.id"], name="fk_cases_insured_id"),
    )
    op.create_index("ix_cases_contact_id", "cases", ["contact_id", "id"])
    op.create_index("ix_cases_policy_id", "cases", ["policy_id", "id"])
    _partial_index("ix_cases_open", "cases", ["changed_at"], "is_open")


def _course() -> None:
    op.create_table(
        "case_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("case_id", ROW_ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("step", sa.String(40)),
        sa.Column("detail", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_case_events"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_events_case_id"),
    )
    op.create_index("ix_case_events_case_id", "case_events", ["case_id", "id"])
    op.create_table(
        "case_deadlines",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("case_id", ROW_ID, nullable=False),
        sa.Column("promise", sa.String(40), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("paused_at", TIME),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_case_deadlines"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_deadlines_case_id"),
        sa.CheckConstraint(
            "state IN ('running', 'paused', 'met', 'missed', 'dropped')", name=op.f("ck_case_deadlines_state")
        ),
    )
    _partial_index("ix_case_deadlines_due", "case_deadlines", ["due_at"], "state = 'running'")
    op.create_index("ix_case_deadlines_case_id", "case_deadlines", ["case_id"])


def _uses() -> None:
    op.create_table(
        "uses",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("case_id", ROW_ID, nullable=False),
        sa.Column("policy_id", ROW_ID, nullable=False),
        sa.Column("insured_id", ROW_ID),
        sa.Column("person", sa.String(24), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("counter", sa.String(64), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uses"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_uses_case_id"),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.id"], name="fk_uses_policy_id"),
        sa.ForeignKeyConstraint(["insured_id"], ["insured.id"], name="fk_uses_insured_id"),
        sa.CheckConstraint("state IN ('held', 'spent', 'released')", name=op.f("ck_uses_state")),
    )
    place = ["policy_id", "person", "service", "counter", "period", "place"]
    _partial_index("uq_uses_place", "uses", place, "state <> 'released'", unique=True)
    op.create_index("ix_uses_case_id", "uses", ["case_id"])


def _materials() -> None:
    op.create_table(
        "materials",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("contact_id", ROW_ID, nullable=False),
        sa.Column("case_id", ROW_ID),
        sa.Column("material", sa.String(64)),
        sa.Column("media_type", sa.String(64)),
        sa.Column("bytes", sa.Integer()),
        sa.Column("file", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("media_id", sa.LargeBinary()),
        sa.Column("reason", sa.String(80)),
        sa.Column("received_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_materials"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_materials_contact_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_materials_case_id"),
        sa.UniqueConstraint("file", name="uq_materials_file"),
        sa.CheckConstraint("state IN ('wanted', 'kept', 'refused', 'deleted')", name=op.f("ck_materials_state")),
    )
    op.create_index("ix_materials_case_id", "materials", ["case_id"])
    _partial_index("ix_materials_wanted", "materials", ["received_at"], "state = 'wanted'")


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
