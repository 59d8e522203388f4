"""The demo's staff. Their password stands in the README, so they are let in by a demo only."""

from sqlalchemy import Connection

from bot.clock import Clock
from bot.store.store import Store
from care import passwords, staff

PASSWORD = "demo-password"  # noqa: S105 - no secret: the README names it
MEMBERS = (("demo", "manager"), ("demo-supervisor", "supervisor"))


def add_demo_staff(store: Store, *, clock: Clock) -> None:
    """Add the demo's manager and supervisor, as far as they are missing."""

    def missing(connection: Connection) -> list[tuple[str, str]]:
        return [(name, role) for name, role in MEMBERS if staff.named(connection, name) is None]

    with store.reading() as connection:
        if not missing(connection):
            return
    hashed = passwords.hashed(PASSWORD)

    def work(connection: Connection) -> None:
        for name, role in missing(connection):
            staff.add_member(
                connection,
                name=name,
                role=role,
                password_hash=hashed,
                must_change=False,
                now=clock(),
                is_demo=True,
            )

    store.write(work)
