"""An application for one service: who, for whom, the service's own questions, what must be known before, submission."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.clock import in_china
from bot.errors import DecideAgain
from bot.forms import Form, Question, holds
from bot.messages import Citation, Committing, Effect
from bot.slots.yes_no import NO, YES
from care import audit, cases, consents, media
from care.case_numbers import fresh_number
from care.consents import ConsentKind
from care.deadlines import due
from care.eligibility import Verdict, day_that_counts
from care.policy import Insured, Policy
from care.policy_years import policy_year
from care.uses import NoUseLeft
from handlers import applicants, form_files, relatives
from handlers.applicants import person_of
from handlers.case_words import day_words, until_words, wanted_papers
from handlers.cautions import cautions, of_service
from handlers.clauses import cited, clause_lines, deciding
from handlers.customers import covered
from handlers.policy_words import person_name
from handlers.replanning import replan_case
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say
from knowledge.flow import Flow


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    policy, flow = _policy(scene, task), _flow(scene, task)
    if policy is None or flow is None:
        return form_files.form("confirmation")
    questions = _asked(scene, policy, flow, answers)
    return Form(id=_form_id(task), version=flow.version, title=flow.title, questions=tuple(questions))


def _asked(scene: Scene, policy: Policy, flow: Flow, answers: Answers) -> Iterator[Question]:
    """Yield who, whether medical material may be used (before any of it is asked for), the service's own, the phone."""
    yield from applicants.asked(scene, policy, flow)
    if needs_medical(flow) and ("medical" in answers or not scene.customer.has_agreed(ConsentKind.MEDICAL)):
        yield form_files.question("application", "medical")
    yield from flow.questions
    yield form_files.question("application", "phone")


def needs_medical(flow: Flow) -> bool:
    """Whether a service cannot be run without medical material."""
    return any(paper.sensitive for paper in flow.materials) or any(
        question.slot in ("diagnosis", "complaint") for question in flow.questions
    )


def _objection(scene: Scene, task: Task, answers: Answers) -> Said | None:
    """Refuse as soon as the policy's data or an answer stand against it."""
    policy, flow = _policy(scene, task), _flow(scene, task)
    if policy is None or flow is None:
        return Said(text=say("no_policies"), session=scene.session)
    if answers.get("medical") == NO:
        reasons = ("no consent to medical data",)
        return Said(text=say("apply_medical_refused"), session=scene.session, effects=(_drop_papers,), reasons=reasons)
    if len(covered(policy, flow)) > 1 and "insured" not in answers:
        return None
    verdict = scene.customer.verdict(
        policy, person_of(policy, flow, answers), flow.service, now=scene.now, answers=of_service(flow, answers)
    )
    if verdict.decision != "not_eligible":
        return None
    return Said(
        text=refusal(scene, policy, flow, verdict),
        session=scene.session,
        citations=cited(policy.product, deciding(verdict)),
        reasons=tuple(f"not eligible: {check.check}" for check in verdict.against),
    )


def _implied(scene: Scene, task: Task, answers: Answers) -> Mapping[str, Any]:
    policy, flow = _policy(scene, task), _flow(scene, task)
    return (
        applicants.implied(policy, flow, answers, f"{task.about.get('said', '')}\n{scene.text}")
        if policy and flow
        else {}
    )


def _noted(scene: Scene, task: Task, answers: Answers) -> tuple[Effect, ...]:
    """Record what was said about medical material when it is said: what follows is such material."""
    kind, told = ConsentKind.MEDICAL, answers.get("medical")
    if told is None or (told == YES) is scene.customer.has_agreed(kind):
        return ()
    version = scene.house.customers.versions[kind]

    def give(connection: Connection, turn: Committing) -> None:
        consents.give(connection, contact_id=turn.contact_id, kind=kind, version=version, now=turn.now)

    def withdraw(connection: Connection, turn: Committing) -> None:
        consents.withdraw(connection, contact_id=turn.contact_id, kind=kind, now=turn.now)

    return (give,) if told == YES else (withdraw,)


def _drop_papers(connection: Connection, turn: Committing) -> None:
    media.drop_loose(connection, turn.contact_id, reason="no consent to medical data")


def refusal(scene: Scene, policy: Policy, flow: Flow, verdict: Verdict) -> str:
    """Say why a service cannot be applied for, from when on it can be, and the clause."""
    why = "".join(check.why for check in verdict.against)
    sentence = "apply_refused" if verdict.eligible_from is not None else "apply_refused_now"
    lines = [say(sentence, service=scene.service_name(policy.product, flow.service), why=why)]
    if verdict.eligible_from is not None and f"{day_words(verdict.eligible_from)}" not in why:
        lines.append(say("apply_refused_from", date=day_words(verdict.eligible_from)))
    lines.append(say("apply_refused_person"))
    return "\n".join([*lines, *clause_lines(scene, policy.product, deciding(verdict))])


def _notices(scene: Scene, task: Task, answers: Answers) -> Sequence[str]:
    """Return what must be known, and agreed to, before submission; the clauses behind it last."""
    policy, flow = _policy(scene, task), _flow(scene, task)
    if policy is None or flow is None:
        return ()
    told = cautions(scene, policy, flow, answers)
    people = covered(policy, flow)
    # Who is asked for whom reads the answer above; where it can be for one person only, the summary says so.
    only = [say("apply_for_whom", name=person_name(policy, people[0]))] if len(people) == 1 else []
    return [*only, *told.lines, *clause_lines(scene, policy.product, told.clauses)]


def _cites(scene: Scene, task: Task, answers: Answers) -> tuple[Citation, ...]:
    policy, flow = _policy(scene, task), _flow(scene, task)
    if policy is None or flow is None:
        return ()
    return cited(policy.product, cautions(scene, policy, flow, answers).clauses)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    policy, flow = _policy(scene, task), _flow(scene, task)
    if policy is None or flow is None or policy.id is None:
        return Said(text=say("no_policies"), session=scene.session)
    number = fresh_number(scene.now)
    insured = person_of(policy, flow, answers)
    labelled = {**labels, "insured": person_name(policy, insured)}
    submit = _submission(scene, policy, flow, insured=insured, answers=answers, labels=labelled, number=number)
    session = replace(scene.session, offered=None, policy=policy.id)
    return Said(
        text=_submitted(scene, policy, flow, answers, number),
        session=session,
        effects=(submit,),
        citations=cited(policy.product, flow.steps[0].clause),
        reasons=(f"submitted {policy.product}/{flow.service}",),
    )


def _submission(
    scene: Scene,
    policy: Policy,
    flow: Flow,
    *,
    insured: Insured | None,
    answers: Answers,
    labels: Mapping[str, str],
    number: str,
) -> Effect:
    keys, calendar = scene.house.customers.store.keys, scene.house.calendar
    versions = scene.house.customers.versions
    agreed = [ConsentKind.GUARDIAN] if answers.get("guardian") == "guardian" else []
    drawn = iter((number,))

    def draw(_: Any) -> str:
        found = next(drawn, None)
        if found is None:
            raise DecideAgain("the case number was taken")
        return found

    def submit(connection: Connection, turn: Committing) -> None:
        application = cases.Application(
            contact_id=turn.contact_id,
            conversation_id=turn.conversation_id,
            policy_id=policy.id or 0,
            insured_id=insured.id if insured else None,
            product=policy.product,
            policy_year=policy_year(policy, day_that_counts(flow.eligibility, answers, in_china(turn.now).date()))[0],
            answers=dict(answers),
            labels=labels,
            request_key=turn.key,
        )
        actor = f"contact:{turn.contact_id}"
        try:
            case = cases.open_case(
                connection, keys, flow, application, actor=actor, now=turn.now, calendar=calendar, draw=draw
            )
        except NoUseLeft as error:
            raise DecideAgain("the last use was taken meanwhile") from error
        for sent in media.unsorted(connection, turn.contact_id):
            media.assign(connection, sent.id, case_id=case.id, material=None)
        for kind in agreed:
            consents.give(connection, contact_id=turn.contact_id, kind=kind, version=versions[kind], now=turn.now)
        audit.append(connection, keys, actor=actor, action="apply", subject=f"case:{case.number}", now=turn.now)
        replan_case(connection, scene.house, case, now=turn.now)

    return submit


def _submitted(scene: Scene, policy: Policy, flow: Flow, answers: Answers, number: str) -> str:
    own = of_service(flow, answers)
    first = flow.steps[0]
    lines = [say("apply_submitted", number=number, tell=first.tell)]
    for promise in flow.promises:
        if promise.start == first.id and holds(promise.when, own):
            until = due(scene.now, promise.within, flow.eligibility.hours, scene.house.calendar)
            provisional = say("apply_deadline_provisional") if until.is_provisional else ""
            due_by = until_words(until.at, promise.within.unit)
            lines.append(say("apply_deadline", say=promise.say, due=due_by) + provisional)
    papers = wanted_papers(flow, own, answers)
    if papers:
        listed = "\n".join(f"{at}. {paper.name}" for at, paper in enumerate(papers, start=1))
        lines.append(say("apply_materials", lines=listed))
    lines += [flow.submitted] if flow.submitted else []
    return "\n".join([*lines, say("apply_follow")])


def _form_id(task: Task) -> str:
    return f"{task.about['product']}/{task.about['service']}"


def _policy(scene: Scene, task: Task) -> Policy | None:
    return scene.customer.policy(task.about["policy"])


def _flow(scene: Scene, task: Task) -> Flow | None:
    return scene.flow(task.about["product"], task.about["service"])


def _remark(scene: Scene, task: Task) -> Said | None:
    """Tell who asks in the middle for somebody else for whom the service is."""
    policy, flow = _policy(scene, task), _flow(scene, task)
    return relatives.told(scene, policy, flow, scene.text) if policy and flow else None


TASK = TaskKind(
    remark=_remark,
    form=_form,
    done=_done,
    confirms=True,
    notices=_notices,
    cites=_cites,
    objection=_objection,
    implied=_implied,
    noted=_noted,
    left="apply_left",
)
