"""Sentences about children (child_texts.yaml): doses as they are called, ages, what comes next."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from care.child import Child, Dose, Growth
from care.child_forecast import forecast_of, unrecorded
from care.vaccination.rows import DATED, Row
from care.vaccination.rule_files import load
from care.vaccination.told_names import called

TEXTS = Path(__file__).parent / "child_texts.yaml"
_MOST_DAYS = 4
_CLOSING = timedelta(days=180)


def tell(name: str, /, **values: str) -> str:
    """Return a sentence with its gaps filled. Raises ConfigurationFault for an unknown sentence or gap."""
    try:
        return _texts()[name].format(**values).strip()
    except KeyError as error:
        raise ConfigurationFault(f"{TEXTS}: entry {name!r} lacks {error}; add it") from error


def day_of(day: date) -> str:
    """Return a day of a record, with its year: 2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def age_of(birth: date, today: date) -> str:
    """Return how old a child is: 12天, 8个月, 2岁3个月."""
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    if months < 1:
        return f"{(today - birth).days}天"
    years, rest = divmod(months, 12)
    return f"{months}个月" if months < 24 else f"{years}岁{f'{rest}个月' if rest else ''}"


def number_of(child: Child, dose: Dose) -> int:
    """Return which dose of its vaccine one is, by the days recorded."""
    same = sorted({one.on for one in (*child.doses, dose) if one.vaccine == dose.vaccine})
    return same.index(dose.on) + 1


def dose_words(child: Child, dose: Dose) -> str:
    """Return a dose in words: 五联疫苗第2针，2026年4月10日."""
    number = str(number_of(child, dose))
    return tell("recorded_line", vaccine=called(dose.vaccine), number=number, day=day_of(dose.on))


def growth_words(growth: Growth) -> str:
    """Return height and weight in words."""
    told = []
    if growth.height_cm:
        told.append(tell("growth_height", height=f"{growth.height_cm:g}"))
    if growth.weight_kg:
        told.append(tell("growth_weight", weight=f"{growth.weight_kg:g}"))
    return "，".join(told)


def row_words(row: Row, *, on: date | None = None) -> str:
    """Return the next dose of a vaccine in words, marked where a clinic must confirm the rule. `on`: the day it may be
    given; where the last day for it is near, that is told."""
    family = load().families.get(row.vaccine)
    dose = f"第{row.dose}剂" if row.dose else ""
    unsure = "" if row.certainty == "high" else tell("plan_confirm")
    is_closing = on is not None and row.latest is not None and row.latest - on < _CLOSING
    end = tell("plan_closes", day=day_of(row.latest)) if is_closing and row.latest else ""
    return f"{family.name if family else row.vaccine}{dose}{end}{unsure}"


def with_doses(child: Child, doses: Iterable[Dose]) -> Child:
    """Return a child as it will be once more doses are recorded."""
    return replace(child, doses=tuple(sorted((*child.doses, *doses), key=lambda one: one.on)))


def next_words(child: Child, today: date) -> str:
    """Return in one sentence what the child's next visit is for."""
    now, ahead = _dated(forecast_of(child, today), today)
    if now:
        return tell("plan_next_now", name=child.name, vaccines=_named(now, today))
    if ahead:
        first = min(ahead)
        return tell("plan_next_day", name=child.name, day=day_of(first), vaccines=_named(ahead[first], first))
    return tell("plan_next_none", name=child.name)


def record_words(child: Child, today: date) -> str:
    """Return what is recorded of a child's doses, vaccine by vaccine, and what comes next."""
    days: dict[str, list[str]] = defaultdict(list)
    for dose in child.doses:
        about = tell("record_about") if dose.is_about else ""
        days[dose.vaccine].append(f"{day_of(dose.on)}{about}")
    lines = [tell("record_line", vaccine=called(code), days="、".join(told)) for code, told in days.items()]
    head = tell("record_head", name=child.name) if lines else tell("correct_none", name=child.name)
    return "\n".join([head, *lines, next_words(child, today), tell("rule")])


def due_rows(child: Child, today: date) -> list[Row]:
    """Return the doses that may be given now."""
    return _dated(forecast_of(child, today), today)[0]


def plan_words(child: Child, today: date) -> str:
    """Return the child's plan: now, later, what a clinic must tell, what nobody has told us yet."""
    rows = forecast_of(child, today)
    now, ahead = _dated(rows, today)
    lines = [tell("plan_head", name=child.name, age=age_of(child.birth, today), edition=load().edition.title)]
    late = [row for row in now if row.status == "overdue"]
    due = [row for row in now if row not in late]
    lines += [tell("plan_late", vaccines=_named(late, today))] if late else []
    lines += [tell("plan_now", vaccines=_named(due, today))] if due else []
    days = sorted(ahead)
    lines += [tell("plan_day", day=day_of(day), vaccines=_named(ahead[day], day)) for day in days[:_MOST_DAYS]]
    lines += [tell("plan_more")] if len(days) > _MOST_DAYS else []
    goes_on = {reason.say: None for row in rows for reason in row.reasons if reason.code == "combination_begun"}
    lines += [tell("plan_goes_on", why=why) for why in goes_on]
    clinic = [row for row in rows if row.status == "ask_clinic"]
    lines += [tell("plan_clinic", vaccines=_named(clinic, today))] if clinic else []
    missing = list(dict.fromkeys(called(one.vaccine) for one in unrecorded(child)))
    lines += [tell("plan_unknown", vaccines="、".join(missing))] if missing else []
    return "\n".join([*lines, tell("rule")])


def _dated(rows: Sequence[Row], today: date) -> tuple[list[Row], dict[date, list[Row]]]:
    """Return what may be given now, and what later: recommended day → rows."""
    now: list[Row] = []
    ahead: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        if row.status in DATED and row.recommended is not None:
            if row.status != "upcoming" or row.recommended <= today:
                now.append(row)
            else:
                ahead[row.recommended].append(row)
    return now, dict(ahead)


def _named(rows: Sequence[Row], on: date) -> str:
    return "、".join(row_words(row, on=on) for row in rows)


@lru_cache(maxsize=1)
def _texts() -> dict[str, str]:
    told: dict[str, str] = read_yaml(TEXTS)
    return told
