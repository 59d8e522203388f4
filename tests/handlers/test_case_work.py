"""What a health manager does to a case: papers judged, clocks stopped, cases given to somebody."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.clock import in_china
from care import audit, material_reviews, promises, timeline
from care.case_records import Case
from care.workdays import WorkCalendar
from handlers.case_work import CaseWorker, Refused
from knowledge.library import Library
from tests.care import papers
from tests.handlers.office import Office


class Worker:
    """One health manager beside an office."""

    def __init__(self, office: Office, library: Library) -> None:
        self.office = office
        self.acts = CaseWorker(library=library, keys=office.store.keys, calendar=WorkCalendar.load(), actor="user:guan")

    def do(self, act: str, *arguments: Any) -> Any:
        return self.office.store.write(
            lambda connection: getattr(self.acts, act)(connection, *arguments, now=self.office.clock())
        )

    def reads(self, work: Callable[[Connection], Any]) -> Any:
        with self.office.store.reading() as connection:
            return work(connection)

    def due(self, case: Case) -> list[tuple[str, str]]:
        rows = self.reads(lambda connection: list(promises.deadlines_of(connection, case.id)))
        return [(in_china(one.due_at).strftime("%m-%d"), one.state) for one in rows]

    def events(self, case: Case) -> list[tuple[str, str]]:
        keys = self.office.store.keys
        return [(one.kind, one.note) for one in self.reads(lambda c: list(timeline.events_of(c, keys, case.id)))]

    def actions(self) -> list[str]:
        keys = self.office.store.keys
        trail = self.reads(lambda connection: audit.entries(connection, keys, actor="user:guan"))
        return [one.action for one in reversed(trail)]


@pytest.fixture
def worker(office: Office, library: Library) -> Worker:
    return Worker(office, library)


@pytest.fixture
def with_paper(office: Office) -> Case:
    case = office.submitted()
    office.sends(papers.photo())
    office.says("1")
    office.works()
    return case


def test_a_refused_paper_is_asked_for_again_with_the_reason_and_may_be_sent_again(
    office: Office, worker: Worker, with_paper: Case
) -> None:
    assert worker.do("refuse", with_paper.number, 1, " 照片模糊，看不清\n日期 ") is True
    [told] = office.works()
    assert "照片模糊，看不清 日期" in told
    assert with_paper.number in told
    assert office.materials()[0].state == "refused"
    assert "首诊证明" in office.says("还缺什么材料") or "诊断" in office.says("还缺什么材料")
    office.sends(papers.photo())
    office.says("1")
    office.works()
    [first, second] = worker.reads(
        lambda connection: material_reviews.reviewed_papers(connection, office.store.keys, with_paper.id)
    )
    assert (first[0].state, first[1].verdict, first[1].reason) == ("refused", "refused", "照片模糊，看不清 日期")
    assert (second[0].state, second[1], second[0].material) == ("kept", None, first[0].material)
    worker.do("accept", with_paper.number, second[0].id)
    assert worker.actions() == ["paper refused", "paper accepted"]
    assert [kind for kind, _ in worker.events(with_paper)] == ["opened", "material", "refused", "material", "accepted"]


def test_a_refusal_taken_back_counts_the_paper_again(office: Office, worker: Worker, with_paper: Case) -> None:
    worker.do("refuse", with_paper.number, 1, "缺页")
    worker.do("accept", with_paper.number, 1)
    assert office.materials()[0].state == "kept"
    with pytest.raises(Refused, match="已经这样处理过"):
        worker.do("accept", with_paper.number, 1)
    assert len(office.works()) == 1


@pytest.mark.parametrize("reason", ["", " \n ", "长" * 201])
def test_without_a_reason_nothing_is_refused(office: Office, worker: Worker, with_paper: Case, reason: str) -> None:
    with pytest.raises(Refused, match="原因"):
        worker.do("refuse", with_paper.number, 1, reason)
    assert office.materials()[0].state == "kept"
    assert office.works() == []


def test_a_paper_of_another_case_is_not_to_be_had(office: Office, worker: Worker, with_paper: Case) -> None:
    [other] = office.copied(with_paper, times=1)
    for act, *more in (("accept",), ("refuse", "缺页"), ("sort", "first-diagnosis-proof")):
        with pytest.raises(Refused, match="没有这份材料"):
            worker.do(act, other, 1, *more)


def test_nobody_is_told_of_a_deleted_person_s_paper(office: Office, worker: Worker, with_paper: Case) -> None:
    office.says("删除我的信息", "确定")
    assert worker.do("refuse", with_paper.number, 1, "缺页") is False
    assert office.works() == []


def test_an_unsorted_paper_is_put_where_it_belongs(office: Office, worker: Worker) -> None:
    case = office.submitted()
    office.sends(papers.photo())
    office.says("都不是")
    office.works()
    assert office.materials()[0].material is None
    with pytest.raises(Refused, match="没有这份材料"):
        worker.do("sort", case.number, 1, "no-such-paper")
    worker.do("sort", case.number, 1, "first-diagnosis-proof")
    assert office.materials()[0].material == "first-diagnosis-proof"


def test_a_stopped_clock_gives_the_days_that_were_left_again(office: Office, worker: Worker) -> None:
    case = office.submitted()
    before = worker.due(case)
    worker.do("pause", case.number, "等客户寄原件")
    assert [state for _, state in worker.due(case)] == ["paused"]
    with pytest.raises(Refused, match="不用暂停"):
        worker.do("pause", case.number, "再来一次")
    office.clock.move(days=14)
    worker.do("resume", case.number)
    after = worker.due(case)
    assert after[0][1] == "running"
    assert after[0][0] > before[0][0]
    with pytest.raises(Refused, match="没有暂停"):
        worker.do("resume", case.number)
    assert worker.events(case)[1:] == [("paused", "等客户寄原件"), ("resumed", "")]
    assert worker.actions() == ["clock paused", "clock resumed"]


def test_what_is_late_already_is_not_paused_away(office: Office, worker: Worker) -> None:
    case = office.submitted()
    office.clock.move(days=40)
    with pytest.raises(Refused, match="不用暂停"):
        worker.do("pause", case.number, "来不及了")
    office.chores.run()
    assert [state for _, state in worker.due(case)] == ["missed"]


def test_a_case_is_given_to_somebody_and_noted(office: Office, worker: Worker) -> None:
    case = office.submitted()
    assert worker.do("assign", case.number, "xiao-li").owner == "xiao-li"
    worker.do("note", case.number, "客户下午三点后有空")
    assert worker.do("assign", case.number, None).owner is None
    assert worker.actions() == ["case assigned", "case noted", "case assigned"]
    assert office.works() == []
    with pytest.raises(Refused, match="备注"):
        worker.do("note", case.number, "   ")


def test_a_message_of_a_move_that_did_not_arrive_is_followed_up_once_whoever_gets_the_case(
    office: Office, worker: Worker, library: Library
) -> None:
    """Giving a case to somebody changes the case, and must not make another reminder of the same move."""
    case = office.submitted()
    to = library.handbooks[case.product].flows[case.service].steps[0].next[0]
    worker.do("move", case.number, to)
    planned = office.count("reminders", kind="case_step")
    for owner in ("a", "b", None):
        worker.do("assign", case.number, owner)
        worker.do("note", case.number, "x")
        worker.do("pause", case.number, "y") if owner == "b" else None
    assert office.count("reminders", kind="case_step") <= max(planned, 1)
