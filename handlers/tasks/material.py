"""Asks which paper it was that somebody sent, and puts it into its case."""

from collections.abc import Mapping

from sqlalchemy import Connection

from bot.forms import Form
from bot.messages import Committing
from care import media, timeline
from care.case_records import Case
from handlers import form_files
from handlers.case_words import acceptable_papers, missing_papers, names
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say
from knowledge.flow import Material

_MOST = 9
_OTHER = "other"


def choices_of(scene: Scene) -> list[tuple[Case, Material]]:
    """Return the papers that the open cases still want, each with its case; then what else they may take."""
    found: list[tuple[Case, Material]] = []
    later: list[tuple[Case, Material]] = []
    for case in scene.customer.open_cases:
        flow = scene.flow(case.product, case.service)
        if flow is None:
            continue
        missing = missing_papers(scene, flow, case)
        found += [(case, paper) for paper in missing]
        later += [(case, paper) for paper in acceptable_papers(flow, case) if paper not in missing]
    return [*found, *later][:_MOST]


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    choices = choices_of(scene)
    several = len({case.number for case, _ in choices}) > 1
    labels = {
        str(at): f"{scene.service_name(case.product, case.service)}：{paper.name}" if several else paper.name
        for at, (case, paper) in enumerate(choices)
    }
    called = {str(at): [*paper.also, paper.name] for at, (_, paper) in enumerate(choices)}
    return form_files.picking("paper", say("material_which"), {**labels, _OTHER: "都不是"}, title="材料", called=called)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    choices, at = choices_of(scene), str(answers["paper"])
    if at.isdigit() and int(at) < len(choices):
        return kept(scene, *choices[int(at)])
    case = scene.customer.open_cases[0] if scene.customer.open_cases else None
    if case is None:
        return Said(text=say("material_none_open"), session=scene.session)
    return kept(scene, case, None)


def kept(scene: Scene, case: Case, paper: Material | None) -> Said:
    """Put what was sent and belongs to no case yet into this one; say what is still missing."""
    keys = scene.house.customers.store.keys

    def assign(connection: Connection, turn: Committing) -> None:
        for sent in media.unsorted(connection, turn.contact_id):
            media.assign(connection, sent.id, case_id=case.id, material=paper.id if paper else None)
        actor, note = f"contact:{turn.contact_id}", paper.id if paper else "unsorted"
        timeline.record(connection, keys, case.id, "material", actor=actor, now=turn.now, note=note)

    service = scene.service_name(case.product, case.service)
    if paper is not None:
        text = say("material_kept", name=paper.name, service=service, number=case.number)
    else:
        text = say("material_kept_unsorted", service=service, number=case.number)
    flow = scene.flow(case.product, case.service)
    missing = [one for one in missing_papers(scene, flow, case) if one != paper] if flow else []
    rest = say("material_still", names=names(missing)) if missing else say("material_all") if paper else ""
    return Said(text=f"{text}\n{rest}" if rest else text, session=scene.session, effects=(assign,))


TASK = TaskKind(form=_form, done=_done)
