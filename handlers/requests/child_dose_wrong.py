"""Puts a recorded dose right: 不对，第二针是4月15号; 刚才那针记错了，删掉; 是麻风，不是麻腮风."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import Said as Words
from care.child import Child, Dose
from care.vaccination.rule_files import load
from care.vaccination.told import Told, hear
from care.vaccination.told_days import LISTED, closed, moments_in
from care.vaccination.told_names import called, vaccines_in
from handlers import child_effects
from handlers.child_scene import children_of, key_of, the_child
from handlers.child_words import day_of, dose_words, next_words, tell
from handlers.scene import Said, Scene
from handlers.session import Task
from intents.normal import compact

_DROP = re.compile(r"删|去掉|不要了?|作废|没打过|没有?打|撤回|取消|拿掉|不算")
_NUMBER = re.compile(
    rf"第\s*(?P<n>{NUMERAL})\s*(?:针|剂|次)|(?P<last>最后|刚才|刚刚|上一|这)(?:那|一|个)?(?:针|剂|次|条)?"
)
_ASKS = re.compile(
    r"[?？]|吗|[么呢]$|怎[么样]|咋|如何|什么|多少|能不能|可不可以|要不要|是不是|会不会|有没有|哪|为[什啥]|预约|挂号|能挪"
)
_JUST = re.compile(r"(?:刚才|刚刚|刚)(?:说的?|记的?|那|这|打错)*(?:一|个)?(?:针|剂|次|条)?")
_YEAR_TOLD = re.compile(r"\d{4}|\d{2}年|年|今天|昨天|前天|个月|岁|出生|星期|周|礼拜|刚")
_NOT = re.compile(r"不是|而不是|并非")
_BARE = re.compile(
    r"^(?:接种证上)?(?:写的)?(?:第.{1,2}[针剂])?(?:是|分别是|应该是)?\d{1,2}月\d{1,2}[号日]?(?:[,，、和]*(?:第.{1,2}[针剂])?(?:是)?\d{1,2}月\d{1,2}[号日]?)*$"
)
_MOST_LISTED = 8


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Correct or delete the dose that is meant; None for who has no child with doses."""
    text = str(wanted.get("text", scene.text))
    if not wanted and not is_meant(text):
        return None
    if not wanted and _BARE.search(compact(text)):
        return _exact_days(scene, text)
    if not wanted and not any(child.doses for child in children_of(scene)):
        return None
    child = _just_told(scene, text) or the_child(scene, wanted, "child_dose_wrong", text=text)
    if child is None or isinstance(child, Said):
        return child
    if not child.doses:
        return Said(text=tell("correct_none", name=child.name), session=scene.session)
    dose = dose_meant(child, text, scene.today)
    if dose is None:
        return _none_such(scene, child)
    return put_right(scene, child, dose, text)


def is_meant(text: str) -> bool:
    """Whether a correction is told, and nothing is asked."""
    return not _ASKS.search(text)


def _exact_days(scene: Scene, text: str) -> Said | None:
    """Put in the days of doses that were told by their months alone: 3月5号和4月10号; None where there are none."""
    child = _just_told(scene, text)
    estimated = [dose for dose in child.doses if dose.is_about] if child else []
    if child is None or not estimated:
        return None
    told = closed(moments_in(Words.of(text.replace("、", LISTED)).plain, birth=child.birth, today=scene.today),
                  birth=child.birth, today=scene.today)  # fmt: skip
    changes: list[tuple[Dose, Dose]] = []
    for day in (one.on for one in told if one.on and not one.is_about):
        dose = next((one for one in estimated if one.on.month == day.month), None)
        if dose is None:
            return None
        estimated.remove(dose)
        nearest = _nearest(day, dose.on, child, scene.today)
        changes.append((dose, replace(dose, on=nearest, is_about=False, product=called(dose.vaccine))))
    if not changes or any(_objection(child, old, new, scene.today) for old, new in changes):
        return None
    kept = [one for one in child.doses if one not in [old for old, _ in changes]]
    after = replace(child, doses=tuple(sorted((*kept, *(new for _, new in changes)), key=lambda one: one.on)))
    lines = [
        tell("corrected", name=child.name, old=dose_words(child, old), new=dose_words(after, new))
        for old, new in changes
    ]
    effects = tuple(child_effects.correct_dose(scene, child, old.id or 0, new) for old, new in changes)
    text = "\n".join([*lines, next_words(after, scene.today), tell("rule")])
    return Said(text=text, session=scene.session, effects=effects)


def _just_told(scene: Scene, text: str) -> Child | None:
    """Return the child whose dose was recorded last, where the text names no other."""
    children = [child for child in children_of(scene) if child.doses]
    named = [child for child in children_of(scene) if child.name in text]
    if named or not children:
        return None
    return max(children, key=lambda child: max(dose.id or 0 for dose in child.doses))


def put_right(scene: Scene, child: Child, dose: Dose, text: str) -> Said:
    """Change a dose as a text says, delete it, or ask what is right."""
    if dose.source == "clinic_confirmed":
        return Said(text=tell("correct_clinic"), session=scene.session)
    if _DROP.search(text) and not _changed(child, dose, text, scene.today):
        after = replace(child, doses=tuple(one for one in child.doses if one.id != dose.id))
        said = [tell("dropped", name=child.name, dose=dose_words(child, dose)), next_words(after, scene.today)]
        effect = child_effects.drop_dose(scene, child, dose.id or 0)
        return Said(text="\n".join([*said, tell("rule")]), session=scene.session, effects=(effect,))
    changed = _changed(child, dose, text, scene.today)
    if changed is None:
        about = {"child": key_of(child), "dose": dose.id}
        return Said(text="", session=scene.session.begin(Task(kind="child_dose_right", about=about)))
    objection = _objection(child, dose, changed, scene.today)
    if objection:
        about = {"child": key_of(child), "dose": dose.id}
        return Said(text=objection, session=scene.session.begin(Task(kind="child_dose_right", about=about)))
    others = tuple(one for one in child.doses if one.id != dose.id)
    after = replace(child, doses=tuple(sorted((*others, changed), key=lambda one: one.on)))
    told = tell("corrected", name=child.name, old=dose_words(child, dose), new=dose_words(after, changed))
    effect = child_effects.correct_dose(scene, child, dose.id or 0, changed)
    lines = [told, next_words(after, scene.today), tell("rule")]
    return Said(text="\n".join(lines), session=scene.session, effects=(effect,))


def _objection(child: Child, dose: Dose, changed: Dose, today: date) -> str | None:
    """Return what is wrong with the new day, or None."""
    gaps = {
        "vaccine": called(changed.vaccine),
        "name": child.name,
        "day": day_of(changed.on),
        "birth": day_of(child.birth),
    }
    if changed.on < child.birth:
        return tell("ask_before_birth", **gaps)
    if changed.on > today:
        return tell("correct_future", **gaps)
    counts = load().products[changed.vaccine].counts.keys() if changed.vaccine in load().products else set()
    for one in child.doses:
        known = load().products.get(one.vaccine)
        is_beside = one.id != dose.id and one.on == changed.on and one.vaccine != changed.vaccine
        if is_beside and known and counts & known.counts.keys():
            names = {"other": called(one.vaccine), "one": called(changed.vaccine)}
            return tell("ask_same_recorded", day=day_of(one.on), **names)
    return None


def dose_meant(child: Child, text: str, today: date) -> Dose | None:
    """Return the recorded dose that a text is about: by vaccine, number and old day; else the one recorded last."""
    text = _JUST.sub("", text)
    told = hear(_wrong_half(text), birth=child.birth, today=today)
    named = {code for one in vaccines_in(Words.of(_wrong_half(text)).plain) for code in one.products}
    newest = max(child.doses, key=lambda one: one.id or 0)
    found = [one for one in child.doses if one.vaccine in named]
    if named and not found:
        right = {code for one in vaccines_in(Words.of(text).plain) for code in one.products}
        return newest if right - {one.vaccine for one in child.doses} and not _days(told) else None
    same = found or [one for one in child.doses if one.vaccine == newest.vaccine]
    match = _NUMBER.search(text)
    number = whole(match["n"]) if match and match["n"] else None
    if number is not None:
        return same[number - 1] if 0 < number <= len(same) else None
    old = [one for one in same if one.on in _days(told)]
    if old and (_DROP.search(text) or _NOT.search(text)):
        return old[0]
    return max(same, key=lambda one: one.id or 0)


def _wrong_half(text: str) -> str:
    """Return what a text says is wrong: after 不是, if that stands first, or before 是 or 应该."""
    parts = re.split(r"[,，]?(?:而是|应该是|应该|改成|改为|是(?!不是))", text)
    wrong = [part for part in re.split(r"[,，。;；]", text) if _NOT.search(part)]
    return wrong[0] if wrong else parts[0]


def _changed(child: Child, dose: Dose, text: str, today: date) -> Dose | None:
    """Return the dose as the text puts it right, or None where it tells nothing new."""
    text = _JUST.sub("", text)
    right = "，".join(part for part in re.split(r"[,，。;；]", text) if not _NOT.search(part)) or text
    right = re.sub(r"^.{0,12}?(?:不是|并非).{1,14}?(?=是|而是)", "", right)
    told = hear(right, birth=child.birth, today=today)
    is_dated = bool(_YEAR_TOLD.search(right))
    days = [day if is_dated else _nearest(day, dose.on, child, today) for day in _days(told)]
    days = [day for day in days if day != dose.on]
    names = [one for one in told.doses if one.products]
    product = next((one.products[0] for one in names if dose.vaccine not in one.products), None)
    name = next((one.name for one in names if product in one.products), dose.product)
    if not days and product is None:
        return None
    on = days[-1] if days else dose.on
    return Dose(on=on, vaccine=product or dose.vaccine, product=name, source=dose.source)


def _nearest(day: date, old: date, child: Child, today: date) -> date:
    """Return a day without a year in the year that brings it nearest to the day that was wrong."""
    years = [day.replace(year=old.year + shift) for shift in (-1, 0, 1) if (day.month, day.day) != (2, 29)]
    able = [one for one in years if child.birth <= one <= today]
    return min(able, key=lambda one: abs((one - old).days), default=day)


def _days(told: Told) -> list[date]:
    return [one.on for one in told.loose if one.on] + [one.on for one in told.doses if one.on]


def _none_such(scene: Scene, child: Child) -> Said:
    lines = listed(child, child.doses)
    example = f"{called(child.doses[-1].vaccine)}第1针"
    text = tell("correct_no_such", name=child.name, lines=lines, example=example)
    return Said(text=text, session=scene.session)


def listed(child: Child, doses: Sequence[Dose]) -> str:
    """Return recorded doses as lines, the newest days last."""
    return "\n".join(f"- {dose_words(child, dose)}" for dose in doses[-_MOST_LISTED:])
