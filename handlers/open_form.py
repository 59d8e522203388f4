"""The form under way in a conversation, for who works on it from outside: what is filled, filling, going on with it.

It reads and decides; who calls it stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.clock import in_china
from bot.dialog import wording
from bot.dialog.engine import Engine
from bot.dialog.plan import Item, items
from bot.dialog.state import Dialog, Phase
from bot.errors import UserFault
from bot.messages import Conversation
from bot.slots import kinds
from bot.slots.reading import Found, Problem, Scope, Several
from bot.slots.said import Said
from handlers.desk import Desk
from handlers.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Field:
    """One question of the form. `value` is what people read, persons' numbers masked; None: not answered yet."""

    slot: str
    short: str
    ask: str
    kind: str
    value: str | None
    choices: tuple[str, ...]
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class OpenForm:
    """The form under way. `step` is the slot whose answer is awaited; None while the summary waits for its yes."""

    kind: str
    title: str
    fields: tuple[Field, ...]
    step: str | None


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """How the bot goes on: its question, and the conversation's state from then on. Empty without a form."""

    question: str
    state: Mapping[str, Any]


class OpenForms:
    """Reads and changes the forms under way, by the desk's own engine."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, conversation: Conversation, *, now: datetime) -> OpenForm | None:
        """Return the form under way, or None."""
        scene, engine = self._found(conversation, now)
        if engine is None or scene.session.task is None:
            return None
        dialog = engine.current(_dialog(scene))
        shown = {item.key: item for item in _asked(engine, dialog)}
        values = engine.shown_by_key(dialog, now=now)
        open_key = dialog.asked if dialog.phase is Phase.ASKING else None
        fields = tuple(_field(item, values.get(key), is_open=key == open_key) for key, item in shown.items())
        return OpenForm(kind=scene.session.task.kind, title=engine.form.title, fields=fields, step=open_key)

    def filled(self, conversation: Conversation, slot: str, text: str, *, now: datetime) -> Mapping[str, Any]:
        """Return the conversation's state with an answer more, read as the person's own words would be.

        Raises UserFault, in Chinese, when there is no such question or the words do not answer it.
        """
        scene, engine = self._found(conversation, now)
        if engine is None:
            raise UserFault("这个会话里没有正在填的表")
        dialog = engine.current(_dialog(scene))
        found = self._read(engine, dialog, slot, text, now)
        step = engine.put(dialog, slot, found.value, now=now, label=found.label)
        return {**conversation.state, **scene.session.go_on(step.dialog.to_state()).to_state()}

    def resumed(self, conversation: Conversation, *, now: datetime, step: str | None = None) -> Resumed:
        """Return how the bot goes on, at `step` (a slot) or at the question that is open. Raises UserFault."""
        scene, engine = self._found(conversation, now)
        if engine is None:
            if step is not None:
                raise UserFault("这个会话里没有正在填的表，不能从某一步继续")
            return Resumed(question="", state=conversation.state)
        dialog = replace(engine.current(_dialog(scene)), touched_at=now, is_paused=False, tries=0)
        if step is not None:
            self._item(engine, dialog, step)
            dialog = replace(dialog, phase=Phase.ASKING, before=Phase.ASKING, asked=step, picks=())
        elif dialog.phase not in (Phase.ASKING, Phase.CONFIRMING):
            dialog = replace(dialog, phase=dialog.before, picks=())
        again = engine.repeat(dialog, now=now, briefly=False)
        state = scene.session.go_on(again.dialog.to_state()).to_state()
        return Resumed(question=again.say, state={**conversation.state, **state})

    def paused(self, conversation: Conversation, *, now: datetime) -> Mapping[str, Any]:
        """Return the state in which the form waits without being asked for, until the person wants to go on."""
        scene, engine = self._found(conversation, now)
        if engine is None:
            return conversation.state
        dialog = replace(engine.current(_dialog(scene)), is_paused=True, touched_at=now)
        return {**conversation.state, **scene.session.go_on(dialog.to_state()).to_state()}

    def _found(self, conversation: Conversation, now: datetime) -> tuple[Scene, Engine | None]:
        scene = self._desk.scene_of(conversation, now=now)
        return scene, self._desk.engine_of(scene)

    def _item(self, engine: Engine, dialog: Dialog, slot: str) -> Item:
        item = next((one for one in _asked(engine, dialog) if one.key == slot), None)
        if item is None:
            raise UserFault(f"表里没有“{slot}”这一项")
        return item

    def _read(self, engine: Engine, dialog: Dialog, slot: str, text: str, now: datetime) -> Found:
        item = self._item(engine, dialog, slot)
        if item.question.binding:
            raise UserFault(f"“{item.short}”要由本人答复，不能代填")
        scope = Scope(today=in_china(now).date(), choosers=engine.choosers)
        reading = kinds.read(item.question, Said.of(text.strip()), scope)
        if isinstance(reading, Found):
            return reading
        if isinstance(reading, Several):
            named = "、".join(option.label for option in reading.options)
            raise UserFault(f"“{item.short}”不止一种可能：{named}。请写全")
        if isinstance(reading, Problem):
            raise UserFault(f"“{item.short}”没有填上：{wording.wording().say(reading.sentence, **reading.gaps)}")
        raise UserFault(f"“{item.short}”没有填上：看不出是哪个答案")


def _asked(engine: Engine, dialog: Dialog) -> list[Item]:
    return [item for item in items(engine.form, dialog.answers) if not item.is_more]


def _dialog(scene: Scene) -> Dialog:
    task = scene.session.task
    if task is None:
        raise LookupError("no task is under way")
    return Dialog.from_state(task.dialog)


def _field(item: Item, value: str | None, *, is_open: bool) -> Field:
    question = item.question
    return Field(
        slot=item.key,
        short=item.short,
        ask=question.ask,
        kind=question.kind,
        value=value,
        choices=tuple(choice.label for choice in question.choices),
        is_open=is_open,
    )
