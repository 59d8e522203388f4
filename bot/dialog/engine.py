"""Runs a form: begins a dialog, takes one message at a time, says what comes next. Pure: now is an argument.

It is long because the phases belong together: each method takes one phase's message, and all share how a step ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from bot.clock import in_china
from bot.dialog import commands, questions
from bot.dialog.commands import Command
from bot.dialog.correcting import Corrector
from bot.dialog.filling import Filled, Filler, is_small, left_over
from bot.dialog.plan import Item, collected
from bot.dialog.speech import Speech
from bot.dialog.state import Dialog, Phase, Pick
from bot.dialog.steps import Kind, Step
from bot.dialog.versions import carried_over
from bot.dialog.wording import Wording, wording
from bot.forms import Form
from bot.slots import choices, dates, kinds, yes_no
from bot.slots.reading import Chooser, Found, Problem, Scope
from bot.slots.said import Said

STALE = timedelta(minutes=30)
LONG_AGO = timedelta(hours=24)
EXPIRES = timedelta(days=7)
MOST_TRIES = 3
_MOST_LEFT = 8

# What must be said before a yes (cancelling, costs), for the answers given.
Notices = Callable[[Mapping[str, Any]], Sequence[str]]


def _no_notices(answers: Mapping[str, Any]) -> Sequence[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class _Talk:
    """One message being worked on."""

    dialog: Dialog
    said: Said
    now: datetime
    filler: Filler
    speech: Speech
    insist: bool = False
    is_stale: bool = False
    is_long_ago: bool = False


@dataclass(frozen=True)
class Engine:
    """Runs the dialogs of one form. `choosers` know hospitals ("hospital") and drugs ("drug")."""

    form: Form
    choosers: Mapping[str, Chooser] = field(default_factory=dict)
    notices: Notices = _no_notices
    texts: Wording = field(default_factory=wording)

    # For the handler

    def begin(self, prefill: Mapping[str, Any] | None = None, *, now: datetime, text: str = "") -> Step:
        """Start a dialog with what is known (slot → value; what is not valid is asked), and with what surely answers
        questions in `text`, the message that asked for the form. Returns the first question, or the summary."""
        today = in_china(now).date()
        known = {
            slot: value
            for slot, value in (prefill or {}).items()
            if (question := self.form.question(slot)) and kinds.is_valid(question, value, today=today)
        }
        dialog = Dialog(
            form=self.form.id,
            version=self.form.version,
            began_at=now,
            touched_at=now,
            answers=known,
            given=tuple(known),
        )
        talk = self._talk(dialog, text, now)
        filled = talk.filler.harvest(talk.filler.filled(dialog, talk.said), None)
        return self._onward(talk, filled)

    def take(
        self, dialog: Dialog, text: str, *, now: datetime, files: Sequence[str] = (), insist: bool = False
    ) -> Step:
        """Take one message: `text`, and `files` by their references. With `insist` free words are taken as the answer
        even if they look like a question or come after a long silence: the handler found nothing else in them."""
        dialog = self.current(dialog)
        quiet = now - dialog.touched_at
        talk = self._talk(dialog, text, now)
        if quiet >= EXPIRES:
            return Step(kind=Kind.EXPIRED, dialog=dialog, say=talk.speech.say("expired", title=self.form.title))
        stale = quiet >= STALE or dialog.is_paused
        talk = replace(
            talk,
            dialog=replace(dialog, touched_at=now, is_paused=False),
            insist=insist,
            is_stale=stale,
            is_long_ago=quiet >= LONG_AGO,
        )
        step = self._with_files(talk, files) if files else self._taken(talk)
        if talk.is_long_ago and step.kind in (Kind.ASKED, Kind.UNDERSTOOD_PARTLY):
            step = replace(step, say=f"{talk.speech.say('back_again', title=self.form.title)}\n{step.say}")
        return step

    def repeat(self, dialog: Dialog, *, now: datetime) -> Step:
        """Say again what is open: the question, the summary, or what was offered."""
        talk = self._talk(self.current(dialog), "", now)
        return self._again(talk, talk.dialog)

    def put(self, dialog: Dialog, slot: str, value: Any, *, now: datetime, label: str | None = None) -> Step:
        """Set an answer on the handler's own knowledge (another person, a drug looked up), and go on."""
        talk = self._talk(self.current(dialog), "", now)
        item = talk.filler.item(talk.dialog, slot)
        if item is None or not kinds.is_valid(item.question, value, today=talk.speech.today):
            raise ValueError(f"{slot}: not asked by this form, or the value does not answer it")
        filled = talk.filler.filled(talk.dialog, talk.said)
        return self._onward(talk, talk.filler.put(filled, item, Found(value=value, label=label, span=(0, 0))))

    def current(self, dialog: Dialog) -> Dialog:
        """Return the dialog under this version of the form: answers that still hold are kept, nothing is lost.

        Raises ValueError for a dialog of another form.
        """
        if dialog.form != self.form.id:
            raise ValueError(f"a dialog of the form {dialog.form} cannot go on in {self.form.id}")
        return dialog if dialog.version == self.form.version else carried_over(dialog, self.form)

    def answers(self, dialog: Dialog) -> dict[str, Any]:
        """Return the answers that count: slot → value; a repeat group as group → list of rows."""
        return collected(self.form, self.current(dialog).answers)

    def shown(self, dialog: Dialog, *, now: datetime, masked: bool = True) -> list[tuple[str, str]]:
        """Return (name, answer) as people read them, in the order of the form."""
        talk = self._talk(self.current(dialog), "", now)
        return [
            (item.short, talk.speech.value(item, talk.dialog, masked=masked))
            for item in talk.filler.numbered(talk.dialog)
        ]

    # By phase

    def _taken(self, talk: _Talk) -> Step:
        match talk.dialog.phase:
            case Phase.LEAVING | Phase.RESTARTING:
                return self._leaving(talk)
            case Phase.PICKING:
                return self._picking(talk)
            case Phase.CONFIRMING:
                return self._confirming(talk)
            case Phase.ASKING:
                return self._asking(talk)

    def _asking(self, talk: _Talk) -> Step:
        dialog, plain = talk.dialog, talk.said.plain.strip()
        item = talk.filler.item(dialog, dialog.asked) or self._next(talk, dialog)
        if item is None:
            return self._again(talk, dialog)
        talk = replace(talk, dialog=replace(dialog, asked=item.key))
        if not talk.said:
            return self._missed(talk, item)
        if item.question.kind == "files" and self._ends_files(talk, item):
            return self._onward(talk, talk.filler.filled(talk.dialog, talk.said))
        command = None if self._is_the_answer(talk, item) else commands.read(plain)
        if self._keeps(talk, item):
            command = Command.KEEP
        if command is not None:
            return self._commanded(talk, command, item)
        return self._answered(talk, item)

    def _keeps(self, talk: _Talk, item: Item) -> bool:
        # 确认 to a question that is asked again: its answer is right as it was.
        plain = talk.said.plain.strip()
        if item.key not in talk.dialog.answers or item.question.kind in ("yes_no", "choice", "choices"):
            return False
        return commands.is_explicit_yes(plain) or (yes_no.is_bare(plain) and yes_no.read(plain) == yes_no.YES)

    def _is_the_answer(self, talk: _Talk, item: Item) -> bool:
        # 算了 to "do you want …?" is a no; 以后再说 may be the name of a choice.
        words = talk.said.plain.strip(" ,，。.!！\n")
        if item.question.kind in ("choice", "choices"):
            return choices.is_name(words, item.question.choices)
        return item.question.kind == "yes_no" and commands.read(words) is Command.CANCEL and yes_no.is_bare(words)

    def _answered(self, talk: _Talk, item: Item) -> Step:
        filler, begun = talk.filler, talk.filler.filled(talk.dialog, talk.said)
        plain = talk.said.plain
        is_name = self._is_the_answer(talk, item)
        filled = begun if is_name else Corrector(filler=filler).correct(begun, item)
        corrected = filled is not begun
        asks = questions.looks_like_question(plain) and not is_name
        wants_else = asks or questions.looks_like_request(plain) or talk.is_stale
        invited = questions.invites_questions(item.question) and not talk.is_stale
        loosely = talk.insist or invited or not wants_else
        if item.key not in filled.taken and not (corrected and is_small(filled.rest)) and not filled.asks_which:
            filled = self._or_open(talk, item, filler.answer(filled, item, is_loose=loosely), filled)
        if asks and not corrected and not talk.insist and item.question.kind != "text" and not is_small(filled.rest):
            return self._not_taken(talk, Kind.IS_QUESTION, item)
        if self._has_effect(filled) and not self._is_aside(talk, filled, corrected=corrected):
            return self._onward(talk, filled)
        if commands.leaves_open(plain) and item.question.optional:
            return self._skipped(talk, item)
        if asks:
            return self._not_taken(talk, Kind.IS_QUESTION, item)
        if talk.is_stale and not talk.insist:
            return self._welcome(talk, item)
        return self._missed(talk, item)

    def _is_aside(self, talk: _Talk, filled: Filled, *, corrected: bool) -> bool:
        # After a long silence a sentence that happens to hold a value is rather about something else.
        return talk.is_stale and not talk.insist and not corrected and left_over(filled.rest) > _MOST_LEFT

    def _or_open(self, talk: _Talk, item: Item, filled: Filled, before: Filled) -> Filled:
        # An optional question may stay open: 还没定 to "which day?" is no problem there.
        if not item.question.optional or not commands.leaves_open(talk.said.plain):
            return filled
        is_text = item.question.kind == "text" and not questions.invites(item.question, talk.said.plain)
        return before if is_text or item.key not in filled.taken else filled

    def _has_effect(self, filled: Filled) -> bool:
        return bool(filled.taken or filled.trouble or filled.picks or filled.reopened or filled.asks_which)

    def _confirming(self, talk: _Talk) -> Step:
        dialog, plain = talk.dialog, talk.said.plain.strip()
        if talk.is_long_ago:
            return self._again(talk, dialog, first=talk.speech.say("back_again", title=self.form.title))
        filler = talk.filler
        if self._confirms(talk):
            return self._completed(talk)
        if talk.is_stale and yes_no.read(plain) == yes_no.YES and yes_no.is_bare(plain):
            return self._again(talk, dialog, first=talk.speech.say("confirm_again"))
        numbered = filler.numbered(dialog)
        place = choices.order_in(plain, len(numbered))
        if place is not None:
            return self._reopened(talk, numbered[place].key)
        command = commands.read(plain)
        if command is not None and command is not Command.SKIP:
            return self._commanded(talk, command, None)
        begun = filler.filled(dialog, talk.said)
        filled = Corrector(filler=filler).correct(begun, None)
        if not self._has_effect(filled) and not questions.looks_like_question(plain):
            filled = Corrector(filler=filler).stated(filled)
        if filled.asks_which or (not self._has_effect(filled) and yes_no.is_bare(plain)):
            return self._what_to_change(talk)
        if self._has_effect(filled):
            return self._onward(talk, filled)
        if questions.looks_like_question(plain):
            return self._not_taken(talk, Kind.IS_QUESTION, None)
        return self._missed(talk, None)

    def _confirms(self, talk: _Talk) -> bool:
        plain = talk.said.plain.strip()
        if commands.is_explicit_yes(plain):
            return True
        return not talk.is_stale and yes_no.is_bare(plain) and yes_no.read(plain) == yes_no.YES

    def _completed(self, talk: _Talk) -> Step:
        for item in talk.filler.plan(talk.dialog):
            answer = talk.dialog.answers.get(item.key)
            if answer is None and item.key in talk.dialog.skipped and item.question.optional:
                continue
            if answer is None or not kinds.is_valid(item.question, answer, today=talk.speech.today):
                # A day that was to come when it was answered may have passed since.
                return self._reopened(talk, item.key, problem=self._outdated(talk, item, answer))
        return Step(kind=Kind.COMPLETED, dialog=talk.dialog)

    def _outdated(self, talk: _Talk, item: Item, answer: Any) -> Problem:
        if item.question.kind == "date" and isinstance(answer, str):
            bounds = kinds.bounds_of(item.question, talk.speech.today)
            return dates.out_of_bounds(date.fromisoformat(answer), bounds)
        return Problem(sentence="outdated", span=(0, 0))

    def _leaving(self, talk: _Talk) -> Step:
        dialog, plain = talk.dialog, talk.said.plain.strip()
        back = replace(dialog, phase=dialog.before)
        command, meaning = commands.read(plain), yes_no.read(plain)
        wanted = Command.CANCEL if dialog.phase is Phase.LEAVING else Command.RESTART
        if command is wanted or commands.is_explicit_yes(plain) or (yes_no.is_bare(plain) and meaning == yes_no.YES):
            return self._left(talk)
        if command in (Command.RESUME, Command.KEEP) or (command is None and meaning == yes_no.NO):
            return self._again(talk, back, first=talk.speech.say("kept_on"))
        step = self._taken(replace(talk, dialog=back))
        if step.is_swallowed or step.kind is Kind.IS_QUESTION:
            return step
        return replace(self._again(talk, dialog), kind=Kind.NOT_UNDERSTOOD)

    def _left(self, talk: _Talk) -> Step:
        dialog = talk.dialog
        if dialog.phase is Phase.LEAVING:
            return Step(kind=Kind.CANCELLED, dialog=dialog, say=talk.speech.say("cancelled", title=self.form.title))
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
        return self._onward(talk, talk.filler.filled(fresh, talk.said), first=talk.speech.say("anew_done"))

    def _picking(self, talk: _Talk) -> Step:
        dialog, plain = talk.dialog, talk.said.plain.strip()
        pick = self._picked(talk)
        before = replace(
            dialog, phase=Phase.ASKING if dialog.before is not Phase.CONFIRMING else dialog.before, picks=()
        )
        if pick is not None and pick.value is None:
            return self._reopened(replace(talk, dialog=before), pick.key)
        item = talk.filler.item(dialog, pick.key) if pick is not None else None
        if pick is not None and item is not None:
            filled = talk.filler.filled(before, Said.of(""))
            label = pick.label if item.question.kind in ("hospital", "drug") else None
            return self._onward(talk, talk.filler.put(filled, item, Found(value=pick.value, label=label, span=(0, 0))))
        is_no = (yes_no.is_bare(plain) and yes_no.read(plain) == yes_no.NO) or choices.says_none(plain)
        if is_no and dialog.picks[0].value is not None:
            return self._again(talk, before, first=talk.speech.say("ask_anew"))
        if is_no:
            return self._again(talk, before, first=talk.speech.say("kept_on"))
        step = self._taken(replace(talk, dialog=before))
        if step.is_swallowed or step.kind is Kind.IS_QUESTION:
            return step if step.is_swallowed else replace(step, dialog=dialog)
        return self._counted(talk, dialog, Kind.NOT_UNDERSTOOD)

    def _picked(self, talk: _Talk) -> Pick | None:
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

    # Commands

    def _commanded(self, talk: _Talk, command: Command, item: Item | None) -> Step:
        dialog, speech = talk.dialog, talk.speech
        match command:
            case Command.CANCEL:
                return self._asks_to_leave(talk, Phase.LEAVING, speech.say("leave", title=self.form.title))
            case Command.RESTART:
                count = str(len(talk.filler.numbered(dialog)))
                return self._asks_to_leave(talk, Phase.RESTARTING, speech.say("anew", count=count))
            case Command.PAUSE:
                paused = replace(dialog, is_paused=True)
                return Step(kind=Kind.PAUSED, dialog=paused, say=speech.say("paused", title=self.form.title))
            case Command.REVIEW:
                return self._again(talk, dialog, first=self._review(talk))
            case Command.BACK:
                return self._back(talk)
            case Command.KEEP | Command.SKIP if item is not None:
                return self._skipped(talk, item)
            case _:
                return self._again(talk, dialog)

    def _review(self, talk: _Talk) -> str:
        numbered = talk.filler.numbered(talk.dialog)
        if not numbered:
            return talk.speech.say("review_empty")
        return talk.speech.say("review", lines=talk.speech.lines(numbered, talk.dialog))

    def _asks_to_leave(self, talk: _Talk, phase: Phase, say: str) -> Step:
        before = talk.dialog.phase if talk.dialog.phase in (Phase.ASKING, Phase.CONFIRMING) else talk.dialog.before
        return Step(kind=Kind.LEAVING, dialog=replace(talk.dialog, phase=phase, before=before), say=say)

    def _skipped(self, talk: _Talk, item: Item) -> Step:
        dialog, begun = talk.dialog, talk.filler.filled(talk.dialog, Said.of(""))
        if item.key in dialog.answers:
            say = talk.speech.say("unchanged", short=item.short)
            return self._onward(talk, begun, first=say, done=item.key)
        if not item.question.optional:
            return self._counted(talk, dialog, Kind.REFUSED, first=talk.speech.say("not_optional"))
        after = replace(
            dialog,
            skipped=(*(key for key in dialog.skipped if key != item.key), item.key),
            trail=dialog.trail if item.key in dialog.trail else (*dialog.trail, item.key),
        )
        return self._onward(talk, replace(begun, dialog=after), first=talk.speech.say("skipped"), done=item.key)

    def _back(self, talk: _Talk) -> Step:
        dialog = talk.dialog
        asked = {item.key for item in talk.filler.plan(dialog)}
        trail = [key for key in dialog.trail if key in asked]
        at = trail.index(dialog.asked) if dialog.asked in trail else len(trail)
        if at == 0:
            return self._again(talk, dialog, first=talk.speech.say("first_already"))
        return self._reopened(talk, trail[at - 1])

    # Files

    def _with_files(self, talk: _Talk, files: Sequence[str]) -> Step:
        plan = talk.filler.plan(talk.dialog)
        wanted = [item for item in plan if item.question.kind == "files"]
        item = next((one for one in wanted if one.key == talk.dialog.asked), wanted[0] if len(wanted) == 1 else None)
        if item is None:
            return self._taken(talk) if talk.said else self._not_taken(talk, Kind.NOT_UNDERSTOOD, None)
        had = list(talk.dialog.answers.get(item.key, []))
        all_of = [*had, *(one for one in files if one not in had)]
        begun = talk.filler.filled(talk.dialog, talk.said)
        filled = talk.filler.put(begun, item, Found(value=all_of[: kinds.MOST_FILES], span=(0, 0)))
        if talk.said:
            filled = talk.filler.harvest(filled, item.key)
        if item.key != talk.dialog.asked or talk.dialog.phase is not Phase.ASKING:
            return self._onward(talk, replace(filled, echoed=(*filled.echoed, item.key)))
        name = "files_so_far" if len(all_of) < kinds.MOST_FILES else "files_many"
        say = talk.speech.say(name, count=str(min(len(all_of), kinds.MOST_FILES)))
        dialog = replace(filled.dialog, tries=0)
        return Step(kind=Kind.ASKED, dialog=dialog, say=say, taken=filled.taken)

    def _ends_files(self, talk: _Talk, item: Item) -> bool:
        plain = talk.said.plain.strip()
        if item.key not in talk.dialog.answers:
            return False
        return yes_no.is_bare(plain) or commands.leaves_open(plain) or commands.ends_files(plain)

    # How a step ends

    def _onward(self, talk: _Talk, filled: Filled, *, first: str = "", done: str | None = None) -> Step:
        """End a step that had an effect: say what was noted, then what comes next."""
        speech, dialog = talk.speech, filled.dialog
        was_open = talk.dialog.asked if talk.dialog.phase is Phase.ASKING else None
        said = [first, self._noted(talk, filled)]
        if filled.trouble is not None or filled.picks or filled.reopened or filled.asks_which:
            return self._troubled(talk, filled, [part for part in said if part])
        answered = {*filled.taken, done, *([was_open] if self._is_ended_files(talk, was_open) else [])}
        item = talk.filler.item(dialog, was_open) if was_open is not None and was_open not in answered else None
        # A correction in the middle of asking: the open question stays open.
        item = item or self._next(talk, dialog)
        if item is None:
            after = replace(dialog, phase=Phase.CONFIRMING, before=Phase.CONFIRMING, asked=None, picks=(), tries=0)
            return self._ended(talk, Kind.CONFIRM, after, said, filled.taken)
        after = replace(dialog, phase=Phase.ASKING, before=Phase.ASKING, asked=item.key, picks=(), tries=0)
        partly = bool(filled.taken) and item.key == was_open
        return self._ended(
            talk,
            Kind.UNDERSTOOD_PARTLY if partly else Kind.ASKED,
            after,
            [*said, speech.ask(item, after)],
            filled.taken,
        )

    def _is_ended_files(self, talk: _Talk, key: str | None) -> bool:
        item = talk.filler.item(talk.dialog, key)
        return item is not None and item.question.kind == "files" and self._ends_files(talk, item)

    def _ended(self, talk: _Talk, kind: Kind, dialog: Dialog, said: Sequence[str], taken: tuple[str, ...]) -> Step:
        parts = [part for part in said if part]
        if kind is Kind.CONFIRM:
            parts.append(self._summary(talk, dialog))
        return Step(kind=kind, dialog=dialog, say="\n".join(parts), taken=taken)

    def _noted(self, talk: _Talk, filled: Filled) -> str:
        plan = [item for item in talk.filler.plan(filled.dialog) if item.key in filled.echoed and not item.is_more]
        changed = [item for item in plan if item.key in filled.changed]
        noted = [item for item in plan if item.key not in filled.changed]
        parts = [
            talk.speech.say(name, pairs=talk.speech.pairs(which, filled.dialog))
            for name, which in (("changed", changed), ("noted", noted))
            if which
        ]
        return "\n".join(parts)

    def _troubled(self, talk: _Talk, filled: Filled, said: list[str]) -> Step:
        dialog = filled.dialog
        if filled.picks:
            return self._offers(talk, dialog, filled.picks, said, filled.taken)
        if filled.asks_which:
            return self._what_to_change(replace(talk, dialog=dialog))
        key = filled.reopened or filled.trouble_key
        talk = replace(talk, dialog=dialog)
        if filled.trouble is None:
            return replace(self._reopened(talk, key, said=said), taken=filled.taken)
        if key == dialog.asked and dialog.phase is Phase.ASKING:
            step = self._counted(talk, dialog, Kind.REFUSED, problem=filled.trouble, said=said)
        else:
            step = self._reopened(talk, key, problem=filled.trouble, said=said)
        return replace(step, taken=filled.taken)

    def _reopened(
        self, talk: _Talk, key: str | None, *, problem: Problem | None = None, said: Sequence[str] = ()
    ) -> Step:
        item = talk.filler.item(talk.dialog, key)
        if item is None:
            return self._again(talk, talk.dialog)
        after = replace(talk.dialog, phase=Phase.ASKING, before=Phase.ASKING, asked=item.key, picks=(), tries=0)
        parts = list(said)
        if problem is not None:
            parts.append(talk.speech.say(problem.sentence, **problem.gaps))
        # With a problem the question itself stands in it or above; a plain wish to change is asked in full.
        parts.append(talk.speech.ask(item, after))
        kind = Kind.REFUSED if problem is not None else Kind.ASKED
        return Step(
            kind=kind, dialog=after, say="\n".join(parts), problem=problem.sentence if problem is not None else None
        )

    def _offers(
        self, talk: _Talk, dialog: Dialog, picks: tuple[Pick, ...], said: Sequence[str], taken: tuple[str, ...]
    ) -> Step:
        before = Phase.CONFIRMING if dialog.phase is Phase.CONFIRMING else Phase.ASKING
        after = replace(dialog, phase=Phase.PICKING, before=before, picks=picks)
        say = "\n".join([*said, self._offer(talk, after)])
        return Step(kind=Kind.PICK, dialog=after, say=say, taken=taken)

    def _offer(self, talk: _Talk, dialog: Dialog) -> str:
        picks, speech = dialog.picks, talk.speech
        labels = speech.numbered(pick.label for pick in picks)
        if all(pick.value is None for pick in picks):
            return speech.say("what_to_change", choices=labels)
        if len({pick.key for pick in picks}) > 1:
            return speech.say("which_slot", choices=labels)
        if len(picks) == 1:
            return speech.say("only_as_written", label=picks[0].label)
        item = talk.filler.item(dialog, picks[0].key)
        return speech.say("which_one", short=item.short if item else picks[0].key, choices=labels)

    def _what_to_change(self, talk: _Talk) -> Step:
        numbered = talk.filler.numbered(talk.dialog)
        if not numbered:
            return self._again(talk, talk.dialog)
        if len(numbered) == 1:
            return self._reopened(talk, numbered[0].key)
        picks = tuple(Pick(key=item.key, value=None, label=item.short) for item in numbered)
        return self._offers(talk, talk.dialog, picks, (), ())

    def _again(self, talk: _Talk, dialog: Dialog, *, first: str = "") -> Step:
        """Say again what is open in `dialog`."""
        speech = talk.speech
        if dialog.phase is Phase.PICKING and dialog.picks:
            kind, say = Kind.PICK, self._offer(talk, dialog)
        elif dialog.phase is Phase.LEAVING:
            kind, say = Kind.LEAVING, speech.say("leave", title=self.form.title)
        elif dialog.phase is Phase.RESTARTING:
            kind, say = Kind.LEAVING, speech.say("anew", count=str(len(talk.filler.numbered(dialog))))
        else:
            item = talk.filler.item(dialog, dialog.asked) if dialog.phase is Phase.ASKING else None
            item = item or self._next(talk, dialog)
            if item is None:
                dialog = replace(dialog, phase=Phase.CONFIRMING, before=Phase.CONFIRMING, asked=None, picks=())
                kind, say = Kind.CONFIRM, self._summary(talk, dialog)
            else:
                dialog = replace(dialog, phase=Phase.ASKING, asked=item.key, picks=())
                kind, say = Kind.ASKED, speech.ask(item, dialog)
        return Step(kind=kind, dialog=dialog, say=f"{first}\n{say}" if first else say)

    def _summary(self, talk: _Talk, dialog: Dialog) -> str:
        numbered = talk.filler.numbered(dialog)
        return talk.speech.summary(numbered, dialog, self.notices(collected(self.form, dialog.answers)))

    def _missed(self, talk: _Talk, item: Item | None) -> Step:
        first = talk.speech.say("files_wanted" if item and item.question.kind == "files" else "not_understood")
        return self._counted(talk, talk.dialog, Kind.NOT_UNDERSTOOD, first=first)

    def _counted(
        self,
        talk: _Talk,
        dialog: Dialog,
        kind: Kind,
        *,
        first: str = "",
        problem: Problem | None = None,
        said: Sequence[str] = (),
    ) -> Step:
        """End a step that misunderstood: the open question again; after three times with the offer of a person."""
        dialog = replace(dialog, tries=dialog.tries + 1)
        if problem is not None:
            # The sentence of a problem asks by itself.
            parts = [*said, talk.speech.say(problem.sentence, **problem.gaps)]
            again = dialog
        else:
            step = self._again(talk, dialog, first=first)
            parts, again = [step.say], step.dialog
        offers = dialog.tries >= MOST_TRIES
        if offers:
            parts.append(talk.speech.say("person"))
        name = problem.sentence if problem is not None else None
        return Step(kind=kind, dialog=again, say="\n".join(parts), problem=name, offers_person=offers)

    def _not_taken(self, talk: _Talk, kind: Kind, item: Item | None) -> Step:
        step = self._again(talk, talk.dialog)
        return replace(step, kind=kind)

    def _welcome(self, talk: _Talk, item: Item) -> Step:
        count = str(len(talk.filler.numbered(talk.dialog)))
        first = talk.speech.say("resume", title=self.form.title, count=count)
        return Step(kind=Kind.RESUME, dialog=talk.dialog, say=f"{first}\n{talk.speech.ask(item, talk.dialog)}")

    def _next(self, talk: _Talk, dialog: Dialog) -> Item | None:
        closed = {*dialog.answers, *dialog.skipped}
        return next((item for item in talk.filler.plan(dialog) if item.key not in closed), None)

    def _talk(self, dialog: Dialog, text: str, now: datetime) -> _Talk:
        today = in_china(now).date()
        filler = Filler(form=self.form, scope=Scope(today=today, choosers=self.choosers))
        speech = Speech(form=self.form, texts=self.texts, today=today)
        return _Talk(dialog=dialog, said=Said.of(text), now=now, filler=filler, speech=speech)
