"""The pages of cases: the board, one case, its papers. What is masked, what is audited, who may open what."""

import html
import re

import pytest

from bot.store.store import Store
from care import audit, media
from care.case_records import Case
from tests.care import papers
from tests.clocks import FixedClock
from tests.console.case_desk import CaseDesk
from tests.console.desk import Visitor
from tests.handlers.office import ADVANCE

# The pages are the same on both databases; what they ask of them is tried on both where it is more than one row.
sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

XSS = '<img src=x onerror="alert(1)">'
PHONE, ILLNESS = "13800138000", "胃恶性肿瘤"


@pytest.fixture
def desk(store: Store, clock: FixedClock, tmp_path, library, router):
    made = CaseDesk(store, clock, tmp_path, library=library, router=router)
    yield made
    made.close()


@pytest.fixture
def guan(desk: CaseDesk) -> Visitor:
    return desk.visit("guan")


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:800]
    return answer.get_data(as_text=True)


def case_path(case: Case, *more: object) -> str:
    return "/".join(["/console/cases", case.number, *map(str, more)])


def state_of_paper(desk: CaseDesk, number: int = 1) -> str:
    with desk.store.reading() as connection:
        return media.material(connection, number).state


@sqlite_alone
def test_the_board_shows_cases_by_stage_with_what_is_due_and_what_is_to_be_looked_at(
    desk: CaseDesk, guan: Visitor
) -> None:
    case = desk.applied()
    board = text_of(guan.get("/console/cases"))
    assert "新提交" in board
    assert case.number in board
    assert "演＊甲" in board
    assert "演示甲" not in board
    assert "1 份材料待核对" in board
    assert "10月10日 18:00 到期" in board
    for day, words, tone in ((9, "明天 18:00 到期", "good"), (10, "今天 18:00 到期", "warn"), (12, "超时 2 天", "bad")):
        desk.clock.now = desk.clock.now.replace(month=10, day=day, hour=12 if day == 12 else 2)
        desk.people.chores.run()
        board = text_of(desk.visit("guan").get("/console/cases"))
        assert words in board, day
        assert f'class="ticket {tone}"' in board


FOUND = (
    "product=zhenai-wuxian-2023",
    "service=inpatient-advance",
    "owner=-",
    "column=new",
    "q=DEMO-WX-0001",
    "q=demo wx 0001&page=1",
    "due=nonsense&page=x&column=nonsense",
    "page=99999999",
)
NOT_FOUND = (
    "product=junlong-zhenai-21",
    "service=specialty-drug",
    "owner=me",
    "due=week",
    "due=overdue",
    "state=closed",
    "column=customer",
    "q=nothing",
)


@sqlite_alone
def test_the_filters_find_and_leave_out(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    for query in FOUND:
        assert case.number in text_of(guan.get(f"/console/cases?{query}")), query
    for query in NOT_FOUND:
        assert case.number not in text_of(guan.get(f"/console/cases?{query}")), query


def test_a_number_leads_to_its_case_and_a_full_column_to_its_pages(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    assert guan.get(f"/console/cases?q={case.number.lower()}").headers["Location"] == case_path(case)
    numbers = desk.people.copied(case, times=40)
    board = text_of(guan.get("/console/cases"))
    assert "看全部 41 件" in board
    shown = []
    for page in (1, 2):
        found = text_of(guan.get(f"/console/cases?column=new&page={page}"))
        shown += re.findall(r'href="/console/cases/(\d{8}-\w{6})"', found)
    assert sorted(shown) == sorted([case.number, *numbers])


@sqlite_alone
def test_a_case_hides_what_tells_of_illness_until_it_is_asked_for_and_that_is_audited(
    desk: CaseDesk, guan: Visitor
) -> None:
    case = desk.applied()
    page = text_of(guan.get(case_path(case)))
    assert PHONE not in page
    assert ILLNESS not in page
    assert "尾号8000" in page
    assert desk.actions()[-1] == ("case read", f"case:{case.number}")
    revealed = guan.post(case_path(case, "reveal"))
    assert revealed.headers["Cache-Control"] == "no-store"
    assert PHONE in text_of(revealed)
    assert ILLNESS in text_of(revealed)
    assert desk.actions()[-1] == ("reveal", f"case:{case.number}")


def test_only_legal_moves_are_offered_and_taken_and_each_tells_the_person(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    page = text_of(guan.get(case_path(case)))
    offered = re.findall(r'name="to" value="(\w+)"', page)
    assert offered == ["identity_checked", "refused"]
    refused = guan.post(case_path(case, "move"), {"to": "settled", "seen": str(case.version)})
    assert refused.status_code == 409
    assert "不能这样走" in refused.get_data(as_text=True)
    assert desk.people.works() == []
    done = guan.post(case_path(case, "move"), {"to": offered[0], "seen": str(case.version), "note": XSS})
    assert done.status_code == 302
    [told] = desk.people.works()
    assert "新进展" in told
    page = text_of(guan.get(done.headers["Location"]))
    assert "已送达" in page
    assert html.escape(XSS, quote=False) in page.replace("&#34;", '"')
    assert XSS not in page


@sqlite_alone
def test_who_moves_a_case_that_somebody_else_moved_meanwhile_is_told(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    guo = desk.visit("guo")
    form = {"to": "identity_checked", "seen": str(case.version)}
    assert guo.post(case_path(case, "move"), form).status_code == 302
    late = guan.post(case_path(case, "move"), form)
    assert late.status_code == 409
    assert "刚被别人改动过" in late.get_data(as_text=True)
    assert len(desk.people.works()) == 1
    assert guan.post(case_path(case, "move"), {"to": "refused", "seen": "x"}).status_code == 400


@sqlite_alone
def test_the_clock_is_stopped_and_started_with_a_reason(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    assert guan.post(case_path(case, "pause"), {"reason": " "}).status_code == 409
    assert guan.post(case_path(case, "pause"), {"reason": "等原件"}).status_code == 302
    page = text_of(guan.get(case_path(case)))
    assert "时限暂停" in page
    assert "等原件" in page
    assert guan.post(case_path(case, "resume")).status_code == 302
    assert guan.post(case_path(case, "resume")).status_code == 409


@sqlite_alone
def test_a_case_is_given_to_colleagues_who_work_on_cases_only(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    assert guan.post(case_path(case, "assign"), {"owner": "guan"}).status_code == 302
    assert case.number in text_of(guan.get("/console/cases?owner=me"))
    for nobody in ("shen", "yun", "no-such"):
        assert guan.post(case_path(case, "assign"), {"owner": nobody}).status_code == 409
    assert guan.post(case_path(case, "assign"), {"owner": ""}).status_code == 302
    assert case.number in text_of(guan.get("/console/cases?owner=-"))


@sqlite_alone
def test_a_case_withdrawn_for_a_customer_offers_nothing_more(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    assert guan.post(case_path(case, "cancel"), {"note": "电话里说的"}).status_code == 302
    assert "撤回" in desk.people.works()[0]
    page = text_of(guan.get(case_path(case)))
    assert 'name="to"' not in page
    assert guan.post(case_path(case, "cancel")).status_code == 409
    assert guan.post(case_path(case, "pause"), {"reason": "x"}).status_code == 409
    assert case.number in text_of(guan.get("/console/cases?state=closed"))


def test_a_paper_is_refused_told_sent_again_and_accepted(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    form = {"reason": "缺页，请把每一页都拍下来", "own": "第二页"}
    assert guan.post(case_path(case, "papers", 1, "refuse"), form).status_code == 302
    [told] = desk.people.works()
    assert "缺页，请把每一页都拍下来；第二页" in told
    desk.people.sends(papers.photo())
    desk.people.says("1")
    desk.people.works()
    page = text_of(guan.get(case_path(case)))
    assert "已退回" in page
    assert "待核对" in page
    assert guan.post(case_path(case, "papers", 2, "accept")).status_code == 302
    assert "已通过" in text_of(guan.get(case_path(case)))
    assert (state_of_paper(desk, 1), state_of_paper(desk, 2)) == ("refused", "kept")
    assert guan.post(case_path(case, "papers", 2, "accept")).status_code == 409
    assert guan.post(case_path(case, "papers", 2, "refuse"), {"reason": "", "own": ""}).status_code == 409


@sqlite_alone
def test_a_file_is_shown_as_what_it_is_kept_nowhere_and_audited(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    answer = guan.get(case_path(case, "papers", 1, "file"))
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert answer.data[:3] == b"\xff\xd8\xff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == 'inline; filename="paper-1.jpg"'
    assert desk.actions()[-1] == ("reveal", f"case:{case.number}")
    saved = guan.get(case_path(case, "papers", 1, "file?download=1"))
    assert saved.headers["Content-Disposition"].startswith("attachment")
    with desk.store.reading() as connection:
        assert audit.verify(connection, desk.store.keys) is None


@sqlite_alone
def test_a_paper_opens_under_its_own_case_alone(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    [other] = desk.people.copied(case, times=1)
    before = len(desk.actions())
    for path in ("papers/1", "papers/1/file", "papers/99/file"):
        wrong = other if "99" not in path else case.number
        assert guan.get(f"/console/cases/{wrong}/{path}").status_code == 404
    for act in ("accept", "refuse", "sort"):
        assert guan.post(f"/console/cases/{other}/papers/1/{act}", {"reason": "x"}).status_code == 404
    assert guan.get("/console/people/1/papers/1").status_code == 404
    assert guan.get("/console/cases/20200101-000000").status_code == 404
    assert len(desk.actions()) == before
    assert state_of_paper(desk) == "kept"


def test_a_manager_of_other_products_is_refused_by_every_address_until_the_case_is_theirs(desk: CaseDesk) -> None:
    case = desk.applied()
    desk.limited_to("guo", "junlong-zhenai-21")
    guo = desk.visit("guo")
    assert case.number not in text_of(guo.get("/console/cases"))
    for path in ("", "papers/1", "papers/1/file"):
        assert guo.get(case_path(case, *path.split("/"))).status_code == 403 if path else True
    assert guo.get(case_path(case)).status_code == 403
    for act in ("reveal", "move", "cancel", "pause", "resume", "assign", "note", "papers/1/accept", "papers/1/refuse"):
        answer = guo.post(case_path(case, act), {"to": "identity_checked", "seen": "1", "owner": "guo", "reason": "x"})
        assert answer.status_code == 403, act
    assert [action for action, _ in desk.actions("user:guo") if action not in ("login", "cases listed")] == []
    assert desk.visit("guan").post(case_path(case, "assign"), {"owner": "guo"}).status_code == 302
    assert guo.get(case_path(case)).status_code == 200
    assert guo.get(case_path(case, "papers", 1, "file")).status_code == 200
    given_back = guo.post(case_path(case, "assign"), {"owner": ""})
    assert given_back.headers["Location"] == "/console/cases"


@sqlite_alone
def test_an_auditor_reads_and_does_nothing(desk: CaseDesk) -> None:
    case = desk.applied()
    shen = desk.visit("shen")
    page = text_of(shen.get(case_path(case)))
    assert "办到这一步" not in page
    assert "显示隐藏的内容" not in page
    assert 'name="reason"' not in text_of(shen.get(case_path(case, "papers", 1)))
    for act in ("reveal", "move", "assign", "note", "papers/1/accept"):
        assert shen.post(case_path(case, act), {"seen": "1"}).status_code == 403
    assert desk.visit("yun").get(case_path(case)).status_code == 403


@sqlite_alone
def test_answers_and_reasons_are_shown_as_text(desk: CaseDesk, guan: Visitor) -> None:
    answers = {**ADVANCE, "确诊的是什么病": f"胃恶性肿瘤{XSS}"}
    desk.people.verified()
    desk.people.applies(answers=answers)
    desk.people.says("确认")
    case = desk.people.cases()[-1]
    desk.people.sends(papers.photo())
    desk.people.says("1")
    desk.people.works()
    guan.post(case_path(case, "papers", 1, "refuse"), {"reason": XSS})
    for path in (case_path(case), case_path(case, "papers", 1), "/console/cases"):
        assert XSS not in text_of(guan.get(path)), path
    revealed = text_of(guan.post(case_path(case, "reveal")))
    assert XSS not in revealed
    assert revealed.count("&lt;img") >= 2


@sqlite_alone
def test_the_case_of_a_deleted_person_is_still_worked_on(desk: CaseDesk, guan: Visitor) -> None:
    case = desk.applied()
    desk.people.says("删除我的信息", "确定")
    assert "客户已删除信息" in text_of(guan.get(case_path(case)))
    done = guan.post(case_path(case, "papers", 1, "refuse"), {"reason": "缺页"})
    assert "没有人可以告知" in text_of(guan.get(done.headers["Location"]))
