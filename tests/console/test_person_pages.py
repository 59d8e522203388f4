"""The pages of people and of calls: what is masked, what is audited, what is done there, whose it is."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.store.schema import outbox
from bot.store.store import Store
from care import attempts, call_tasks, child_records, children, joins, policies
from care.child import Child, Dose
from care.workdays import WorkCalendar
from handlers.child_facts import add_children_of
from handlers.reminder_facts import Desk as PlanningDesk
from tests.care import papers
from tests.clocks import FixedClock
from tests.console.case_desk import CaseDesk
from tests.console.desk import Visitor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE, HOLDER = "13800138000", "演示甲"
NUMBER = "DEMO-WX-0001"


@pytest.fixture
def desk(store: Store, clock: FixedClock, tmp_path, library, router):
    made = CaseDesk(store, clock, tmp_path, library=library, router=router)
    yield made
    made.close()


@pytest.fixture
def guan(desk: CaseDesk) -> Visitor:
    return desk.visit("guan")


def text_of(answer, code: int = 200) -> str:
    page = answer.get_data(as_text=True)
    assert answer.status_code == code, page[:800]
    return page


def add_call(desk: CaseDesk, subject: str = "case:1", **more) -> None:
    told = {"kind": "discharge", "contact_id": 1, "due_at": desk.clock(), "detail": {"unreached": True}}
    desk.store.write(
        lambda connection: call_tasks.add(
            connection, desk.store.keys, subject=subject, now=desk.clock(), **{**told, **more}
        )
    )


def test_a_person_is_shown_with_policies_family_uses_consents_and_cases(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    page = text_of(guan.get("/console/people/1"))
    for words in (
        "臻爱无限",
        HOLDER,
        "尾号0001",
        "配偶",
        "住院垫付",
        "还剩 0 次",
        "使用个人信息",
        "使用病情资料",
        case.number,
    ):
        assert words in page, words
    assert NUMBER not in page
    assert desk.actions()[-1] == ("person read", "contact:1")
    revealed = guan.post("/console/people/1/reveal")
    assert NUMBER in text_of(revealed)
    assert revealed.headers["Cache-Control"] == "no-store"
    assert desk.actions()[-1] == ("reveal", "contact:1")
    assert guan.get("/console/people/99").status_code == 404
    assert guan.post("/console/people/99/unlock").status_code == 404


def test_a_person_s_card_stands_beside_their_conversation(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    page = text_of(guan.get("/console/conversations/1"))
    assert "客户资料" in page
    assert "尾号0001" in page
    assert f"/console/cases/{case.number}" in page
    assert ("person read", "contact:1") in desk.actions()


def test_accounts_of_one_person_are_shown_and_parted_after_asking(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    desk.people.says("你好", contact="o-other")
    desk.store.write(lambda at: joins.join(at, desk.store.keys, 2, 1, ground="code", now=desk.clock()))
    page = text_of(guan.get("/console/people/2"))
    for words in ("同一个人的其他账号", "客户 1", "客户自己用合并码合并", case.number):
        assert words in page, words
    assert "同一个人也在" in text_of(guan.get("/console/conversations/2"))

    assert "已和客户核实" in text_of(guan.post("/console/people/2/joined/1/part"), 409)
    assert guan.post("/console/people/2/joined/1/part", {"sure": "yes"}).status_code == 302
    assert desk.actions()[-1] == ("contacts separated", "contact:1")
    page = text_of(guan.get("/console/people/2?done=parted"))
    assert "已分开" in page
    assert "同一个人的其他账号" not in page
    assert case.number not in page
    with desk.store.reading() as at:
        told = at.scalars(select(outbox.c.conversation_id).where(outbox.c.idempotency_key.like("part-%"))).all()
    assert sorted(told) == [1, 2], "both are told"
    assert "已经不在一起" in text_of(guan.post("/console/people/2/joined/1/part", {"sure": "yes"}), 409)


def test_an_auditor_sees_joined_accounts_and_parts_none(desk: CaseDesk) -> None:
    desk.people.says("你好")
    desk.people.says("你好", contact="o-other")
    desk.store.write(lambda at: joins.join(at, desk.store.keys, 1, 2, ground="platform", now=desk.clock()))
    shen = desk.visit("shen")
    page = text_of(shen.get("/console/people/1"))
    assert "平台认定是同一个人" in page
    assert "确认分开" not in page
    assert shen.post("/console/people/1/joined/2/part", {"sure": "yes"}).status_code == 403


def test_a_lock_is_shown_and_ended(desk: CaseDesk, guan: Visitor) -> None:
    desk.people.says("你好")

    def fail(connection) -> None:
        for _ in range(5):
            attempts.record(connection, contact_id=1, policy_index=None, succeeded=False, now=desk.clock())

    desk.store.write(fail)
    assert "连续失败" in text_of(guan.get("/console/people/1"))
    done = guan.post("/console/people/1/unlock")
    assert "已解除锁定" in text_of(guan.get(done.headers["Location"]))
    assert "没有锁定" in text_of(guan.post("/console/people/1/unlock"), 409)


def test_reminders_are_sent_skipped_stopped_and_resumed(desk: CaseDesk, guan: Visitor) -> None:
    desk.applied()
    page = text_of(guan.get("/console/people/1"))
    assert "时限提醒" in page
    number = page.split("/reminders/")[1].split("/")[0]
    assert guan.post(f"/console/people/1/reminders/{number}/send").status_code == 302
    assert guan.post(f"/console/people/2/reminders/{number}/send").status_code == 404
    assert guan.post(f"/console/people/1/reminders/{number}/skip").status_code == 302
    assert "已经发出或过期" in text_of(guan.post(f"/console/people/1/reminders/{number}/send"), 409)
    assert guan.post("/console/people/1/reminders/stop", {"kind": "all"}).status_code == 302
    assert "客户不要：所有提醒" in text_of(guan.get("/console/people/1"))
    assert guan.post("/console/people/1/reminders/resume").status_code == 302


def test_a_photo_without_a_case_opens_for_its_own_person_alone(desk: CaseDesk, guan: Visitor) -> None:
    desk.people.verified()
    desk.people.sends(papers.photo())
    desk.people.works()
    desk.people.says("你好", contact="o-other")
    assert "/console/people/1/papers/1" in text_of(guan.get("/console/people/1"))
    assert guan.get("/console/people/1/papers/1").mimetype == "image/jpeg"
    assert desk.actions()[-1] == ("reveal", "contact:1")
    assert guan.get("/console/people/2/papers/1").status_code == 404


def test_calls_are_listed_and_worked_off_with_the_number_on_demand(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    add_call(desk, f"case:{case.id}")
    add_call(desk, "conversation:1", kind="unknown_kind", due_at=desk.clock() + timedelta(hours=1))
    page = text_of(guan.get("/console/calls"))
    assert "出院" in page
    assert "演＊甲" in page
    assert PHONE not in page
    assert PHONE in text_of(guan.post("/console/calls/1/phone"))
    assert desk.actions()[-2:] == [("reveal", "call:1"), ("calls listed", "calls")]
    assert guan.post("/console/calls/1", {"outcome": "not_reached", "note": "<b>没人接</b>"}).status_code == 302
    page = text_of(guan.get("/console/calls"))
    assert "没打通" in page
    assert "<b>没人接" not in page
    assert "&lt;b&gt;没人接" in page
    assert "请填再打的时间" in text_of(guan.post("/console/calls/1", {"outcome": "later", "again_at": "x"}), 409)
    assert guan.post("/console/calls/1", {"outcome": "nonsense"}).status_code == 400
    assert guan.post("/console/calls/1", {"outcome": "done"}).status_code == 302
    assert "已经有人打过" in text_of(guan.post("/console/calls/1", {"outcome": "done"}), 409)
    assert case.number not in text_of(guan.get("/console/calls"))
    assert case.number in text_of(guan.get("/console/calls?state=done"))
    assert guan.post("/console/calls/99", {"outcome": "done"}).status_code == 404


def test_a_manager_of_other_products_sees_neither_policies_nor_calls(desk: CaseDesk) -> None:
    case = desk.applied()
    add_call(desk, f"case:{case.id}")
    desk.limited_to("guo", "junlong-zhenai-21")
    guo = desk.visit("guo")
    page = text_of(guo.get("/console/people/1"))
    assert "另有 1 张保单不在您负责的产品里" in page
    for words in ("尾号0001", case.number):
        assert words not in page
    assert NUMBER not in text_of(guo.post("/console/people/1/reveal"))
    assert case.number not in text_of(guo.get("/console/calls"))
    assert guo.post("/console/calls/1/phone").status_code == 403
    assert guo.post("/console/calls/1", {"outcome": "done"}).status_code == 403


def test_an_auditor_reads_people_and_calls_and_does_nothing(desk: CaseDesk) -> None:
    case = desk.applied()
    add_call(desk, f"case:{case.id}")
    shen = desk.visit("shen")
    assert "显示完整号码" not in text_of(shen.get("/console/people/1"))
    assert "看电话号码" not in text_of(shen.get("/console/calls"))
    for path in ("people/1/reveal", "people/1/unlock", "people/1/reminders/stop", "calls/1", "calls/1/phone"):
        assert shen.post(f"/console/{path}").status_code == 403, path


def test_a_child_s_doses_are_confirmed_from_the_clinic_s_record(desk: CaseDesk, guan: Visitor) -> None:
    desk.people.verified(told=("成长优享", "DEMO-CZ-0001", "演示大宝", "0105"))
    child, keys = child_of(desk), desk.store.keys
    told = [Dose(on=child.birth, vaccine="HepB"), Dose(on=child.birth, vaccine="BCG")]
    first, second = desk.store.write(
        lambda connection: child_records.add_doses(connection, keys, child, told, by="contact:1", now=desk.clock())
    )
    page = text_of(guan.get("/console/people/1"))
    for words in ("演示大宝", "家长说的", "乙肝疫苗", "以接种门诊的记录和医生判断为准"):
        assert words in page, words
    at = f"/console/people/1/children/{child.id}/doses"
    assert guan.post(f"{at}/{first.id}/confirm").status_code == 302
    assert guan.post(f"{at}/{second.id}/drop").status_code == 302
    assert guan.post(at, {"vaccine": "MMR", "on": "2026-03-04"}).status_code == 302
    page = text_of(guan.get("/console/people/1"))
    assert "家长说的" not in page
    assert page.count("门诊记录已核对</span>") == 2
    for wrong in (
        {"vaccine": "MMR", "on": "x"},
        {"vaccine": "", "on": "2026-03-04"},
        {"vaccine": "MMR", "on": "2030-01-01"},
    ):
        assert guan.post(at, wrong).status_code == 409
    assert guan.post(f"{at}/{first.id}/confirm").status_code == 409
    desk.people.says("你好", contact="o-other")
    assert guan.post(f"/console/people/2/children/{child.id}/doses/{first.id}/drop").status_code == 409
    assert [action for action, _ in desk.actions() if "dose" in action] == [
        "dose confirmed",
        "dose taken back",
        "dose confirmed",
    ]


def child_of(desk: CaseDesk) -> Child:
    house = PlanningDesk(library=desk.office.library, calendar=WorkCalendar.load(), keys=desk.store.keys)

    def work(connection) -> None:
        policy = policies.by_number(connection, desk.store.keys, "DEMO-CZ-0001")
        add_children_of(connection, house, policy, now=desk.clock())

    desk.store.write(work)
    with desk.store.reading() as connection:
        return children.children_of_contact(connection, desk.store.keys, 1)[0]
