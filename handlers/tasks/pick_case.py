"""Asks which of several open applications is meant, then goes on with what it is for."""

from collections.abc import Mapping
from dataclasses import replace

from bot.forms import Form
from handlers import form_files
from handlers.case_words import step_name
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    labels = {}
    for at, case in enumerate(scene.customer.open_cases):
        flow = scene.flow(case.product, case.service)
        service = scene.service_name(case.product, case.service)
        labels[str(at)] = f"{service}（受理号{case.number}，{step_name(flow, case)}）"
    return form_files.picking("case", say(task.about["ask"]), labels or {"none": "没有了"}, title="申请")


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    """What waits is told which case, and begins."""
    at = str(answers["case"])
    open_cases = scene.customer.open_cases
    if not at.isdigit() or int(at) >= len(open_cases):
        return Said(text=say("cases_none"), session=scene.session)
    wanted = {**task.about["then"], "case": open_cases[int(at)].number}
    return Said(text="", session=replace(scene.session, wanted=wanted))


TASK = TaskKind(form=_form, done=_done)
