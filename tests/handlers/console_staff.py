"""Staff and acts for tests: managers with names, and the acts over an office's store."""

from sqlalchemy import Connection, select

from bot.messages import Owner
from bot.store import schema
from bot.store.store import Store
from care import staff
from care.staff import Member
from handlers.desk import Desk
from handlers.handling import Handling
from handlers.open_form import OpenForms
from tests.clocks import FixedClock


def hired(store: Store, clock: FixedClock, name: str, *, role: str = "manager") -> Member:
    """Add somebody to the staff."""

    def work(connection: Connection) -> Member:
        number = staff.add_member(connection, name=name, role=role, password_hash="-", must_change=False, now=clock())
        member = staff.numbered(connection, number)
        assert member is not None
        return member

    return store.write(work)


def handling_of(store: Store, desk: Desk) -> Handling:
    """Return the acts over a store, with the desk's own forms."""
    return Handling(store=store, forms=OpenForms(desk))


def owner(store: Store, conversation_id: int = 1) -> Owner:
    """Return who has a conversation."""
    wanted = select(schema.conversations.c.owner).where(schema.conversations.c.id == conversation_id)
    with store.reading() as connection:
        return Owner(connection.execute(wanted).scalar_one())
