"""What is to be done for people outside their turns: wanted once, done by one."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.store.schema import conversations
from bot.store.store import Store
from care import errands
from care.errands import EXPORT, LEASE, Errand
from tests.care import people
from tests.clocks import FixedClock


class Office:
    """One person, and what is to be done for them."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.who, self.conversation = self._introduced("甲测试")

    def want(self, who: int | None = None) -> bool:
        of, conversation, now = who or self.who, self.conversation, self.clock()
        return self.store.write(lambda c: errands.want(c, EXPORT, contact_id=of, conversation_id=conversation, now=now))

    def claim(self) -> Errand | None:
        return self.store.write(lambda connection: errands.claim(connection, now=self.clock()))

    def _introduced(self, name: str) -> tuple[int, int]:
        who = self.store.write(lambda connection: people.contact(connection, self.store.keys, name, self.clock()))
        of_contact = select(conversations.c.id).where(conversations.c.contact_id == who)
        with self.store.reading() as connection:
            return who, connection.execute(of_contact).scalar_one()


@pytest.fixture
def office(store: Store, clock: FixedClock) -> Office:
    return Office(store, clock)


def test_what_is_wanted_twice_is_done_once(office: Office) -> None:
    assert office.want()
    assert not office.want()
    assert office.claim() is not None
    assert office.claim() is None


def test_an_errand_tells_whom_it_is_for(office: Office) -> None:
    office.want()
    errand = office.claim()
    assert errand is not None
    assert (errand.kind, errand.contact_id, errand.conversation_id) == (EXPORT, office.who, office.conversation)


def test_what_a_dead_process_claimed_is_free_again_after_its_lease(office: Office) -> None:
    office.want()
    first = office.claim()
    office.clock.now += LEASE - timedelta(seconds=1)
    assert office.claim() is None
    office.clock.now += timedelta(seconds=1)
    assert office.claim() == first


def test_what_is_done_can_be_wanted_again(office: Office) -> None:
    office.want()
    errand = office.claim()
    assert errand is not None
    office.store.write(lambda connection: errands.done(connection, errand))
    assert office.claim() is None
    assert office.want()


def test_the_oldest_is_done_first(office: Office) -> None:
    office.want()
    other, _ = office._introduced("乙测试")
    office.want(other)
    claimed = [office.claim(), office.claim()]
    assert [one.contact_id for one in claimed if one] == [office.who, other]


def test_what_was_wanted_for_a_deleted_person_is_forgotten(office: Office) -> None:
    office.want()
    office.store.write(lambda connection: errands.drop(connection, office.who))
    assert office.claim() is None
