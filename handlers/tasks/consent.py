"""Asks whether personal data may be used, before anything personal is asked; and again when the text has changed."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection

from bot.forms import Form
from bot.messages import Committing
from bot.slots.yes_no import YES
from care import consents
from care.consents import ConsentKind
from handlers import form_files
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    return form_files.form("consent")


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    if answers["agree"] != YES:
        session = replace(scene.session, wanted=None)
        return Said(text=say("consent_refused"), session=session, reasons=("consent refused",))
    kind = ConsentKind.PERSONAL
    version = scene.house.customers.versions[kind]

    def give(connection: Connection, turn: Committing) -> None:
        consents.give(connection, contact_id=turn.contact_id, kind=kind, version=version, now=turn.now)

    is_verified = bool(scene.customer.policies) and scene.session.wanted is not None
    following = scene.session if is_verified else scene.session.begin(Task(kind="verify", about=task.about))
    customer = scene.customer.agreeing(kind)
    return Said(text="", session=following, effects=(give,), reasons=("consent given",), customer=customer)


TASK = TaskKind(form=_form, done=_done, left="consent_refused")
