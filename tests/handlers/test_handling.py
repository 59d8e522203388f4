"""What health managers do to conversations: races, replies, giving back in mid-form, closing; on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from bot.errors import UserFault
from bot.messages import Owner
from bot.store import outbox, people
from care import audit, hand_overs, notes
from care.staff import Member
from handlers.handling import Handling
from tests.handlers.console_staff import handling_of, hired, owner
from tests.handlers.office import Office


@pytest.fixture
def acts(office: Office) -> Handling:
    return handling_of(office.store, office.desk)


@pytest.fixture
def lin(office: Office) -> Member:
    return hired(office.store, office.clock, "lin")


@pytest.fixture
def wang(office: Office) -> Member:
    return hired(office.store, office.clock, "wang")


@pytest.fixture
def boss(office: Office) -> Member:
    return hired(office.store, office.clock, "boss", role="supervisor")


def open_hand_over(office: Office) -> hand_overs.HandOver:
    with office.store.reading() as connection:
        found = hand_overs.last_of(connection, 1)
    assert found is not None
    return found


def audited(office: Office) -> list[str]:
    with office.store.reading() as connection:
        assert audit.verify(connection, office.store.keys) is None
        return [entry.action for entry in audit.entries(connection, office.store.keys, subject="conversation:1")]


def test_one_of_two_who_race_takes_it_and_the_other_is_told_who_has_it(
    office: Office, acts: Handling, lin: Member, wang: Member
) -> None:
    office.says("转人工")
    now = office.clock()
    both = office.place.in_threads(
        *(lambda member=member: acts.take(1, by=member, now=now) for member in (lin, wang) * 3)
    )
    assert {one.staff_id for one in both} == {both[0].staff_id}
    winner = both[0].staff_id
    assert [one.is_mine for one in both] == [member.id == winner for member in (lin, wang) * 3]
    assert owner(office.store) is Owner.HUMAN
    found = open_hand_over(office)
    assert (found.staff_id, found.asked_at, found.reason) == (winner, now, "handoff")
    assert audited(office).count("conversation taken") == 1


def test_taking_again_changes_nothing(office: Office, acts: Handling, lin: Member) -> None:
    office.says("你好")
    first = acts.take(1, by=lin, now=office.clock())
    office.clock.move(minutes=3)
    assert acts.take(1, by=lin, now=office.clock()) == first
    assert open_hand_over(office).asked_at is None


def test_the_bot_is_silent_and_the_managers_words_arrive_once(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    assert office.says("住院垫付怎么申请") == ""
    assert acts.reply(1, by=lin, text=" 您好，我是林管家 ", request_key="form-1", now=office.clock())
    assert not acts.reply(1, by=lin, text="您好，我是林管家", request_key="form-1", now=office.clock())
    assert office.works() == ["您好，我是林管家"]
    found = open_hand_over(office)
    assert found.first_reply_at is not None
    with office.store.reading() as connection:
        assert [step.kind for step in hand_overs.steps_of(connection, found.id)] == ["asked", "taken", "replied"]


def test_an_answer_whose_parts_exceed_what_may_still_be_sent_is_refused(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.says("转人工")
    now = office.clock()
    acts.take(1, by=lin, now=now)
    short = replace(acts, max_bytes=lambda _account: 60)
    with pytest.raises(UserFault, match="要分成11条发，平台现在只能再发5条"):
        short.reply(1, by=lin, text="押金退到您付款的原卡。" * 11, request_key="1", now=now)
    assert office.works() == []
    three = "押金退到您付款的原卡。" * 3
    assert short.reply(1, by=lin, text=three, request_key="2", now=now)
    assert not short.reply(1, by=lin, text=three, request_key="2", now=now)  # sent twice by the form: no fault
    assert "".join(office.works()) == three
    unlimited = replace(short, windowless=frozenset({"demo"}))
    assert unlimited.reply(1, by=lin, text="押金退到您付款的原卡。" * 11, request_key="3", now=now)


def test_only_who_has_it_answers(office: Office, acts: Handling, lin: Member, wang: Member, boss: Member) -> None:
    office.says("转人工")
    now = office.clock()
    with pytest.raises(UserFault, match="先接管"):
        acts.reply(1, by=lin, text="在", request_key="1", now=now)
    acts.take(1, by=lin, now=now)
    for other in (wang, boss):
        with pytest.raises(UserFault, match="lin负责"):
            acts.reply(1, by=other, text="在", request_key="1", now=now)
    with pytest.raises(UserFault, match="lin负责"):
        acts.give_back(1, by=wang, now=now)
    auditor = replace(boss, role="auditor")
    with pytest.raises(UserFault, match="健康管家和主管"):
        acts.take(1, by=auditor, now=now)
    assert office.works() == []


def test_a_colleague_it_is_handed_to_has_it_and_nothing_written_is_lost(
    office: Office, acts: Handling, lin: Member, wang: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="我请王管家来", request_key="1", now=office.clock())
    acts.hand_to(1, by=lin, to=wang, now=office.clock())
    with pytest.raises(UserFault, match="wang负责"):
        acts.reply(1, by=lin, text="再见", request_key="2", now=office.clock())
    acts.reply(1, by=wang, text="我是王管家", request_key="3", now=office.clock())
    assert office.works() == ["我请王管家来", "我是王管家"]
    assert open_hand_over(office).staff_id == wang.id


def test_nobody_hands_it_to_who_is_off_duty(office: Office, acts: Handling, lin: Member, wang: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    with pytest.raises(UserFault, match="不在岗"):
        acts.hand_to(1, by=lin, to=replace(wang, on_duty=False), now=office.clock())


def test_nobody_hands_it_to_a_manager_who_may_not_open_it(
    office: Office, acts: Handling, lin: Member, wang: Member, boss: Member
) -> None:
    acts = replace(acts, serves=lambda _account: ("zhenai-wuxian-2023",))
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    stranger = replace(wang, products=("junlong-zhenai-21",))
    with pytest.raises(UserFault, match="wang不负责"):
        acts.hand_to(1, by=lin, to=stranger, now=office.clock())
    assert open_hand_over(office).staff_id == lin.id
    acts.hand_to(1, by=lin, to=replace(boss, products=("junlong-zhenai-21",)), now=office.clock())
    assert open_hand_over(office).staff_id == boss.id


def test_nobody_hands_it_to_a_colleague_who_is_full_unless_there_is_danger(
    office: Office, acts: Handling, lin: Member, wang: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    full = replace(wang, capacity=0)
    with pytest.raises(UserFault, match="wang手上的会话已满"):
        acts.hand_to(1, by=lin, to=full, now=office.clock())
    office.says("我妈突然叫不醒了，没有呼吸")
    acts.hand_to(1, by=lin, to=full, now=office.clock())
    assert open_hand_over(office).staff_id == wang.id


def test_given_back_in_mid_form_the_bot_asks_its_question_again_and_keeps_what_was_filled_in(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "本人办", "转人工")
    now = office.clock()
    acts.take(1, by=lin, now=now)
    acts.fill(1, by=lin, slot="hospital", text="上海市测试第一人民医院", now=now)
    with pytest.raises(UserFault, match="没有填上"):
        acts.fill(1, by=lin, slot="phone", text="12345", now=now)
    with pytest.raises(UserFault, match="本人"):
        acts.fill(1, by=lin, slot="medical", text="同意", now=now)
    acts.reply(1, by=lin, text="医院我帮您填好了", request_key="1", now=now)
    told = acts.give_back(1, by=lin, now=office.clock())
    assert "健康管家" in told
    assert "同意" in told  # the question that was open
    assert office.works() == ["医院我帮您填好了", told]
    assert owner(office.store) is Owner.BOT
    reply = office.says("同意")
    answers = {"要办哪一项": "申请住院垫付", "医院吗": "是，二级及以上公立医院", "什么病": "胃恶性肿瘤"}
    for _ in range(3):
        asked = max(answers, key=reply.rfind)
        assert "在哪家医院" not in reply
        reply = office.says(answers[asked])


def test_the_bot_resumes_at_the_step_that_was_named(office: Office, acts: Handling, lin: Member) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "本人办", "转人工")
    acts.take(1, by=lin, now=office.clock())
    told = acts.give_back(1, by=lin, now=office.clock(), step="hospital")
    assert "哪家医院" in told
    office.works()
    assert "哪家医院" not in office.says("上海市测试第一人民医院")
    with pytest.raises(UserFault):
        acts.give_back(1, by=lin, now=office.clock(), step="hospital")


def test_an_unknown_step_gives_nothing_back(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    with pytest.raises(UserFault, match="没有正在填的表"):
        acts.give_back(1, by=lin, now=office.clock(), step="hospital")
    assert owner(office.store) is Owner.HUMAN


def test_what_a_manager_wrote_arrives_though_it_was_given_back_at_once(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="已经帮您登记了", request_key="1", now=office.clock())
    told = acts.give_back(1, by=lin, now=office.clock())
    acts.take(1, by=lin, now=office.clock())
    assert office.works() == ["已经帮您登记了"]
    assert "1到5分" in told


def test_satisfaction_is_asked_at_the_end_and_taken_when_it_comes_next(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="好了", request_key="1", now=office.clock())
    acts.close(1, by=lin, reason="solved", now=office.clock())
    assert "1到5分" in office.works()[-1]
    found = open_hand_over(office)
    assert (found.how, found.end_reason, found.rating) == ("closed", "solved", None)


def test_nothing_is_said_at_the_end_once_the_window_is_closed(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="好了", request_key="1", now=office.clock())
    office.works()
    office.clock.move(hours=49)
    assert acts.give_back(1, by=lin, now=office.clock()) == ""
    assert office.works() == []
    assert open_hand_over(office).rating_asked_at is None


def test_a_conversation_that_waits_can_be_closed_without_taking_it(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    with pytest.raises(UserFault, match="原因"):
        acts.close(1, by=lin, reason="because", now=office.clock())
    acts.close(1, by=lin, reason="no_answer", now=office.clock())
    assert owner(office.store) is Owner.BOT
    assert open_hand_over(office).how == "closed"
    with pytest.raises(UserFault, match="已经结束"):
        acts.close(1, by=lin, reason="no_answer", now=office.clock())
    assert "人工" in office.says("转人工")
    assert owner(office.store) is Owner.WAITING


def test_a_supervisor_may_give_back_what_a_manager_has(
    office: Office, acts: Handling, lin: Member, boss: Member
) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.give_back(1, by=boss, now=office.clock())
    assert owner(office.store) is Owner.BOT


def test_a_form_waits_after_closing_and_goes_on_when_the_person_wants(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.verified()
    office.says("我想申请住院垫付", "演示甲", "转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.close(1, by=lin, reason="by_phone", now=office.clock())
    office.works()
    assert "本人办" in office.says("继续")


def test_notes_are_for_staff_and_go_with_the_person(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    now = office.clock()
    assert acts.note(1, by=lin, text="声音很急", request_key="1", now=now)
    assert not acts.note(1, by=lin, text="声音很急", request_key="1", now=now)
    with office.store.reading() as connection:
        [note] = notes.notes_of(connection, office.store.keys, 1)
    assert (note.text, note.actor) == ("声音很急", "user:lin")
    assert office.works() == []
    office.store.write(lambda connection: people.forget(connection, 1))
    with office.store.reading() as connection:
        assert notes.notes_of(connection, office.store.keys, 1) == []
    with pytest.raises(UserFault, match="删除"):
        acts.take(1, by=lin, now=now)


def test_a_conversation_that_is_not_there_is_told(acts: Handling, lin: Member, office: Office) -> None:
    with pytest.raises(UserFault, match="没有这个会话"):
        acts.take(99, by=lin, now=office.clock())


def test_a_long_answer_leaves_in_parts_in_order(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    acts.reply(1, by=lin, text="请按手册办理。" * 200, request_key="1", now=office.clock())
    parts = office.works()
    assert len(parts) > 1
    assert "".join(parts) == "请按手册办理。" * 200
    assert all(len(part.encode()) <= 2048 for part in parts)


def test_what_was_said_under_the_bot_is_not_sent_after_a_take_over(office: Office, acts: Handling, lin: Member) -> None:
    office.says("转人工")

    def queue(connection: Connection) -> None:
        outbox.add(
            connection, office.store.keys, conversation_id=1, kind="notice", text="提醒", key="n", now=office.clock()
        )

    office.store.write(queue)
    acts.take(1, by=lin, now=office.clock())
    assert office.works() == []


def test_who_deletes_themselves_waits_for_nobody_any_more(office: Office, acts: Handling, lin: Member) -> None:
    office.verified()
    office.says("转人工", "删除我的信息", "确定")
    found = open_hand_over(office)
    assert (found.how, found.end_reason) == ("closed", "deleted")
    assert owner(office.store) is Owner.BOT
    with office.store.reading() as connection:
        assert hand_overs.unseen_escalations(connection) == []
