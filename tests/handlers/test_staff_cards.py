"""Cards to health managers in WeCom: who gets one, about what, once; on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.store import schema
from care import cases, hand_overs, promises, staff
from care.case_records import Case
from care.tables import case_deadlines
from handlers.staff_cards import Address, StaffCards
from knowledge.library import Library
from tests.handlers.console_staff import handling_of, hired
from tests.handlers.office import PUBLIC_URL, Office

ADDRESSES = {name: Address(account="demo", member=f"wx-{name}") for name in ("lin", "wang", "boss")}


class Desk:
    """An office with staff who have addresses; `told` gives what arrived since, by member."""

    def __init__(self, office: Office, library: Library, *, addresses=ADDRESSES) -> None:
        self.office = office
        self.lin, self.wang = (hired(office.store, office.clock, name) for name in ("lin", "wang"))
        self.boss = hired(office.store, office.clock, "boss", role="supervisor")
        self.acts = handling_of(office.store, office.desk)
        self.cards = StaffCards(store=office.store, library=library, addresses=addresses, public_url=PUBLIC_URL)

    def told(self) -> list[tuple[str, str]]:
        """What arrives in the next round: member and first line."""
        return [(member, text.split("\n")[0]) for member, text in self.told_whole()]

    def told_whole(self) -> list[tuple[str, str]]:
        self.office.clock.move(seconds=5)
        before = len(self.office.place.channel.sent)
        self.cards.tell(self.office.clock())
        self.office.place.outbox.deliver_due()
        return [one for one in self.office.place.channel.sent[before:] if one[0].startswith("wx-")]

    def write(self, work):
        return self.office.store.write(work)

    def hand_over(self):
        now = self.office.clock()
        return self.write(lambda connection: hand_overs.begin(connection, 1, asked_at=now, reason="handoff", now=now))


@pytest.fixture
def desk(office: Office, library: Library) -> Desk:
    return Desk(office, library)


def test_who_is_offered_a_customer_gets_one_card_with_a_link(desk: Desk) -> None:
    desk.office.says("转人工")
    assert desk.told() == []
    now, hand_over = desk.office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.offer(connection, hand_over.id, staff_id=desk.lin.id, now=now))
    [(member, card)] = desk.told_whole()
    assert member == "wx-lin"
    assert card.startswith("【有一位客户等您接待】")
    assert card.endswith(f"去处理：{PUBLIC_URL}/console/conversations/1")
    assert desk.told() == []


def test_a_card_names_neither_person_nor_illness(desk: Desk) -> None:
    case = desk.office.submitted()
    assign(desk, case, "lin")
    [(_, card)] = desk.told_whole()
    assert case.number in card
    assert not any(word in card for word in ("演示甲", "胃恶性肿瘤", "13800138000"))


def test_a_colleague_to_whom_one_hands_gets_the_card_and_the_taker_gets_none(desk: Desk) -> None:
    desk.office.says("转人工")
    desk.acts.take(1, by=desk.lin, now=desk.office.clock())
    assert desk.told() == []
    desk.acts.hand_to(1, by=desk.lin, to=desk.wang, now=desk.office.clock())
    assert desk.told() == [("wx-wang", "【同事把一位客户转给了您】")]


def test_danger_reaches_the_holder_and_the_supervisors(desk: Desk) -> None:
    desk.office.says("转人工")
    desk.acts.take(1, by=desk.lin, now=desk.office.clock())
    now, hand_over = desk.office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.page(connection, hand_over, now=now))
    assert sorted(desk.told()) == [("wx-boss", "【危险信号，请马上看】"), ("wx-lin", "【危险信号，请马上看】")]


def test_danger_without_anybody_responsible_reaches_everybody_on_duty(office: Office, library: Library) -> None:
    desk = Desk(office, library, addresses={name: ADDRESSES[name] for name in ("lin", "wang")})
    office.says("转人工")
    now, hand_over = office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.page(connection, hand_over, now=now))
    assert sorted(member for member, _ in desk.told()) == ["wx-lin", "wx-wang"]


def test_what_nobody_takes_reaches_the_supervisors(desk: Desk) -> None:
    desk.office.says("转人工")
    now, hand_over = desk.office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.escalate(connection, hand_over.id, "untaken", since=now, now=now))
    assert desk.told() == [("wx-boss", "【有客户久等没有人接】")]


def assign(desk: Desk, case: Case, owner: str) -> None:
    now, keys = desk.office.clock(), desk.office.store.keys
    desk.write(lambda connection: cases.assign(connection, keys, case.number, owner, actor="user:boss", now=now))


def test_an_owner_hears_of_the_case_of_its_deadline_and_with_the_supervisor_of_a_missed_one(desk: Desk) -> None:
    case = desk.office.submitted()
    assign(desk, case, "lin")
    assert desk.told() == [("wx-lin", "【有一件受理交给您】")]
    with desk.office.store.reading() as connection:
        [deadline] = list(promises.deadlines_of(connection, case.id))
    desk.office.clock.now = deadline.due_at - timedelta(hours=3)
    [(member, card)] = desk.told_whole()
    assert (member, card.split("\n")[0]) == ("wx-lin", "【有一件受理快到期限】")
    assert card.endswith(f"{PUBLIC_URL}/console/cases/{case.number}")
    assert "· 期限：" in card
    desk.office.clock.now = deadline.due_at + timedelta(minutes=1)
    assert sorted(desk.told()) == [("wx-boss", "【有一件受理过了期限】"), ("wx-lin", "【有一件受理过了期限】")]
    assert desk.told() == []


def deadline_of(desk: Desk, case: Case):
    with desk.office.store.reading() as connection:
        return next(iter(promises.deadlines_of(connection, case.id)))


def test_a_deadline_missed_days_ago_is_not_told_by_a_service_that_starts_now(desk: Desk) -> None:
    case = desk.office.submitted()
    desk.office.clock.now = deadline_of(desk, case).due_at + timedelta(days=3, hours=1)
    assert desk.told() == []


def test_a_deadline_missed_while_nobody_looked_is_told_afterwards(desk: Desk) -> None:
    case = desk.office.submitted()
    deadline = deadline_of(desk, case)
    desk.office.clock.now = deadline.due_at + timedelta(days=2)
    assert desk.told() == [("wx-boss", "【有一件受理过了期限】")]
    desk.office.clock.now = deadline.due_at + timedelta(days=2, hours=5)
    assert desk.told() == []


def test_who_becomes_supervisor_later_is_not_told_again_of_what_an_owner_knows(desk: Desk) -> None:
    case = desk.office.submitted()
    assign(desk, case, "lin")
    desk.office.clock.now = deadline_of(desk, case).due_at + timedelta(days=1)
    assert ("wx-lin", "【有一件受理过了期限】") in desk.told()
    desk.write(lambda connection: staff.set_role(connection, desk.wang.id, role="supervisor"))
    assert desk.told() == []


def test_what_was_assigned_while_nobody_looked_is_told_afterwards_to_who_has_it_now(desk: Desk) -> None:
    case = desk.office.submitted()
    assign(desk, case, "lin")
    assign(desk, case, "wang")
    desk.office.says("转人工")
    now, hand_over = desk.office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.offer(connection, hand_over.id, staff_id=desk.lin.id, now=now))
    desk.write(lambda connection: hand_overs.page(connection, hand_over, now=now))
    desk.office.clock.move(hours=20)
    told = [one for one in desk.told() if "期限" not in one[1]]
    assert sorted(told) == [
        ("wx-boss", "【危险信号，请马上看】"),
        ("wx-lin", "【危险信号，请马上看】"),
        ("wx-lin", "【有一位客户等您接待】"),
        ("wx-wang", "【有一件受理交给您】"),
    ]


def test_however_many_deadlines_come_at_one_moment_each_is_told(desk: Desk) -> None:
    case = desk.office.submitted()
    deadline = deadline_of(desk, case)
    copy_deadline(desk, deadline.due_at, times=229)
    desk.office.clock.now = deadline.due_at + timedelta(minutes=1)
    rounds = []
    for _ in range(3):
        desk.office.clock.move(seconds=5)
        rounds.append(desk.cards.tell(desk.office.clock()))
    assert rounds == [200, 30, 0]


def copy_deadline(desk: Desk, due_at, *, times: int) -> None:
    """Give the only case more deadlines."""

    def work(connection) -> None:
        row = dict(connection.execute(select(case_deadlines)).first()._mapping)
        del row["id"]
        connection.execute(insert(case_deadlines), [{**row, "due_at": due_at}] * times)

    desk.write(work)


def test_two_processes_tell_the_same_once(desk: Desk) -> None:
    desk.office.says("转人工")
    now, hand_over = desk.office.clock(), desk.hand_over()
    desk.write(lambda connection: hand_overs.offer(connection, hand_over.id, staff_id=desk.lin.id, now=now))
    other = StaffCards(store=desk.office.store, library=desk.cards.library, addresses=ADDRESSES, public_url=PUBLIC_URL)
    with desk.office.store.reading() as connection:
        first, second = list(desk.cards._untold(connection, now)), list(other._untold(connection, now))
    assert first == second
    desk.write(lambda connection: desk.cards._add(connection, first, now))
    desk.write(lambda connection: other._add(connection, second, now))
    with desk.office.store.reading() as connection:
        rows = connection.execute(select(schema.outbox.c.id).where(schema.outbox.c.kind == "card")).all()
    assert len(rows) == 1


def test_without_addresses_nothing_is_looked_at(office: Office, library: Library) -> None:
    assert StaffCards(store=office.store, library=library, addresses={}, public_url="").tell(office.clock()) == 0
