"""What is due because people take part: when somebody comes, ratings, silence, the one 120 line; on both databases."""

from datetime import datetime

import pytest

from bot.clock import CHINA
from bot.messages import Owner
from care import hand_overs
from care.hand_overs import HandOver
from care.staff import Member
from handlers.handling import Handling
from handlers.ratings import score_in
from tests.handlers.console_staff import handling_of, hired, owner
from tests.handlers.office import Office

DANGER = "我妈突然叫不醒了，没有呼吸"


@pytest.fixture
def acts(office: Office) -> Handling:
    return handling_of(office.store, office.desk)


@pytest.fixture
def lin(office: Office) -> Member:
    return hired(office.store, office.clock, "lin")


def last(office: Office) -> HandOver:
    with office.store.reading() as connection:
        found = hand_overs.last_of(connection, 1)
    assert found is not None
    return found


def escalated(office: Office) -> list[str]:
    with office.store.reading() as connection:
        return [one.kind for one in hand_overs.unseen_escalations(connection)]


def at(office: Office, text: str) -> None:
    office.clock.now = datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-09-29 20:15", "明天9:00"),
        ("2026-09-30 07:00", "今天9:00"),
        ("2026-09-30 18:30", "10月8日（周四）9:00"),  # the National Day holidays
    ],
)
def test_out_of_hours_the_person_is_told_when_somebody_will_be_there(office: Office, now: str, told: str) -> None:
    at(office, now)
    assert f"下班时间，健康管家{told}" in office.says("转人工")
    assert owner(office.store) is Owner.WAITING


def test_in_service_hours_nothing_is_said_of_them(office: Office) -> None:
    assert "下班时间" not in office.says("转人工")


def test_asking_for_a_person_is_noted_with_its_product(office: Office) -> None:
    office.says("君龙臻爱21的视频问诊怎么用", "转人工", "转人工")
    found = last(office)
    assert (found.reason, found.product, found.is_red) == ("handoff", "junlong-zhenai-21", False)
    assert office.count("hand_overs") == 1


def test_danger_raises_the_red_flag_by_night_too_and_says_only_the_120_line(office: Office) -> None:
    at(office, "2026-09-29 23:00")
    reply = office.says(DANGER)
    assert "120" in reply
    assert "下班" not in reply
    assert last(office).is_red
    assert escalated(office) == ["danger"]


def test_the_120_line_is_said_once_over_a_person_who_is_paged_each_time(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    assert office.says("住院垫付怎么办", "人工", "你好") == ""
    assert "120" in office.says(DANGER)
    assert office.says(DANGER) == ""
    assert escalated(office) == ["danger", "danger"]
    assert last(office).is_red
    acts.reply(1, by=lin, text="我马上打给您", request_key="1", now=office.clock())
    assert escalated(office) == []
    acts.give_back(1, by=lin, now=office.clock())
    acts.take(1, by=lin, now=office.clock())
    assert "120" in office.says(DANGER)  # another hand-over, another line
    assert owner(office.store) is Owner.HUMAN


@pytest.mark.parametrize(("said", "rating"), [("5", 5), ("打4分", 4), ("三星", 3), ("1分。", 1)])
def test_a_rating_is_taken_when_it_comes_next(
    office: Office, acts: Handling, lin: Member, said: str, rating: int
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="好了", request_key="1", now=office.clock())
    acts.give_back(1, by=lin, now=office.clock())
    assert "谢谢您" in office.says(said)
    assert last(office).rating == rating
    assert "谢谢您的评价" not in office.says("5")
    assert last(office).rating == rating


def test_a_number_after_something_else_is_no_rating(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="好了", request_key="1", now=office.clock())
    acts.close(1, by=lin, reason="solved", now=office.clock())
    office.says("住院垫付怎么申请")
    assert "评价" not in office.says("5")
    assert last(office).rating is None


@pytest.mark.parametrize("text", ["6", "0", "51", "5月1号", "一共3个人", "", "好", "1、2"])
def test_what_is_no_rating(text: str) -> None:
    assert score_in(text) is None


def test_a_form_goes_on_after_the_120_line(office: Office, acts: Handling, lin: Member) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "转人工")
    acts.take(1, by=lin, now=office.clock())
    office.says(DANGER)
    assert "本人办" in acts.give_back(1, by=lin, now=office.clock())


def test_danger_named_in_a_forms_answer_lets_the_conversation_wait_for_a_person(office: Office) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "本人办")
    reply = office.says("同意", "申请住院垫付", "上海市测试第一人民医院", "是，二级及以上公立医院", "急性心肌梗死")
    assert "120" in reply
    assert owner(office.store) is Owner.WAITING
    assert last(office).is_red
