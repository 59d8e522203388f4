"""The tables of what we run for people. Everything that names or describes a person is sealed with the master key.

It is sealed by the master key and not by the person's own: policies come from the insurer, and cases are what the law
makes the company keep after a person has deleted their conversation. The module is long because all of care's tables
stand here, beside what they refer to.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from bot.store.schema import RowId, UtcTime, metadata

# `number_index`, `holder_id_index`, `id_index` and `name_index` are keyed blind indexes (KeyRing.blind_index).
policies = Table(
    "policies",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("number_index", LargeBinary, nullable=False),
    Column("product", String(64), nullable=False),
    Column("plan", String(16), nullable=False),
    Column("status", String(12), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("lapsed_on", Date),
    Column("reinstated_on", Date),
    Column("waiting_period_days", Integer),
    Column("options", String(200)),  # ;-separated; NULL: unknown which optional liabilities were bought
    Column("holder_id_index", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # number, holder's name, identity number, phone
    Column("imported_at", UtcTime, nullable=False),
    UniqueConstraint("number_index"),
    CheckConstraint("status IN ('active', 'lapsed', 'surrendered')", name="status"),
    CheckConstraint("expires_on >= effective_on", name="term"),
    Index("ix_policies_holder", "holder_id_index"),
)

insured = Table(
    "insured",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("policy_id", RowId, ForeignKey("policies.id"), nullable=False),
    Column("id_index", LargeBinary, nullable=False),
    Column("relation", String(8), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # name, identity number, birth date, sex
    UniqueConstraint("policy_id", "id_index"),
    CheckConstraint("relation IN ('self', 'spouse', 'child', 'parent', 'other')", name="relation"),
)

# Who may act on which policy in chat. `ended_at` keeps what was once bound.
bindings = Table(
    "bindings",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("policy_id", RowId, ForeignKey("policies.id"), nullable=False),
    Column("bound_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Index(
        "uq_bindings_contact_id_policy_id",
        "contact_id",
        "policy_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# `kind`: personal | medical | guardian | sharing. A withdrawal is a row of its own moment, never a deletion.
consents = Table(
    "consents",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("given_at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Index("ix_consents_contact_id", "contact_id", "kind"),
)

# Every attempt to verify a policy, by contact and by what was looked for (blind), so that guessing is slowed on both.
verification_attempts = Table(
    "verification_attempts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("policy_index", LargeBinary),
    Column("at", UtcTime, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_verification_attempts_contact_id", "contact_id", "at"),
    Index("ix_verification_attempts_policy_index", "policy_index", "at"),
)

# Hash-chained: each row's digest covers the one before, so that a removed or altered row shows.
audit = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),  # contact:<id> | user:<name> | command | assistant
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", LargeBinary),
    Column("digest", String(64), nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("number", String(24), nullable=False, unique=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("policy_id", RowId, ForeignKey("policies.id"), nullable=False),
    Column("insured_id", RowId, ForeignKey("insured.id")),
    Column("product", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("flow_version", Integer, nullable=False),
    Column("step", String(40), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("owner", String(80)),  # the health manager who has it; NULL: nobody yet
    Column("version", Integer, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("answers", LargeBinary, nullable=False),  # sealed JSON: slot → value, and the labels shown
    # The turn that opened it: the same turn, tried again, opens no second case.
    Column("request_key", String(64), nullable=False, unique=True),
    Index("ix_cases_contact_id", "contact_id", "id"),
    Index("ix_cases_policy_id", "policy_id", "id"),
    Index("ix_cases_open", "changed_at", sqlite_where=text("is_open"), postgresql_where=text("is_open")),
)

# Append-only. `told` marks what the policyholder was told.
case_events = Table(
    "case_events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("case_id", RowId, ForeignKey("cases.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("kind", String(16), nullable=False),  # opened | moved | material | note | cancelled | assigned
    Column("step", String(40)),
    Column("detail", LargeBinary),  # sealed
    Index("ix_case_events_case_id", "case_id", "id"),
)

case_deadlines = Table(
    "case_deadlines",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("case_id", RowId, ForeignKey("cases.id"), nullable=False),
    Column("promise", String(40), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("is_provisional", Boolean, nullable=False),
    Column("paused_at", UtcTime),  # waiting for the customer since
    Column("state", String(8), nullable=False),
    Column("ended_at", UtcTime),
    CheckConstraint("state IN ('running', 'paused', 'met', 'missed', 'dropped')", name="state"),
    Index(
        "ix_case_deadlines_due",
        "due_at",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index("ix_case_deadlines_case_id", "case_id"),
    Index("ix_case_deadlines_due_at", "due_at"),
)

# One row a use. `period` is the policy year's first day, or "contract"; `place` numbers the uses of a period. The
# unique index is what makes two applications race for the last one: the second finds the place taken.
uses = Table(
    "uses",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("case_id", RowId, ForeignKey("cases.id"), nullable=False),
    Column("policy_id", RowId, ForeignKey("policies.id"), nullable=False),
    Column("insured_id", RowId, ForeignKey("insured.id")),
    Column("person", String(24), nullable=False),  # "holder", or the insured's row number: who uses it up
    Column("service", String(64), nullable=False),
    Column("counter", String(64), nullable=False),  # which count of the service (its condition), "" for its only one
    Column("period", String(10), nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    CheckConstraint("state IN ('held', 'spent', 'released')", name="state"),
    Index(
        "uq_uses_place",
        "policy_id",
        "person",
        "service",
        "counter",
        "period",
        "place",
        unique=True,
        sqlite_where=text("state <> 'released'"),
        postgresql_where=text("state <> 'released'"),
    ),
    Index("ix_uses_case_id", "case_id"),
)

# Files people sent. The bytes lie sealed in the media folder under `file`; the row alone tells what they are.
materials = Table(
    "materials",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("case_id", RowId, ForeignKey("cases.id")),
    Column("material", String(64)),  # the id in the flow's list; NULL: not told apart yet
    Column("media_type", String(64)),
    Column("bytes", Integer),
    Column("file", String(64), unique=True),
    Column("state", String(10), nullable=False),  # wanted (to be fetched) | kept | refused | deleted
    Column("media_id", LargeBinary),  # sealed; the platform's id while it is to be fetched
    Column("reason", String(80)),
    Column("received_at", UtcTime, nullable=False),
    CheckConstraint("state IN ('wanted', 'kept', 'refused', 'deleted')", name="state"),
    Index("ix_materials_case_id", "case_id"),
    Index("ix_materials_contact_id", "contact_id"),
    Index(
        "ix_materials_to_delete",
        "id",
        sqlite_where=text("state = 'deleted' AND file IS NOT NULL"),
        postgresql_where=text("state = 'deleted' AND file IS NOT NULL"),
    ),
    Index(
        "ix_materials_wanted",
        "received_at",
        sqlite_where=text("state = 'wanted'"),
        postgresql_where=text("state = 'wanted'"),
    ),
)

# A person's own copy of what is stored about them: a sealed file, fetched by a signed link a few times within a day.
exports = Table(
    "exports",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("file", String(64), nullable=False, unique=True),
    Column("made_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("downloads_left", Integer, nullable=False),
    CheckConstraint("downloads_left >= 0", name="downloads_left"),
    Index("ix_exports_contact_id", "contact_id"),
    Index("ix_exports_expires_at", "expires_at"),
)

# What is to be done for a person outside their turn, because it takes its time (`kind`: export). A claim ends by its
# lease; asked for twice, it is done once.
errands = Table(
    "errands",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("wanted_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    UniqueConstraint("kind", "contact_id"),
)

# What people are to be reminded of, planned ahead: one row for each occasion of a subject ("case:7", "child:3") and
# person. claimed: in a worker's hands until its lease ends · handed: on its way (`way`), its end not known yet.
reminders = Table(
    "reminders",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(32), nullable=False),
    Column("occurrence", String(40), nullable=False),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("conversation_id", RowId, ForeignKey("conversations.id"), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("until_at", UtcTime, nullable=False),
    Column("state", String(9), nullable=False),
    Column("rung", Integer, nullable=False),  # how many ways to reach the person have failed
    Column("tries", Integer, nullable=False),
    Column("way", String(8)),
    Column("provider_id", String(64)),  # the platform's number of the template message
    Column("claim_token", String(32)),
    Column("lease_until", UtcTime),
    Column("settled_at", UtcTime),
    Column("reason", String(80)),
    UniqueConstraint("subject", "kind", "occurrence", "contact_id"),
    CheckConstraint(
        "state IN ('planned', 'claimed', 'handed', 'sent', 'called', 'expired', 'dropped', 'opted_out')", name="state"
    ),
    CheckConstraint("(state = 'claimed') = (claim_token IS NOT NULL AND lease_until IS NOT NULL)", name="claim"),
    Index(
        "ix_reminders_due",
        "due_at",
        sqlite_where=text("state = 'planned'"),
        postgresql_where=text("state = 'planned'"),
    ),
    Index(
        "ix_reminders_until",
        "until_at",
        sqlite_where=text("state = 'planned'"),
        postgresql_where=text("state = 'planned'"),
    ),
    Index(
        "ix_reminders_lease",
        "lease_until",
        sqlite_where=text("state = 'claimed'"),
        postgresql_where=text("state = 'claimed'"),
    ),
    Index(
        "ix_reminders_handed", "id", sqlite_where=text("state = 'handed'"), postgresql_where=text("state = 'handed'")
    ),
    Index(
        "ix_reminders_provider_id",
        "provider_id",
        sqlite_where=text("provider_id IS NOT NULL"),
        postgresql_where=text("provider_id IS NOT NULL"),
    ),
    Index("ix_reminders_contact_id", "contact_id", "kind"),
    Index(
        "ix_reminders_settled_at",
        "settled_at",
        sqlite_where=text("settled_at IS NOT NULL"),
        postgresql_where=text("settled_at IS NOT NULL"),
    ),
)

# Which kinds of reminder a person doesn't want; "all" is every kind.
reminder_opt_outs = Table(
    "reminder_opt_outs",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("kind", String(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
)

# How many subscription messages of a template a person has still agreed to.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("template", String(64), primary_key=True),
    Column("messages_left", Integer, nullable=False),
    CheckConstraint("messages_left >= 0", name="messages_left"),
)

# What a health manager is to call somebody about, because no message reaches them or none would do.
call_tasks = Table(
    "call_tasks",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(32), nullable=False),
    Column("occurrence", String(40), nullable=False),
    Column("contact_id", RowId, ForeignKey("contacts.id")),
    Column("due_at", UtcTime, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("done_at", UtcTime),
    Column("done_by", String(80)),
    Column("detail", LargeBinary),  # sealed JSON
    UniqueConstraint("subject", "kind", "occurrence"),
    Index(
        "ix_call_tasks_open", "due_at", sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL")
    ),
)

# What the processes agree on: who ticks (a lease), whether broadcasts pause, how far the nightly re-plan has come.
reminder_controls = Table(
    "reminder_controls",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("holder", String(64)),
    Column("until_at", UtcTime),
    Column("position", RowId, nullable=False),
)
