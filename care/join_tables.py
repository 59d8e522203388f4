"""The tables of one person in several channels: which contacts are one person, and how that came about."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
    text,
)

from bot.store.schema import RowId, UtcTime, metadata

# Somebody who writes in more than one channel. Who writes in one has no row.
persons = Table(
    "persons",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("made_at", UtcTime, nullable=False),
)

# A contact that stands for a person. `ended_at` keeps what was once joined.
joins = Table(
    "joins",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("person_id", RowId, ForeignKey("persons.id"), nullable=False),
    Column("contact_id", RowId, ForeignKey("contacts.id"), nullable=False),
    Column("ground", String(8), nullable=False),  # platform: it says so · code: shown in one channel, said in the other
    Column("joined_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    # Whether it ended because the person wanted it: then the platform's word joins the two no more.
    Column("parted", Boolean, nullable=False, server_default=false()),
    CheckConstraint("ground IN ('platform', 'code')", name="ground"),
    Index(
        "uq_joins_contact_id",
        "contact_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_joins_person_id", "person_id"),
)

# A code that a contact was shown, to be said in the person's other channel. `code_index` is a keyed blind index.
join_offers = Table(
    "join_offers",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("code_index", LargeBinary, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("misses", Integer, nullable=False),  # wrong codes said by somebody who could have meant this one
    CheckConstraint("misses >= 0", name="misses"),
)

# Whom the platform takes a contact for (a customer at several service points), as a keyed blind index.
platform_people = Table(
    "platform_people",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("identity_index", LargeBinary, nullable=False),
    Index("ix_platform_people_identity_index", "identity_index"),
)

# What WeChat answered when it was asked for a contact's unionid, by which it knows a person in all accounts that one
# owner has bound together. NULL: it told none. A keyed blind index of the same kind for every channel.
unionids = Table(
    "unionids",
    metadata,
    Column("contact_id", RowId, ForeignKey("contacts.id"), primary_key=True, autoincrement=False),
    Column("identity_index", LargeBinary),
    Column("asked_at", UtcTime, nullable=False),
    Index("ix_unionids_identity_index", "identity_index"),
)
