"""Asks which doses were given, and when, after 已接种: by their numbers in a list of what was due, or by name."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from bot.forms import Form, Question
from bot.slots.choices import order_in
from bot.slots.said import Said as Words
from care.child import Child
from care.vaccination.rows import Row
from care.vaccination.rule_files import load
from care.vaccination.told import ToldDose, hear
from care.vaccination.told_days import Moment
from handlers.child_scene import child_of
from handlers.child_words import due_rows, tell
from handlers.dose_telling import GIVES_WAY_TO, MAY_ANSWER, Telling, gone_on, listed_rows
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks import Answers, TaskKind

_REPLY = "reply"
_ALL = re.compile(r"都打|全打|全部|都接种|全都|都是|^都|这些都")
_NOTHING = re.compile(r"没打|还没|不记得|不清楚|不知道|记不")
_ORDER = re.compile(r"^\s*(?:第\s*)?\d{1,2}\s*(?:个|项)?\s*(?:[,，、]|$)")
_MOST_TRIES = 2


def _form(scene: Scene, task: Task, answers: Answers) -> Form:
    child = child_of(scene, task.about["child"])
    asked = Question(
        slot=_REPLY,
        kind="text",
        ask=_ask(scene, task, child),
        short=tell("title_doses"),
        optional=True,
        longest=600,
        pattern=MAY_ANSWER,
    )
    return Form(id="child_given", version=1, title=tell("title_doses"), questions=(asked,))


def _ask(scene: Scene, task: Task, child: Child | None) -> str:
    again = tell("ask_again") if task.about.get("tries") else ""
    rows = due_rows(child, scene.today) if child else []
    if child is None or not rows:
        return again + tell("ask_given_plain")
    family = load().families.get(rows[0].vaccine)
    example = (family.name if family else rows[0].vaccine).removesuffix("疫苗")
    return again + tell("ask_given", name=child.name, lines=listed_rows(rows), example=example)


def _done(scene: Scene, task: Task, answers: Answers, labels: Mapping[str, str]) -> Said:
    child, reply = child_of(scene, task.about["child"]), answers.get(_REPLY)
    if child is None or reply is None or _NOTHING.search(str(reply)):
        return Said(text=tell("nothing_recorded") + tell("later_certificate"), session=scene.session)
    doses = given_in(str(reply), child, scene.today, day=task.about.get("day"))
    if doses:
        return gone_on(scene, Telling(child=child, doses=tuple(doses)))
    tries = int(task.about.get("tries", 0)) + 1
    if tries > _MOST_TRIES:
        return Said(text=tell("nothing_recorded") + tell("later_certificate"), session=scene.session)
    again = Task(kind="child_given", about={**task.about, "tries": tries})
    return Said(text="", session=scene.session.begin(again))


def given_in(text: str, child: Child, today: date, *, day: str | None = None) -> list[ToldDose]:
    """Return the doses that an answer tells: by name, or by numbers in the list of what is due. `day`: told before."""
    told = hear(text, birth=child.birth, today=today)
    earlier = Moment(place=(0, 0), words="", on=date.fromisoformat(day)) if day else None
    if told.doses:
        return [at_moment(one, earlier) if one.on is None else one for one in told.doses]
    rows = due_rows(child, today)
    moment = next((one for one in told.loose if one.on), earlier)
    if moment is None and not (_ALL.search(text) or _numbered(text, rows)):
        return []
    if not _numbered(text, rows) and _ORDER.search(Words.of(text).plain):
        return []
    chosen = _numbered(text, rows) or (rows if _ALL.search(text) or len(rows) == 1 else [])
    return [at_moment(dose_of(row), moment) for row in chosen]


def dose_of(row: Row) -> ToldDose:
    """Return a dose of the forecast as if it had been told, without its day."""
    product = row.product if row.product in load().products else row.vaccine
    family = load().families.get(row.vaccine)
    return ToldDose(name=family.name if family else row.vaccine, products=(str(product),))


def _numbered(text: str, rows: list[Row]) -> list[Row]:
    parts = [part for part in re.split(r"[,，、和跟 ;；]+", Words.of(text).plain) if part]
    places = [order_in(part, len(rows)) for part in parts]
    return [rows[place] for place in dict.fromkeys(places) if place is not None]


def at_moment(dose: ToldDose, moment: Moment | None) -> ToldDose:
    """Return a dose with the day of a moment; as it is without one."""
    if moment is None:
        return dose
    return replace(dose, on=moment.on, is_about=moment.is_about, is_open=moment.is_open, words=moment.words)


TASK = TaskKind(form=_form, done=_done, left="child_doses_left", gives_way_to=GIVES_WAY_TO)
