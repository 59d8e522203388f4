"""One message to the assistant: danger first, then the dialog under way, requests, and the handbooks.

The desk joins what is elsewhere: the dialog engine, the tasks and requests by their files' names, the handbook answers.
It is long because the way of a message is best seen in one place.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.dialog.engine import Engine
from bot.dialog.state import Dialog, Phase
from bot.dialog.steps import Kind as StepKind
from bot.dialog.steps import Step
from bot.errors import ConfigurationFault
from bot.forms import Form, Question
from bot.messages import Conversation, Inbound, Kind, Outcome, Owner, Turn
from handlers import alarms, offers, papers, platform_events, requests, tasks
from handlers.asides import Aside, aside_of, may_begin, names_service
from handlers.choosers import choosers_of
from handlers.customers import Customers
from handlers.outcomes import followed, outcome_of, preceded
from handlers.parts import parts_of
from handlers.respond import Assistant
from handlers.scene import House, Said, Scene
from handlers.session import Session, Task
from handlers.side_questions import asks_handbook
from handlers.tasks import TaskKind
from handlers.wishes import kinds_in
from handlers.wording import say
from intents.match import Match
from intents.requests import Requests
from intents.router import Router

_AT_ONCE = 4  # tasks that may end and begin in one turn: consent, verification, choice of policy, application
_APPLYING = "apply"
_CONSENT = "consent"
_WAITING = "case_waiting"
_NO_ANSWER = frozenset({"abstain", "clarify", "smalltalk", "menu"})

RequestAnswer = Callable[[Scene, Mapping[str, Any]], Said | None]


class Desk:
    """Answers turns. Holds no state of conversations: everything a later turn needs is in the Outcome."""

    def __init__(
        self, *, house: House, assistant: Assistant, wishes: Requests, products: Mapping[str, tuple[str, ...]]
    ):
        """`products` gives each account's products. Raises ConfigurationFault for a request without its module."""
        self._house = house
        self.assistant = assistant
        self._wishes = wishes
        self._products = products
        self._tasks: dict[str, TaskKind] = {name: part.TASK for name, part in parts_of(tasks).items()}
        self._requests: dict[str, RequestAnswer] = {name: part.answer for name, part in parts_of(requests).items()}
        missing = sorted(set(wishes.kinds) - set(self._requests))
        if missing:
            raise ConfigurationFault(
                f"intents/requests.yaml: {', '.join(missing)}: handlers/requests/ has no module of this name; add it"
            )

    def respond(self, turn: Turn) -> Outcome:
        """Return what to say to one message or event, with the state for the next turn."""
        outcome = self._responded(turn)
        noting = self._house.channels.noting(self._house.customers.store, turn)
        return replace(outcome, effects=(*noting, *outcome.effects)) if noting else outcome

    def _responded(self, turn: Turn) -> Outcome:
        products = self._products.get(turn.inbound.account, tuple(self._house.library.handbooks))
        session = Session.from_state(turn.conversation.state, products=products)
        known = self._house.customers.of(turn.conversation.contact_id)
        scene = Scene(turn, session, self._house, known)
        gone = [task for task in session.tasks if not self._stands(scene, task)]
        if not gone:
            return self._taken(scene)
        kept = tuple(task for task in session.tasks if task not in gone)
        outcome = self._taken(scene.at(replace(session, tasks=kept, wanted=None)))
        names = [scene.service_name(str(one.about.get("product")), str(one.about.get("service"))) for one in gone]
        return preceded(outcome, say("task_gone", title="、".join(names)))

    @property
    def customers(self) -> Customers:
        """Where it reads what is known of people."""
        return self._house.customers

    @property
    def router(self) -> Router:
        """What tells what a message means."""
        return self._house.router

    def scene_of(self, conversation: Conversation, *, now: datetime) -> Scene:
        """Return a conversation as its turns find it, beside any message: for what people do to it."""
        silence = Inbound(account=conversation.account, contact="", key="", kind=Kind.EVENT, sent_at=now)
        turn = Turn(inbound=silence, conversation=conversation, now=now)
        products = self._products.get(conversation.account, tuple(self._house.library.handbooks))
        return Scene(turn, Session.from_state(conversation.state, products=products), self._house)

    def engine_of(self, scene: Scene) -> Engine | None:
        """Return what runs the dialog under way; None where none is, or its policy or service is gone."""
        task = scene.session.task
        return self._engine(scene) if task is not None and task.dialog and self._stands(scene, task) else None

    def _stands(self, scene: Scene, task: Task) -> bool:
        """Whether a dialog can go on: its policy is still bound, and the handbook still has its service."""
        return not task.dialog or self._form(scene, task, task.dialog["answers"]).id == task.dialog["form"]

    def _taken(self, scene: Scene) -> Outcome:
        turn, inbound = scene.turn, scene.turn.inbound
        noted = platform_events.effect_of(inbound)
        if noted is not None:
            return Outcome(effects=(noted,))
        if inbound.kind in papers.KINDS:
            return self._file(scene)
        if inbound.kind is Kind.EVENT and inbound.event == "click" and inbound.event_key:
            return self._text(replace(scene, turn=_typed(turn, inbound.event_key)))
        if inbound.kind not in (Kind.TEXT, Kind.VOICE) or not inbound.text.strip():
            return self.assistant.respond(turn)
        return self._text(scene)

    def _file(self, scene: Scene) -> Outcome:
        said = papers.received(scene)
        if said is None:
            return self.assistant.respond(scene.turn)
        if scene.session.task is None or said.session.tasks != scene.session.tasks:
            return outcome_of(scene, self._begun(scene, said))
        return outcome_of(scene, self._begun(scene, self._file_in_task(scene, said)))

    def _file_in_task(self, scene: Scene, said: Said) -> Said:
        """A file is the answer where the form asks for files; else its open question is repeated."""
        if said.effects:
            sent = (scene.turn.inbound.key,)
            step = self._engine(scene).take(self._dialog(scene), "", now=scene.now, files=sent)
            if step.is_swallowed:
                return replace(said, text="").before(self._after(scene, step))
        return self._with_repeat(scene, said)

    def _text(self, scene: Scene) -> Outcome:
        if scene.session.task is None:
            self._house.router.hear(scene.text, scene.session.context)
        alarm = self._house.router.alarm(scene.text, scene.session.context)
        if alarm is not None:
            return self._alarmed(scene, alarm)
        if self._house.router.wants_person(scene.text) and not self._waits_for_case(scene):
            outcome = self._discussed(scene)
            return outcome if scene.session.task is None else followed(outcome, self._repeat(scene))
        if scene.session.task is not None:
            return self._in_task(scene)
        return self._requested(scene) or offers.binding(scene, self._discussed(scene), kinds_in(scene, self._wishes))

    def _waits_for_case(self, scene: Scene) -> bool:
        """Whether somebody complains that nobody has called about their case: it says until when somebody will."""
        return _WAITING in self._wishes.all_in(scene.text) and bool(scene.customer.open_cases)

    def _alarmed(self, scene: Scene, alarm: Match) -> Outcome:
        """Danger beats everything, save that what a form asks for is taken as the answer."""
        asked = self._asked(scene)
        if not alarms.is_answer(alarm, scene.text, asked):
            return self._discussed(scene)
        return alarms.warned(self._in_task(scene), alarm, asked, scene.text)

    def _asked(self, scene: Scene) -> Question | None:
        """Return the question of the current task that waits for its answer."""
        if scene.session.task is None:
            return None
        dialog = self._dialog(scene)
        return self._engine(scene).form.question(dialog.asked or "") if dialog.phase is Phase.ASKING else None

    # Requests.

    def _requested(self, scene: Scene) -> Outcome | None:
        kinds = kinds_in(scene, self._wishes)
        wanted = scene.session.wanted
        if wanted and wanted.get("next") and {"resume", _APPLYING} & set(kinds):
            return outcome_of(scene, self._begun(scene, self._waiting(scene, wanted)), request=_APPLYING)
        for kind in kinds:
            said = self._requests[kind](scene, {})
            if said is not None:
                return outcome_of(scene, self._begun(scene, said), request=kind)
        return None

    def _begun(self, scene: Scene, said: Said) -> Said:
        """Ask the first question of a task that was just begun, and begin what waited for one that ended."""
        for _ in range(_AT_ONCE):
            session = said.session
            now = replace(scene, session=session, known=said.customer or scene.known)
            if session.task is not None and not session.task.dialog:
                said = said.before(self._first(now, session.task))
            elif session.wanted and may_begin(session):
                said = said.before(self._waiting(now, session.wanted))
            else:
                break
        return said.before(self._back(scene, said))

    def _first(self, scene: Scene, task: Task) -> Said:
        """Ask the first question of a task, after what it opens with; who is refused at once hears only that."""
        known, text = task.about.get("known"), str(task.about.get("said", ""))
        step = self._engine(scene).begin(known, now=scene.now, text=text)
        begun = self._after(scene, self._with_implied(scene, step))
        opening = str(task.about.get("opening", "")) if len(begun.session.tasks) == len(scene.session.tasks) else ""
        return Said(text=opening, session=scene.session).before(begun)

    def _back(self, scene: Scene, said: Said) -> Said:
        """Go on with the dialog beneath one that ended in this turn."""
        task = said.session.task
        if task is None or len(said.session.tasks) >= len(scene.session.tasks):
            return Said(text="", session=said.session)
        now = replace(scene, session=said.session, known=said.customer or scene.known)
        waiting = say("task_waiting", title=self._engine(now).form.title)
        return Said(text=f"{waiting}\n{self._repeat(now)}", session=said.session)

    def _waiting(self, scene: Scene, wanted: Mapping[str, Any]) -> Said:
        """Begin what waited. A policy that the insurer has only just told gets its number with this turn's commit."""
        if wanted.get("request") == _APPLYING and not scene.customer.policies:
            return Said(text=say("wanted_next"), session=replace(scene.session, wanted={**wanted, "next": True}))
        later = self._requests[str(wanted["request"])](scene.at(replace(scene.session, wanted=None)), wanted)
        return later or Said(text="", session=replace(scene.session, wanted=None))

    # Tasks.

    def _in_task(self, scene: Scene) -> Outcome:
        first = self._tasks[_current(scene).kind].gives_way_to
        aside = self._aside(scene, among=first) if first else None
        if aside is not None:
            return aside
        if _current(scene).kind == _APPLYING and asks_handbook(scene, self._asked(scene)):
            open_ = self._engine(scene).repeat(self._dialog(scene), now=scene.now)
            return self._beside(scene, replace(open_, kind=StepKind.IS_QUESTION))
        told = self._tasks[_current(scene).kind].told(scene, _current(scene))
        step = self._put(scene, told) or self._engine(scene).take(self._dialog(scene), scene.text, now=scene.now)
        if step.is_swallowed:
            return outcome_of(scene, self._begun(scene, self._after(scene, self._with_implied(scene, step))))
        return self._beside(scene, step)

    def _with_implied(self, scene: Scene, step: Step) -> Step:
        """Add what the message implies; what it says in so many words comes first."""
        task = _current(scene)
        implied = self._tasks[task.kind].implied(scene, task, self._engine(scene).answers(step.dialog))
        if not implied or step.kind not in (StepKind.ASKED, StepKind.UNDERSTOOD_PARTLY):
            return step
        for slot, value in implied.items():
            step = self._engine(scene).put(step.dialog, slot, value, now=scene.now, echoed=step.taken)
        return step

    def _put(self, scene: Scene, told: Mapping[str, Any]) -> Step | None:
        dialog, step = self._dialog(scene), None
        for slot, value in told.items():
            step = self._engine(scene).put(dialog, slot, value, now=scene.now)
            dialog = step.dialog
        return step

    def _beside(self, scene: Scene, step: Step) -> Outcome:
        """What is no answer may be a request or a handbook question: it is answered, and the open question repeated."""
        aside = self._aside(scene)
        if aside is not None:
            return aside
        remark = self._tasks[_current(scene).kind].remark(scene, _current(scene))
        if remark is not None:
            return outcome_of(scene, self._with_repeat(scene, remark))
        if _current(scene).kind == _CONSENT:
            # Nothing is filled in yet: whoever goes on asking is answered as if nothing were open.
            return followed(self._discussed(scene), say("consent_open"))
        if step.kind is StepKind.NOT_UNDERSTOOD and not self._wishes.is_asking(scene.text):
            return self._insisting(scene, step)
        outcome = self._discussed(scene)
        understood = outcome.understanding
        if understood is not None and understood.decision == "clarify" and understood.attribute == "which_product":
            said = Said(text=say("which_product_later"), session=scene.session)
            return outcome_of(scene, self._with_repeat(scene, said))
        if understood is None or understood.decision in _NO_ANSWER or not outcome.replies:
            return self._insisting(scene, step)
        return followed(outcome, self._repeat(scene))

    def _aside(self, scene: Scene, *, among: frozenset[str] | None = None) -> Outcome | None:
        """Do what was asked for in the middle of a dialog, beside it or first; None where nothing was asked for."""
        for kind in kinds_in(scene, self._wishes):
            if among is not None and kind not in among:
                continue
            if kind == "resume" or (kind == _APPLYING and not names_service(scene)):
                continue
            said = self._requests[kind](scene, {})
            aside = aside_of(scene.session, said.session) if said is not None else Aside.NONE
            if said is None:
                continue
            if aside is Aside.NONE:
                return outcome_of(scene, Said(text=self._repeat(scene), session=scene.session), request=kind)
            if aside is Aside.FIRST:
                return outcome_of(scene, self._begun(scene, said), request=kind)
            if aside is Aside.TOO_MANY:
                said = Said(text=say("tasks_many"), session=scene.session)
            return outcome_of(scene, self._with_repeat(scene, said), request=kind)
        return None

    def _insisting(self, scene: Scene, step: Step) -> Outcome:
        """Nobody else makes anything of a message: it is the answer after all, or the question is asked again."""
        again = self._engine(scene).take(self._dialog(scene), scene.text, now=scene.now, insist=True)
        if again.is_swallowed:
            return outcome_of(scene, self._begun(scene, self._after(scene, again)))
        unclear = f"{say('aside_unclear')}\n\n" if step.kind is StepKind.IS_QUESTION else ""
        session = scene.session.go_on(step.dialog.to_state())
        return outcome_of(scene, Said(text=f"{unclear}{step.say}", session=session))

    def _with_repeat(self, scene: Scene, said: Said) -> Said:
        return replace(said, text=f"{said.text}\n\n{self._repeat(scene)}")

    def _repeat(self, scene: Scene) -> str:
        return self._engine(scene).repeat(self._dialog(scene), now=scene.now).say

    def _after(self, scene: Scene, step: Step) -> Said:
        """Say what a step of the current task leads to: its end, an objection, the summary or the next question."""
        task, kind = _current(scene), self._tasks[_current(scene).kind]
        answers = self._engine(scene).answers(step.dialog)
        if step.kind in (StepKind.CANCELLED, StepKind.EXPIRED):
            text = step.say if step.kind is StepKind.EXPIRED else say(kind.left)
            return Said(text=text, session=replace(scene.session.end(), wanted=None))
        noted = kind.noted(scene, task, answers)
        objection = kind.objection(scene, task, answers)
        if objection is not None:
            ended = replace(scene.session.end(), wanted=None)
            return replace(objection, session=ended, effects=(*noted, *objection.effects))
        if step.kind is StepKind.COMPLETED or (step.dialog.phase is Phase.CONFIRMING and not kind.confirms):
            return self._done(scene, task, kind, step)
        session = scene.session.go_on(step.dialog.to_state())
        tells_rules = step.dialog.phase is Phase.CONFIRMING or not kind.confirms
        citations = kind.cites(scene, task, answers) if tells_rules else ()
        reasons = (f"dialog {step.kind.value}",)
        return Said(text=step.say, session=session, citations=citations, reasons=reasons, effects=noted)

    def _done(self, scene: Scene, task: Task, kind: TaskKind, step: Step) -> Said:
        ended = scene.at(scene.session.end())
        answers = self._engine(scene).answers(step.dialog)
        return kind.done(ended, task, answers, self._engine(scene).labels(step.dialog))

    def _engine(self, scene: Scene) -> Engine:
        task = _current(scene)
        kind = self._tasks[task.kind]
        return Engine(
            form=self._form(scene, task, task.dialog.get("answers", {})),
            choosers=choosers_of(scene, task.about.get("product")),
            notices=lambda answers: kind.notices(scene, task, answers),
        )

    def _dialog(self, scene: Scene) -> Dialog:
        return Dialog.from_state(_current(scene).dialog)

    def _form(self, scene: Scene, task: Task, answers: Mapping[str, Any]) -> Form:
        return self._tasks[task.kind].form(scene, task, answers)

    # The handbooks, and the outcome.

    def _discussed(self, scene: Scene) -> Outcome:
        waiting = scene.turn.conversation.owner is Owner.WAITING
        outcome = self.assistant.discuss(scene.text, scene.session.context, waiting=waiting)
        context = type(scene.session.context).from_state(outcome.state or {}, products=scene.products)
        session = replace(scene.session, context=context, offered=offers.offered(scene, outcome))
        return offers.offering(replace(outcome, state=session.to_state()), session)


def _current(scene: Scene) -> Task:
    task = scene.session.task
    if task is None:
        raise LookupError("no task is under way")
    return task


def _typed(turn: Turn, text: str) -> Turn:
    return replace(turn, inbound=replace(turn.inbound, kind=Kind.TEXT, text=text))
