"""What a person agreed to, version by version."""

from bot.keys import KeyRing
from bot.store.store import Store
from care import consents
from care.consents import ConsentKind
from tests.care import people
from tests.clocks import FixedClock


def test_an_agreement_stands_until_it_is_withdrawn_and_is_never_deleted(
    store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection):
        who = people.contact(connection, keys, "甲测试", clock())
        personal = {"contact_id": who, "kind": ConsentKind.PERSONAL}
        assert consents.current(connection, **personal) is None
        assert consents.give(connection, **personal, version=1, now=clock())
        assert not consents.give(connection, **personal, version=1, now=clock())
        assert consents.current(connection, **personal).version == 1
        clock.move(hours=1)
        assert consents.withdraw(connection, **personal, now=clock())
        assert not consents.withdraw(connection, **personal, now=clock())
        assert consents.current(connection, **personal) is None
        clock.move(hours=1)
        assert consents.give(connection, **personal, version=1, now=clock())
        given = [
            (one.given_at.hour, one.withdrawn_at and one.withdrawn_at.hour) for one in consents.history(connection, who)
        ]
        assert given == [(2, 3), (4, None)]

    store.write(work)


def test_a_newer_text_is_agreed_to_anew(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection):
        who = people.contact(connection, keys, "甲测试", clock())
        medical = {"contact_id": who, "kind": ConsentKind.MEDICAL}
        consents.give(connection, **medical, version=1, now=clock())
        assert consents.give(connection, **medical, version=2, now=clock())
        assert consents.current(connection, **medical).version == 2
        consents.withdraw(connection, **medical, now=clock())
        assert consents.current(connection, **medical) is None

    store.write(work)


def test_without_consent_to_personal_data_no_other_stands(store: Store, keys: KeyRing, clock: FixedClock) -> None:
    def work(connection):
        who, other = (people.contact(connection, keys, name, clock()) for name in ("甲测试", "乙测试"))
        for kind in ConsentKind:
            consents.give(connection, contact_id=who, kind=kind, version=1, now=clock())
        consents.give(connection, contact_id=other, kind=ConsentKind.PERSONAL, version=1, now=clock())
        consents.withdraw(connection, contact_id=who, kind=ConsentKind.SHARING, now=clock())
        assert consents.current(connection, contact_id=who, kind=ConsentKind.MEDICAL) is not None
        consents.withdraw(connection, contact_id=who, kind=ConsentKind.PERSONAL, now=clock())
        assert all(consents.current(connection, contact_id=who, kind=kind) is None for kind in ConsentKind)
        assert consents.current(connection, contact_id=other, kind=ConsentKind.PERSONAL) is not None

    store.write(work)
