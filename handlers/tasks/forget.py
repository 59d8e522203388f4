"""Deletes what is stored of a person, once they are sure; says what the law keeps."""

from collections.abc import Mapping

from sqlalchemy import Connection

from bot.forms import Form
from bot.messages import Committing
from bot.slots.yes_no import YES
from care import joins
from care.forgetting import forget_person
from handlers import form_files
from handlers.scene import Said, Scene
from handlers.session import Session, Task
from handlers.tasks import Answers, TaskKind
from handlers.wording import say
from intents.match import Context


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    with scene.house.customers.store.reading() as connection:
        is_joined = bool(joins.others_of(connection, scene.turn.conversation.contact_id))
    return form_files.confirming(say("forget_sure_everywhere" if is_joined else "forget_sure"))


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    if answers["sure"] != YES:
        return Said(text=say("kept"), session=scene.session)
    keys = scene.house.customers.store.keys

    def forget(connection: Connection, turn: Committing) -> None:
        forget_person(connection, keys, contact_id=turn.contact_id, now=turn.now)

    fresh = Session(context=Context(products=scene.products))
    return Said(text=say("forgotten"), session=fresh, effects=(forget,))


TASK = TaskKind(form=_form, done=_done)
