"""Two applications race for the last use: one wins, the other is told, and there is no second case."""

import threading

from tests.handlers.office import Office

FATHER, MOTHER = "o-father", "o-mother"


class Meeting:
    """Lets the first two who come go on together; who comes later passes."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2)
        self._places = iter(range(2))
        self._lock = threading.Lock()
        self.met = False

    def __call__(self) -> None:
        with self._lock:
            is_early = next(self._places, None) is not None
        if is_early:
            self._both.wait(20)
            self.met = True


def agree_at_once(office: Office, *contacts: str) -> dict[str, str]:
    """Let two people agree to their summaries: both are decided on before either is committed."""
    meeting = office.decided = Meeting()
    replies = office.place.in_threads(*(lambda one=contact: office.says("确认", contact=one) for contact in contacts))
    assert meeting.met
    return dict(zip(contacts, replies, strict=True))


def test_two_who_race_for_the_last_use_get_one_case(office: Office) -> None:
    for contact in (FATHER, MOTHER):
        office.verified(contact=contact)
        assert "确认" in office.applies(contact=contact)
    told = agree_at_once(office, FATHER, MOTHER)
    [case] = office.cases()
    [winner] = [contact for contact, text in told.items() if case.number in text]
    [loser] = set(told) - {winner}
    assert "已经用完" in told[loser]
    assert "2027年3月15日" in told[loser]
    assert "已提交" not in told[loser]
    assert office.count("uses", state="held") == 1


def test_who_lost_can_apply_again_when_the_use_comes_back(office: Office) -> None:
    for contact in (FATHER, MOTHER):
        office.verified(contact=contact)
        office.applies(contact=contact)
    told = agree_at_once(office, FATHER, MOTHER)
    winner = next(contact for contact, text in told.items() if "已提交" in text)
    loser = MOTHER if winner == FATHER else FATHER
    office.says("取消申请", "确定", contact=winner)
    office.applies(contact=loser)
    assert "已提交" in office.says("确认", contact=loser)
    assert [case.is_open for case in office.cases()] == [False, True]


def test_the_same_agreement_delivered_twice_opens_one_case(office: Office) -> None:
    office.verified()
    office.applies()
    first, second = office.hears_twice("确认")
    assert first == second
    assert len(office.cases()) == 1
