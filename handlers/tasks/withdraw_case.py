"""Withdraws an application, after telling what that means for its use."""

from collections.abc import Mapping

from sqlalchemy import Connection

from bot.errors import DecideAgain, UserFault
from bot.forms import Form, holds
from bot.messages import Citation, Committing
from bot.slots.yes_no import YES
from care import audit, cases
from care.case_records import Case
from handlers import form_files
from handlers.cautions import late
from handlers.clauses import cited
from handlers.replanning import replan_case
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say

_DEED = ("撤回", "撤回申请", "确定撤回", "确认撤回", "取消申请", "取消预约", "确定取消", "撤销", "撤销申请")


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    case = _case(scene, task)
    flow = scene.flow(case.product, case.service) if case else None
    if case is None or flow is None:
        return form_files.form("confirmation")
    use = scene.customer.withdrawal(case, flow, now=scene.now)
    rule = flow.cancelling
    said = [rule.say, *late(scene, rule.lead_time, case.answers)] if holds(rule.when, case.answers) else []
    told = "".join(said)
    ask = say(
        "withdraw_sure" if told or use else "withdraw_simply",
        service=scene.service_name(case.product, case.service),
        number=case.number,
        say=told,
        use=say(f"withdraw_{use}") if use else "",
    )
    return form_files.confirming(ask, title="撤回申请", also=_DEED)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    case = _case(scene, task)
    flow = scene.flow(case.product, case.service) if case else None
    if answers["sure"] != YES or case is None or flow is None:
        return Said(text=say("kept"), session=scene.session)
    use = scene.customer.withdrawal(case, flow, now=scene.now)
    house, number = scene.house, case.number

    def withdraw(connection: Connection, turn: Committing) -> None:
        keys, actor = house.customers.store.keys, f"contact:{turn.contact_id}"
        try:
            withdrawn = cases.cancel(
                connection, keys, flow, number,
                actor=actor, now=turn.now, calendar=house.calendar, seen_version=case.version,
            )  # fmt: skip
        except UserFault as fault:
            raise DecideAgain("the case changed meanwhile") from fault
        audit.append(connection, keys, actor=actor, action="withdraw", subject=f"case:{number}", now=turn.now)
        replan_case(connection, house, withdrawn.case, now=turn.now)

    text = say(
        "withdrawn",
        service=scene.service_name(case.product, case.service),
        number=number,
        use=say(f"withdrawn_{use}") if use else "",
    )
    citations = _cites(scene, task, answers)
    return Said(text=text, session=scene.session, effects=(withdraw,), citations=citations)


def _cites(scene: Scene, task: Task, answers: Answers) -> tuple[Citation, ...]:
    case = _case(scene, task)
    flow = scene.flow(case.product, case.service) if case else None
    if case is None or flow is None:
        return ()
    return cited(case.product, flow.cancelling.clause)


def _case(scene: Scene, task: Task) -> Case | None:
    return next((case for case in scene.customer.open_cases if case.number == task.about["case"]), None)


TASK = TaskKind(form=_form, done=_done, cites=_cites)
