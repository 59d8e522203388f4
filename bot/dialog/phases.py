"""Takes a message by the phase of its dialog: an answer, a yes to the summary, a yes to leaving, a pick, files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.dialog import commands, endings, questions, steering
from bot.dialog.commands import Command
from bot.dialog.correcting import Corrector
from bot.dialog.filling import Filled, is_small, left_over
from bot.dialog.plan import Item
from bot.dialog.state import Dialog, Phase, Pick
from bot.dialog.steps import Kind, Step
from bot.dialog.talk import Talk
from bot.slots import choices, dates, kinds, yes_no
from bot.slots.reading import Found, Problem
from bot.slots.said import TAKEN, Said

# So many characters beside a value, after a long silence, and the sentence is about something else.
_MOST_LEFT = 8
# 没有想去的 says no to an optional question; a longer sentence says more.
_SHORT = 12

_THANKS = re.compile(r"(?:非常|太|多|那就?|先)?(?:谢谢|感谢|麻烦|辛苦)(?:您|你)?们?(?:了|啦|哈|啊)*")


def taken(talk: Talk) -> Step:
    """Take a message that has no files."""
    match talk.dialog.phase:
        case Phase.LEAVING | Phase.RESTARTING:
            return _leaving(talk)
        case Phase.PICKING:
            return _picking(talk)
        case Phase.CONFIRMING:
            return _confirming(talk)
        case Phase.ASKING:
            return _asking(talk)


def _asking(talk: Talk) -> Step:
    dialog, plain = talk.dialog, talk.words
    item = talk.filler.item(dialog, dialog.asked) or talk.unanswered(dialog)
    if item is None:
        return endings.again(talk, dialog)
    talk = replace(talk, dialog=replace(dialog, asked=item.key))
    if not talk.said:
        return endings.missed(talk, item)
    if item.question.kind == "files" and endings.ends_files(talk, item):
        return endings.onward(talk, talk.filler.filled(talk.dialog, talk.said))
    command = None if _is_the_answer(talk, item) else commands.read(plain)
    if _keeps(talk, item):
        command = Command.KEEP
    if command is not None:
        return steering.commanded(talk, command, item)
    return _answered(talk, item)


def _keeps(talk: Talk, item: Item) -> bool:
    # 确认 to a question that is asked again: its answer is right as it was.
    plain = talk.words
    if item.key not in talk.dialog.answers or item.question.kind in ("yes_no", "choice", "choices"):
        return False
    return commands.is_explicit_yes(plain) or _is_yes(plain)


def _is_the_answer(talk: Talk, item: Item) -> bool:
    # 算了 to "do you want …?" is a no; 以后再说 may be the name of a choice.
    words = talk.said.plain.strip(" ,，。.!！\n")
    if item.question.kind in ("choice", "choices"):
        return choices.is_name(words, item.question.choices)
    if kinds.says_so(item.question, words):
        return True
    return item.question.kind == "yes_no" and commands.read(words) is Command.CANCEL and yes_no.is_bare(words)


def _names_choice(talk: Talk, item: Item) -> bool:
    # 金额不对，在儿科医院: the first clause is the name of a choice, not a complaint about 金额.
    first = next(iter(talk.said.clauses()), (0, 0))
    return bool(item.question.choices) and choices.is_name(
        talk.said.plain[slice(*first)].strip(), item.question.choices
    )


def _answered(talk: Talk, item: Item) -> Step:
    filler, begun = talk.filler, talk.filler.filled(talk.dialog, talk.said)
    plain = talk.said.plain
    is_name = _is_the_answer(talk, item)
    filled = begun if is_name or _names_choice(talk, item) else Corrector(filler=filler).correct(begun, item)
    corrected = filled is not begun
    asks = questions.looks_like_question(plain) and not is_name
    wants_else = asks or questions.looks_like_request(plain) or talk.is_stale
    invited = questions.invites_questions(item.question) and not talk.is_stale
    loosely = talk.insist or invited or not wants_else
    if item.key not in filled.taken and not (corrected and is_small(filled.rest)) and not filled.asks_which:
        filled = _or_open(talk, item, filler.answer(filled, item, is_loose=loosely), filled)
    if asks and not corrected and not talk.insist and item.question.kind != "text" and not is_small(filled.rest):
        return endings.not_taken(talk, Kind.IS_QUESTION, item)
    if _has_effect(filled) and not _is_aside(talk, filled, corrected=corrected):
        is_skipped = item.question.optional and filled.dialog.asked == item.key and _leaves_rest_open(filled, item)
        return steering.skipped(talk, item, filled) if is_skipped else endings.onward(talk, filled)
    if _leaves_open(talk, item):
        return steering.skipped(talk, item)
    if asks:
        return endings.not_taken(talk, Kind.IS_QUESTION, item)
    if talk.is_stale and not talk.insist:
        return endings.welcome(talk, item)
    return endings.missed(talk, item)


def _is_aside(talk: Talk, filled: Filled, *, corrected: bool) -> bool:
    # After a long silence a sentence that happens to hold a value is rather about something else.
    return talk.is_stale and not talk.insist and not corrected and left_over(filled.rest) > _MOST_LEFT


def _leaves_open(talk: Talk, item: Item) -> bool:
    if not item.question.optional:
        return False
    plain = talk.words
    if commands.leaves_open(plain):
        return True
    if item.question.kind in ("choice", "choices"):
        return choices.says_none(plain)
    is_told = item.question.kind in ("text", "name", "yes_no")
    return not is_told and len(plain) <= _SHORT and (yes_no.is_unsure(plain) or yes_no.read(plain) == yes_no.NO)


def _leaves_rest_open(filled: Filled, item: Item) -> bool:
    # 跳过，电话是13800138000
    if item.key in filled.taken or filled.trouble or filled.picks or filled.reopened:
        return False
    parts = [filled.rest.part(span) for span in filled.rest.clauses()]
    return any(commands.leaves_open(part.plain) for part in parts if TAKEN not in part.plain)


def _or_open(talk: Talk, item: Item, filled: Filled, before: Filled) -> Filled:
    # An optional question may stay open: 还没定 to "which day?" is no problem there.
    if not _leaves_open(talk, item):
        return filled
    is_text = item.question.kind == "text" and not questions.invites(item.question, talk.said.plain)
    return before if is_text or item.key not in filled.taken else filled


def _has_effect(filled: Filled) -> bool:
    return bool(filled.taken or filled.trouble or filled.picks or filled.reopened or filled.asks_which)


def _confirming(talk: Talk) -> Step:
    dialog, plain = talk.dialog, talk.words
    if talk.is_long_ago:
        return endings.again(talk, dialog, first=talk.speech.say("back_again", title=talk.form.title))
    filler = talk.filler
    if _confirms(talk):
        return _completed(talk)
    if talk.is_stale and yes_no.read(plain) == yes_no.YES and yes_no.is_bare(plain):
        return endings.again(talk, dialog, first=talk.speech.say("confirm_again"))
    numbered = filler.numbered(dialog)
    place = choices.order_in(plain, len(numbered))
    if place is not None:
        return endings.reopened(talk, numbered[place].key)
    command = commands.read(plain)
    if command is not None and command is not Command.SKIP:
        return steering.commanded(talk, command, None)
    begun = filler.filled(dialog, talk.said)
    filled = Corrector(filler=filler).correct(begun, None)
    if not _has_effect(filled) and not questions.looks_like_question(plain):
        filled = Corrector(filler=filler).stated(filled)
    if filled.asks_which or (not _has_effect(filled) and yes_no.is_bare(plain)):
        return endings.what_to_change(talk)
    if _has_effect(filled):
        return endings.onward(talk, filled)
    if questions.looks_like_question(plain):
        return endings.not_taken(talk, Kind.IS_QUESTION, None)
    return endings.missed(talk, None)


def _confirms(talk: Talk) -> bool:
    plain = talk.words
    if commands.is_explicit_yes(plain):
        return True
    # 没问题，提交吧
    said = [talk.said.plain[slice(*span)].strip() for span in talk.said.clauses()]
    clauses = [clause for clause in said if not _THANKS.fullmatch(clause)]
    explicit = [commands.is_explicit_yes(clause) for clause in clauses]
    if any(explicit) and all(one or _is_yes(clause) for one, clause in zip(explicit, clauses, strict=True)):
        return True
    return not talk.is_stale and _is_yes(plain)


def _is_yes(text: str) -> bool:
    return yes_no.is_bare(text) and yes_no.read(text) == yes_no.YES


def _completed(talk: Talk) -> Step:
    for item in talk.filler.plan(talk.dialog):
        answer = talk.dialog.answers.get(item.key)
        if answer is None and item.key in talk.dialog.skipped and item.question.optional:
            continue
        if answer is None or not kinds.is_valid(item.question, answer, today=talk.speech.today):
            # A day that was to come when it was answered may have passed since.
            return endings.reopened(talk, item.key, problem=_outdated(talk, item, answer))
    return Step(kind=Kind.COMPLETED, dialog=talk.dialog)


def _outdated(talk: Talk, item: Item, answer: Any) -> Problem:
    if item.question.kind == "date" and isinstance(answer, str):
        bounds = kinds.bounds_of(item.question, talk.speech.today)
        return dates.out_of_bounds(date.fromisoformat(answer), bounds)
    return Problem(sentence="outdated", span=(0, 0))


def _leaving(talk: Talk) -> Step:
    dialog, plain = talk.dialog, talk.words
    back = replace(dialog, phase=dialog.before)
    command, meaning = commands.read(plain), yes_no.read(plain)
    wanted = Command.CANCEL if dialog.phase is Phase.LEAVING else Command.RESTART
    if command is wanted or commands.is_explicit_yes(plain) or (yes_no.is_bare(plain) and meaning == yes_no.YES):
        return _left(talk)
    if command in (Command.RESUME, Command.KEEP) or (command is None and meaning == yes_no.NO):
        return endings.again(talk, back, first=talk.speech.say("kept_on"))
    step = taken(replace(talk, dialog=back))
    if step.is_swallowed or step.kind is Kind.IS_QUESTION:
        return step
    return replace(endings.again(talk, dialog), kind=Kind.NOT_UNDERSTOOD)


def _left(talk: Talk) -> Step:
    dialog = talk.dialog
    if dialog.phase is Phase.LEAVING:
        return Step(kind=Kind.CANCELLED, dialog=dialog, say=talk.speech.say("cancelled", title=talk.form.title))
    kept = {key: value for key, value in dialog.answers.items() if key in dialog.given}
    fresh = Dialog(
        form=dialog.form,
        version=dialog.version,
        began_at=dialog.began_at,
        touched_at=talk.now,
        answers=kept,
        labels={key: label for key, label in dialog.labels.items() if key in kept},
        given=dialog.given,
    )
    talk = replace(talk, dialog=fresh, said=Said.of(""))
    return endings.onward(talk, talk.filler.filled(fresh, talk.said), first=talk.speech.say("anew_done"))


def _picking(talk: Talk) -> Step:
    dialog, plain = talk.dialog, talk.words
    pick = _picked(talk)
    before = replace(dialog, phase=Phase.ASKING if dialog.before is not Phase.CONFIRMING else dialog.before, picks=())
    if pick is not None and pick.value is None:
        return endings.reopened(replace(talk, dialog=before), pick.key)
    item = talk.filler.item(dialog, pick.key) if pick is not None else None
    if pick is not None and item is not None:
        filled = talk.filler.filled(before, Said.of(""))
        label = pick.label if item.question.kind in ("hospital", "drug") else None
        return endings.onward(talk, talk.filler.put(filled, item, Found(value=pick.value, label=label, span=(0, 0))))
    is_no = (yes_no.is_bare(plain) and yes_no.read(plain) == yes_no.NO) or choices.says_none(plain)
    if is_no and dialog.picks[0].value is not None:
        return endings.again(talk, before, first=talk.speech.say("ask_anew"))
    if is_no:
        return endings.again(talk, before, first=talk.speech.say("kept_on"))
    step = taken(replace(talk, dialog=before))
    if step.is_swallowed or step.kind is Kind.IS_QUESTION:
        return step if step.is_swallowed else replace(step, dialog=dialog)
    return endings.counted(talk, dialog, Kind.NOT_UNDERSTOOD)


def _picked(talk: Talk) -> Pick | None:
    dialog, plain = talk.dialog, talk.said.plain.strip(" ,，。.!！\n")
    place = choices.order_in(plain, len(dialog.picks))
    if place is not None:
        return dialog.picks[place]
    if len(dialog.picks) == 1 and (commands.is_explicit_yes(plain) or yes_no.read(plain) == yes_no.YES):
        return dialog.picks[0]
    named = [pick for pick in dialog.picks if Said.of(pick.label).plain == plain]
    if len(named) != 1:
        named = [pick for pick in dialog.picks if len(plain) > 1 and plain in Said.of(pick.label).plain]
    return named[0] if len(named) == 1 else None


def with_files(talk: Talk, files: Sequence[str]) -> Step:
    """Take files, and what was written with them, for the open question or the only one that wants files."""
    plan = talk.filler.plan(talk.dialog)
    wanted = [item for item in plan if item.question.kind == "files"]
    item = next((one for one in wanted if one.key == talk.dialog.asked), wanted[0] if len(wanted) == 1 else None)
    if item is None:
        return taken(talk) if talk.said else endings.not_taken(talk, Kind.NOT_UNDERSTOOD, None)
    had = list(talk.dialog.answers.get(item.key, []))
    all_of = [*had, *(one for one in files if one not in had)]
    begun = talk.filler.filled(talk.dialog, talk.said)
    filled = talk.filler.put(begun, item, Found(value=all_of[: kinds.MOST_FILES], span=(0, 0)))
    if talk.said:
        filled = talk.filler.harvest(filled, item.key)
    if item.key != talk.dialog.asked or talk.dialog.phase is not Phase.ASKING:
        return endings.onward(talk, replace(filled, echoed=(*filled.echoed, item.key)))
    name = "files_so_far" if len(all_of) < kinds.MOST_FILES else "files_many"
    say = talk.speech.say(name, count=str(min(len(all_of), kinds.MOST_FILES)))
    dialog = replace(filled.dialog, tries=0)
    return Step(kind=Kind.ASKED, dialog=dialog, say=say, taken=filled.taken)
