"""How a step ends: what was noted, and what comes next: a question, the summary, an offer, the same again."""

from collections.abc import Sequence
from dataclasses import replace

from bot.dialog import commands
from bot.dialog.filling import Filled
from bot.dialog.plan import Item, collected
from bot.dialog.state import Dialog, Phase, Pick
from bot.dialog.steps import Kind, Step
from bot.dialog.talk import Talk
from bot.slots import yes_no
from bot.slots.reading import Problem

# After so many misunderstandings of one question a person is offered.
MOST_TRIES = 3


def onward(talk: Talk, filled: Filled, *, first: str = "", done: str | None = None) -> Step:
    """End a step that had an effect: say what was noted, then what comes next."""
    speech, dialog = talk.speech, filled.dialog
    was_open = talk.dialog.asked if talk.dialog.phase is Phase.ASKING else None
    said = [first, _noted(talk, filled)]
    if filled.trouble is not None or filled.picks or filled.reopened or filled.asks_which:
        return _troubled(talk, filled, [part for part in said if part])
    answered = {*filled.taken, done, *([was_open] if _is_ended_files(talk, was_open) else [])}
    item = talk.filler.item(dialog, was_open) if was_open is not None and was_open not in answered else None
    # A correction in the middle of asking: the open question stays open.
    item = item or talk.unanswered(dialog)
    if item is None:
        after = replace(dialog, phase=Phase.CONFIRMING, before=Phase.CONFIRMING, asked=None, picks=(), tries=0)
        return _ended(talk, Kind.CONFIRM, after, said, filled.taken)
    after = replace(dialog, phase=Phase.ASKING, before=Phase.ASKING, asked=item.key, picks=(), tries=0)
    partly = bool(filled.taken) and item.key == was_open
    return _ended(
        talk,
        Kind.UNDERSTOOD_PARTLY if partly else Kind.ASKED,
        after,
        [*said, speech.ask(item, after)],
        filled.taken,
    )


def _is_ended_files(talk: Talk, key: str | None) -> bool:
    item = talk.filler.item(talk.dialog, key)
    return item is not None and item.question.kind == "files" and ends_files(talk, item)


def _ended(talk: Talk, kind: Kind, dialog: Dialog, said: Sequence[str], taken: tuple[str, ...]) -> Step:
    parts = [part for part in said if part]
    if kind is Kind.CONFIRM:
        parts.append(_summary(talk, dialog))
    return Step(kind=kind, dialog=dialog, say="\n".join(parts), taken=taken)


def _noted(talk: Talk, filled: Filled) -> str:
    plan = [item for item in talk.filler.plan(filled.dialog) if item.key in filled.echoed and not item.is_more]
    changed = [item for item in plan if item.key in filled.changed]
    noted = [item for item in plan if item.key not in filled.changed]
    parts = [
        talk.speech.say(name, pairs=talk.speech.pairs(which, filled.dialog))
        for name, which in (("changed", changed), ("noted", noted))
        if which
    ]
    return "\n".join(parts)


def _troubled(talk: Talk, filled: Filled, said: list[str]) -> Step:
    dialog = filled.dialog
    if filled.picks:
        return _offers(talk, dialog, filled.picks, said, filled.taken)
    if filled.asks_which:
        return what_to_change(replace(talk, dialog=dialog))
    key = filled.reopened or filled.trouble_key
    talk = replace(talk, dialog=dialog)
    if filled.trouble is None:
        return replace(reopened(talk, key, said=said), taken=filled.taken)
    if key == dialog.asked and dialog.phase is Phase.ASKING:
        step = counted(talk, dialog, Kind.REFUSED, problem=filled.trouble, said=said)
    else:
        step = reopened(talk, key, problem=filled.trouble, said=said)
    return replace(step, taken=filled.taken)


def reopened(talk: Talk, key: str | None, *, problem: Problem | None = None, said: Sequence[str] = ()) -> Step:
    """Ask a question again whose answer is to be changed."""
    item = talk.filler.item(talk.dialog, key)
    if item is None:
        return again(talk, talk.dialog)
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


def _offers(talk: Talk, dialog: Dialog, picks: tuple[Pick, ...], said: Sequence[str], taken: tuple[str, ...]) -> Step:
    before = Phase.CONFIRMING if dialog.phase is Phase.CONFIRMING else Phase.ASKING
    after = replace(dialog, phase=Phase.PICKING, before=before, picks=picks)
    say = "\n".join([*said, _offer(talk, after)])
    return Step(kind=Kind.PICK, dialog=after, say=say, taken=taken)


def _offer(talk: Talk, dialog: Dialog) -> str:
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


def what_to_change(talk: Talk) -> Step:
    """Offer the answered questions to be changed."""
    numbered = talk.filler.numbered(talk.dialog)
    if not numbered:
        return again(talk, talk.dialog)
    if len(numbered) == 1:
        return reopened(talk, numbered[0].key)
    picks = tuple(Pick(key=item.key, value=None, label=item.short) for item in numbered)
    return _offers(talk, talk.dialog, picks, (), ())


def again(talk: Talk, dialog: Dialog, *, first: str = "", briefly: bool = False) -> Step:
    """Say again what is open in `dialog`; `briefly` without what was read just before: a long notice, the summary."""
    speech = talk.speech
    if dialog.phase is Phase.PICKING and dialog.picks:
        kind, say = Kind.PICK, _offer(talk, dialog)
    elif dialog.phase is Phase.LEAVING:
        kind, say = Kind.LEAVING, speech.say("leave", title=talk.form.title)
    elif dialog.phase is Phase.RESTARTING:
        kind, say = Kind.LEAVING, speech.say("anew", count=str(len(talk.filler.numbered(dialog))))
    else:
        item = talk.filler.item(dialog, dialog.asked) if dialog.phase is Phase.ASKING else None
        item = item or talk.unanswered(dialog)
        if item is None:
            dialog = replace(dialog, phase=Phase.CONFIRMING, before=Phase.CONFIRMING, asked=None, picks=())
            kind = Kind.CONFIRM
            say = speech.say("confirm_open", title=talk.form.title) if briefly else _summary(talk, dialog)
        else:
            dialog = replace(dialog, phase=Phase.ASKING, asked=item.key, picks=())
            kind, say = Kind.ASKED, speech.ask(item, dialog, briefly=briefly)
    return Step(kind=kind, dialog=dialog, say=f"{first}\n{say}" if first else say)


def _summary(talk: Talk, dialog: Dialog) -> str:
    numbered = talk.filler.numbered(dialog)
    return talk.speech.summary(numbered, dialog, talk.notices(collected(talk.form, dialog.answers)))


def missed(talk: Talk, item: Item | None) -> Step:
    """End a step that understood nothing."""
    first = talk.speech.say("files_wanted" if item and item.question.kind == "files" else "not_understood")
    return counted(talk, talk.dialog, Kind.NOT_UNDERSTOOD, first=first)


def counted(
    talk: Talk,
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
    else:
        step = again(talk, dialog, first=first)
        parts, dialog = [step.say], step.dialog
    offers = dialog.tries >= MOST_TRIES
    if offers:
        parts.append(talk.speech.say("person"))
    name = problem.sentence if problem is not None else None
    return Step(kind=kind, dialog=dialog, say="\n".join(parts), problem=name, offers_person=offers)


def not_taken(talk: Talk, kind: Kind, item: Item | None) -> Step:
    """End a step whose message is somebody else's: what is open is said again."""
    step = again(talk, talk.dialog)
    return replace(step, kind=kind)


def welcome(talk: Talk, item: Item) -> Step:
    """End a step after a long silence whose message is no answer."""
    count = str(len(talk.filler.numbered(talk.dialog)))
    first = talk.speech.say("resume", title=talk.form.title, count=count)
    return Step(kind=Kind.RESUME, dialog=talk.dialog, say=f"{first}\n{talk.speech.ask(item, talk.dialog)}")


def ends_files(talk: Talk, item: Item) -> bool:
    """Whether a message says that all files were sent."""
    plain = talk.words
    if item.key not in talk.dialog.answers:
        return False
    return yes_no.is_bare(plain) or commands.leaves_open(plain) or commands.ends_files(plain)
