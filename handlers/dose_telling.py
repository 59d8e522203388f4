"""Doses that somebody told of a child: recorded when all is clear, else one question back while the rest waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from care.child import Child, Dose
from care.vaccination.told import ToldDose
from care.vaccination.told_names import called
from handlers import child_effects
from handlers.child_scene import key_of
from handlers.child_words import day_of, dose_words, next_words, row_words, tell, with_doses
from handlers.dose_gaps import (
    Gap,
    Left,
    first_gap,
    narrowed_by_day,
    sorted_out,
    told_from,
    told_json,
    untracked,
    vaccine_of,
)
from handlers.scene import Said, Scene
from handlers.session import Task

MOST_TRIES = 2
# What may answer: any words but a question for the handbook.
MAY_ANSWER = r"^(?!.*(?:是什么|什么是|是啥|怎么|怎样|如何|为什么|为啥|多少|服务|流程|报销|理赔|保单|手册|有哪些))"
# What is asked for in the middle of a question about doses, rather than an answer to it.
GIVES_WAY_TO = frozenset(
    {"child_plan", "child_growth", "child_profile", "child_change", "child_check_up", "reminder_stop", "reminder_later"}
)


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What was told of one child so far. `left`: what will not be recorded; `known`: what was recorded before.

    `tries`: how often the present question was not answered.
    """

    child: Child
    doses: tuple[ToldDose, ...] = ()
    left: tuple[Left, ...] = ()
    known: tuple[str, ...] = ()
    tries: int = 0
    notes: tuple[str, ...] = field(default=())

    def about(self) -> dict[str, Any]:
        """Return the telling as a task keeps it."""
        return {
            "child": key_of(self.child),
            "doses": told_json(self.doses),
            "left": [[one.name, one.why] for one in self.left],
            "recorded_before": list(self.known),  # `known` is what a form begins with
            "notes": list(self.notes),
            "tries": self.tries,
        }

    @classmethod
    def of(cls, child: Child, about: Mapping[str, Any]) -> "Telling":
        """Rebuild a telling from a task."""
        return cls(
            child=child,
            doses=tuple(told_from(about.get("doses", ()))),
            left=tuple(Left(name=name, why=why) for name, why in about.get("left", ())),
            known=tuple(about.get("recorded_before", ())),
            notes=tuple(about.get("notes", ())),
            tries=int(about.get("tries", 0)),
        )


def gone_on(scene: Scene, telling: Telling, *, preface: str = "") -> Said:
    """Record what is told where all is clear; else ask what is not."""
    telling = _tidied(telling)
    gap = first_gap(telling.doses, telling.child, scene.today)
    if gap is None:
        return _recorded(scene, telling)
    if telling.tries > MOST_TRIES:
        why = "unsure_name" if gap.kind in ("unknown", "which") else "unsure_impossible"
        given_up = tuple(Left(name=vaccine_of(telling.doses[at]), why=why) for at in gap.places)
        rest = tuple(dose for at, dose in enumerate(telling.doses) if at not in gap.places)
        return gone_on(scene, replace(telling, doses=rest, left=(*telling.left, *given_up), tries=0))
    task = Task(kind="child_doses", about=telling.about())
    return Said(text=preface, session=scene.session.begin(task), reasons=(f"asks for a dose's {gap.kind}",))


def _tidied(telling: Telling) -> Telling:
    followed, apart = untracked(telling.doses)
    new, before = sorted_out(narrowed_by_day(followed, telling.child), telling.child)
    notes = (*telling.notes, *(tell("not_recorded_untracked", name=dose.name) for dose in apart))
    known = [dose_words(telling.child, _dose(dose, dose.on)) for dose in before if dose.on]
    return replace(telling, doses=tuple(new), notes=notes, known=tuple(dict.fromkeys((*telling.known, *known))))


def question(scene: Scene, telling: Telling) -> str:
    """Return the question for the first gap; for who told nothing yet, which doses were given."""
    gap = first_gap(telling.doses, telling.child, scene.today)
    if gap is None:
        return tell("ask_given_plain")
    again = tell("ask_again") if telling.tries else ""
    return again + _asked(scene, telling, gap)


def _asked(scene: Scene, telling: Telling, gap: Gap) -> str:
    doses, child = [telling.doses[at] for at in gap.places], telling.child
    dose = doses[-1]
    gaps = {
        "name": child.name,
        "birth": day_of(child.birth),
        "vaccine": "、".join(dict.fromkeys(vaccine_of(one) for one in doses)),
        "day": day_of(dose.on) if dose.on else "",
        "one": vaccine_of(dose),
        "other": gap.other,
        "year": str(min(child.birth.year + 1, scene.today.year)),
    }
    if gap.kind in ("unknown", "which"):
        gaps["name"] = dose.name
        gaps["lines"] = "\n".join(f"{at}. {called(code)}" for at, code in enumerate(dose.products, start=1))
    if gap.kind == "day" and len(doses) > 1:
        gaps["vaccine"] = _counted(doses)
        return tell("ask_days", **gaps)
    return tell(f"ask_{gap.kind}", **gaps)


def _counted(doses: Sequence[ToldDose]) -> str:
    names = [vaccine_of(one) for one in doses]
    return "、".join(f"{name}{names.count(name)}针" if names.count(name) > 1 else name for name in dict.fromkeys(names))


def _recorded(scene: Scene, telling: Telling) -> Said:
    child = telling.child
    doses = [_dose(one, one.on) for one in telling.doses if one.on]
    after = with_doses(child, doses)
    parts = []
    if doses:
        lines = [_line(after, one, dose) for one, dose in zip(telling.doses, doses, strict=True)]
        parts.append(tell("recorded", name=child.name, lines="\n".join(lines)))
    parts += [tell("recorded_about")] if any(dose.is_about for dose in doses) else []
    parts += [tell("recorded_before", lines="；".join(telling.known))] if telling.known else []
    parts += list(telling.notes)
    parts += _left_words(telling.left)
    if not doses:
        return Said(text="\n".join(parts) or tell("nothing_recorded"), session=scene.session)
    parts.append(next_words(after, scene.today))
    is_first = not child.doses and child.profile.record_since is not None
    parts.append(tell("recorded_more" if is_first else "recorded_wrong"))
    parts.append(tell("rule"))
    effect = child_effects.record_doses(scene, child, doses)
    return Said(text="\n".join(parts), session=scene.session, effects=(effect,), reasons=("doses recorded",))


def _line(after: Child, told: ToldDose, dose: Dose) -> str:
    line = dose_words(after, dose)
    return tell("recorded_line_about", line=line, words=told.words) if told.is_about else line


def _left_words(left: Sequence[Left]) -> list[str]:
    waiting = [one.name for one in left if one.why == "not_yet"]
    if waiting:
        others = _left_words([one for one in left if one.why != "not_yet"])
        return [tell("not_yet", vaccine="、".join(waiting)), *others]
    if not left:
        return []
    what = "、".join(tell("not_recorded_unsure", vaccine=one.name, why=tell(one.why)) for one in left)
    return [f"{tell('not_recorded', what=what)}{tell('later_certificate')}"]


def _dose(told: ToldDose, on: date) -> Dose:
    words = f"{told.name}（{told.words}）" if told.is_about else told.name
    return Dose(on=on, vaccine=told.products[0], product=words, is_about=told.is_about)


def listed_rows(rows: Sequence[Any]) -> str:
    """Return next doses as numbered lines."""
    return "\n".join(tell("ask_given_line", at=str(at), vaccine=row_words(row)) for at, row in enumerate(rows, start=1))
