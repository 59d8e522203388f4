"""Follows commands: back, skip, pause, cancel, anew, and what has been given so far."""

from dataclasses import replace

from bot.dialog import endings
from bot.dialog.commands import Command
from bot.dialog.filling import Filled
from bot.dialog.plan import Item
from bot.dialog.state import Phase
from bot.dialog.steps import Kind, Step
from bot.dialog.talk import Talk
from bot.slots.said import Said


def commanded(talk: Talk, command: Command, item: Item | None) -> Step:
    """Follow a command; `item` is the open question."""
    dialog, speech = talk.dialog, talk.speech
    match command:
        case Command.CANCEL:
            return _asks_to_leave(talk, Phase.LEAVING, speech.say("leave", title=talk.form.title))
        case Command.RESTART:
            count = str(len(talk.filler.numbered(dialog)))
            return _asks_to_leave(talk, Phase.RESTARTING, speech.say("anew", count=count))
        case Command.PAUSE:
            paused = replace(dialog, is_paused=True)
            return Step(kind=Kind.PAUSED, dialog=paused, say=speech.say("paused", title=talk.form.title))
        case Command.REVIEW:
            return endings.again(talk, dialog, first=_review(talk))
        case Command.BACK:
            return _back(talk)
        case Command.KEEP | Command.SKIP if item is not None:
            return skipped(talk, item)
        case _:
            return endings.again(talk, dialog)


def _review(talk: Talk) -> str:
    numbered = talk.filler.numbered(talk.dialog)
    if not numbered:
        return talk.speech.say("review_empty")
    return talk.speech.say("review", lines=talk.speech.lines(numbered, talk.dialog))


def _asks_to_leave(talk: Talk, phase: Phase, say: str) -> Step:
    before = talk.dialog.phase if talk.dialog.phase in (Phase.ASKING, Phase.CONFIRMING) else talk.dialog.before
    return Step(kind=Kind.LEAVING, dialog=replace(talk.dialog, phase=phase, before=before), say=say)


def skipped(talk: Talk, item: Item, beside: Filled | None = None) -> Step:
    """Leave an optional question open, or an answered one as it was. `beside`: what else the message held."""
    begun = beside or talk.filler.filled(talk.dialog, Said.of(""))
    dialog = begun.dialog
    if item.key in dialog.answers:
        say = talk.speech.say("unchanged", short=item.short)
        return endings.onward(talk, begun, first=say, done=item.key)
    if not item.question.optional:
        return endings.counted(talk, dialog, Kind.REFUSED, first=talk.speech.say("not_optional"))
    after = replace(
        dialog,
        skipped=(*(key for key in dialog.skipped if key != item.key), item.key),
        trail=dialog.trail if item.key in dialog.trail else (*dialog.trail, item.key),
    )
    return endings.onward(talk, replace(begun, dialog=after), first=talk.speech.say("skipped"), done=item.key)


def _back(talk: Talk) -> Step:
    dialog = talk.dialog
    asked = {item.key for item in talk.filler.plan(dialog)}
    trail = [key for key in dialog.trail if key in asked]
    at = trail.index(dialog.asked) if dialog.asked in trail else len(trail)
    if at == 0:
        return endings.again(talk, dialog, first=talk.speech.say("first_already"))
    return endings.reopened(talk, trail[at - 1])
