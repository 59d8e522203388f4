"""The platforms are asked who is one person: in the background, in due course, and no more than fits."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.store.people import introduce
from bot.store.schema import contacts, conversations
from bot.store.store import Store
from care import joins
from care.forgetting import forget_person
from care.join_tables import unionids as table
from care.workdays import WorkCalendar
from handlers.reminder_facts import Desk as PlanningDesk
from handlers.unionids import Source, Unionids
from knowledge.library import Library
from tests.clocks import FixedClock


class Platform:
    """Answers from what it knows; keeps whom it was asked for; fails once with each of `faults`."""

    def __init__(self, known: Mapping[str, str], *faults: Exception) -> None:
        self.known, self.faults, self.asked = dict(known), list(faults), list[list[str]]()

    def __call__(self, contacts: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(contacts))
        if self.faults:
            raise self.faults.pop(0)
        return {contact: self.known[contact] for contact in contacts if contact in self.known}


class Round:
    """The chore over one store, with an Official Account and a customer service account."""

    def __init__(self, store: Store, clock: FixedClock, library: Library) -> None:
        self.store, self.clock = store, clock
        self.house = PlanningDesk(library=library, calendar=WorkCalendar.load(), keys=store.keys)
        self.official, self.service = Platform({}), Platform({})
        self.start()

    def start(self) -> None:
        """Begin anew, as after a restart."""
        official = Source(account="official", ask=lambda asked: self.official(asked), knows_everybody=True)
        service = Source(account="service", ask=lambda asked: self.service(asked), knows_everybody=False)
        self._chore = Unionids(store=self.store, house=self.house, sources=[official, service])

    def ticks(self, times: int = 1, **after: float) -> None:
        self.clock.move(**after)
        for _ in range(times):
            self._chore.tick(self.clock())

    def meets(self, account: str, *names: str) -> list[int]:
        """Let people write for the first time; returns their contacts."""

        def work(connection: Connection) -> list[int]:
            for name in names:
                introduce(connection, self.store.keys, account=account, platform_id=name, now=self.clock())
            return [self._contact(connection, account, name) for name in names]

        return self.store.write(work)

    def hears(self, contact_id: int) -> None:
        mine = conversations.c.contact_id == contact_id
        changed = update(conversations).where(mine).values(updated_at=self.clock())
        self.store.write(lambda connection: connection.execute(changed) and None)

    def others(self, contact_id: int) -> tuple[int, ...]:
        with self.store.reading() as connection:
            return joins.others_of(connection, contact_id)

    def noted(self) -> int:
        with self.store.reading() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def _contact(self, connection: Connection, account: str, name: str) -> int:
        index = self.store.keys.blind_index(account, name)
        return int(connection.scalar(select(contacts.c.id).where(contacts.c.blind_index == index)) or 0)


@pytest.fixture
def rounds(store: Store, clock: FixedClock, library: Library) -> Round:
    return Round(store, clock, library)


def test_the_same_unionid_in_both_channels_joins_them_whoever_comes_first(rounds: Round) -> None:
    rounds.official.known = {"o-lin": "union-lin", "o-wang": "union-wang"}
    rounds.service.known = {"wm-lin": "union-lin", "wm-wang": "union-wang"}
    [lin] = rounds.meets("official", "o-lin")
    [wang] = rounds.meets("service", "wm-wang")
    rounds.ticks()
    assert rounds.others(lin) == rounds.others(wang) == ()
    [other_lin] = rounds.meets("service", "wm-lin")
    [other_wang] = rounds.meets("official", "o-wang")
    rounds.ticks(seconds=2)
    assert (rounds.others(lin), rounds.others(wang)) == ((other_lin,), (other_wang,))


def test_nobody_is_asked_for_twice(rounds: Round) -> None:
    rounds.official.known = {"o-lin": "union-lin", "o-none": ""}
    rounds.service.known = {"wm-lin": "union-lin"}
    rounds.meets("official", "o-lin", "o-gone", "o-none")
    rounds.meets("service", "wm-lin", "wm-gone")
    rounds.ticks(3, seconds=2)
    rounds.start()
    rounds.ticks(2, hours=1)
    assert rounds.official.asked == [["o-lin", "o-gone", "o-none"]]
    assert rounds.service.asked == [["wm-lin", "wm-gone"]]


def test_who_had_none_is_asked_for_again_when_they_write_a_day_later(rounds: Round) -> None:
    rounds.official.known = {"o-lin": "union-lin"}
    _, gone = rounds.meets("official", "o-lin", "o-gone")
    rounds.ticks()
    rounds.ticks(hours=30)
    assert len(rounds.official.asked) == 1
    rounds.official.known["o-gone"] = "union-gone"
    rounds.hears(gone)
    rounds.ticks(2)
    assert rounds.official.asked[1:] == [["o-gone"]]


def test_all_who_were_there_before_it_was_switched_on_are_asked_for_a_hundred_at_a_time(rounds: Round) -> None:
    people = [f"o-{number}" for number in range(230)]
    rounds.official.known = {name: f"union-{name}" for name in people}
    rounds.meets("official", *people)
    rounds.clock.move(days=90)
    rounds.ticks(5)
    assert [len(asked) for asked in rounds.official.asked] == [100, 100, 30]
    assert sorted(name for asked in rounds.official.asked for name in asked) == sorted(people)


def test_customers_of_customer_service_are_asked_for_within_the_time_in_which_wecom_speaks_of_them(
    rounds: Round,
) -> None:
    [late] = rounds.meets("service", "wm-late")
    rounds.ticks(0, hours=49)
    rounds.ticks()
    assert rounds.service.asked == []
    rounds.service.known = {"wm-late": "union-late"}
    rounds.hears(late)
    rounds.ticks()
    assert rounds.service.asked == [["wm-late"]]


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (ConfigurationFault("no right", code=48001), timedelta(days=1)),
        (RetryLater("used up", wait_seconds=7200), timedelta(hours=2)),
        (RetryLater("busy"), timedelta(minutes=1)),
        (GiveUp("refused"), timedelta(minutes=1)),
    ],
    ids=["48001", "45009", "busy", "refused"],
)
def test_a_platform_that_refuses_is_left_alone_and_asked_for_the_same_later(
    rounds: Round, fault: Exception, pause: timedelta
) -> None:
    rounds.official = Platform({"o-lin": "union-lin"}, fault)
    rounds.service.known = {"wm-lin": "union-lin"}
    [lin] = rounds.meets("official", "o-lin")
    [other] = rounds.meets("service", "wm-lin")
    rounds.ticks(3)
    rounds.ticks(seconds=pause.total_seconds() - 1)
    assert len(rounds.official.asked) == 1
    rounds.ticks(seconds=1)
    assert rounds.official.asked == [["o-lin"], ["o-lin"]]
    assert rounds.others(lin) == (other,)  # the other account was asked all the time


def test_an_account_that_is_bound_to_nothing_is_asked_ever_less_and_then_for_all(rounds: Round) -> None:
    rounds.official.known = dict.fromkeys(("o-lin", "o-wang"), "")
    rounds.meets("official", "o-lin", "o-wang")
    for _ in range(24 * 6 * 3):
        rounds.ticks(minutes=10)
    assert len(rounds.official.asked) == 10  # after 10, 20, 40 … minutes, then daily
    assert rounds.noted() == 0
    rounds.official.known = {"o-lin": "union-lin", "o-wang": "union-wang"}  # bound meanwhile
    rounds.ticks(days=1)
    assert rounds.official.asked[-1] == ["o-lin", "o-wang"]
    assert rounds.noted() == 2


def test_a_first_customer_without_a_unionid_keeps_the_others_waiting_for_minutes_only(rounds: Round) -> None:
    rounds.service.known = {"wm-none": "", "wm-lin": "union-lin"}
    rounds.meets("service", "wm-none")
    rounds.ticks()
    rounds.meets("service", "wm-lin")
    rounds.ticks(seconds=2)
    assert rounds.noted() == 0
    rounds.ticks(minutes=10)
    assert rounds.noted() == 2


def test_one_without_a_unionid_among_others_stops_nobody(rounds: Round) -> None:
    rounds.service.known = {"wm-lin": "union-lin", "wm-none": "", "wm-next": "union-next"}
    rounds.meets("service", "wm-lin")
    rounds.ticks()
    rounds.meets("service", "wm-none")
    rounds.ticks(seconds=2)
    rounds.meets("service", "wm-next")
    rounds.ticks(seconds=2)
    assert rounds.service.asked == [["wm-lin"], ["wm-none"], ["wm-next"]]
    assert rounds.noted() == 3


def test_who_is_deleted_while_the_platform_answers_leaves_nothing(rounds: Round) -> None:
    [lin] = rounds.meets("official", "o-lin")

    def answer(asked: Sequence[str]) -> Mapping[str, str]:
        rounds.store.write(lambda connection: forget_person(connection, rounds.store.keys, lin, now=rounds.clock()))
        return dict.fromkeys(asked, "union-lin")

    rounds.official = answer
    rounds.ticks(2)
    assert rounds.noted() == 0


def test_accounts_that_are_not_asked_join_nobody(rounds: Round) -> None:
    rounds.official.known = {"o-lin": "union-lin"}
    rounds.meets("official", "o-lin")
    rounds.meets("silent", "o-lin")
    rounds.ticks(2)
    assert rounds.noted() == 1
