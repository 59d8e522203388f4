"""A parent's page of a child's vaccination plan, and the same as a calendar file: by a signed link, without a login.

It shows what is recorded and what comes next, says of every rule that is not certain that the clinic confirms it, and
that the clinic's record decides. Nothing on it needs a script or anything fetched from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from flask import Blueprint, Response, render_template, url_for
from icalendar import Alarm, Calendar, Event

from bot.clock import Clock, in_china, system_clock
from bot.store.store import Store
from care import plan_links
from care.child import Child, Dose, product_name
from care.child_forecast import Visit, forecast_of, unrecorded, visits_ahead
from care.plan_links import PlanView
from care.vaccination.rows import Row
from care.vaccination.rule_files import load
from care.vaccination.spans import Span
from console.plan_picture import picture_of
from console.signed_links import private

SOURCES = {"parent": "家长登记", "import": "导入的记录", "clinic_confirmed": "门诊核对过"}
RULE = "打哪种、哪天打，以接种门诊的记录和医生判断为准。"
UNSURE = "待门诊确认"
_SOON = timedelta(days=400)
_AHEAD = Span(months=18 * 12)
_STATE_CODES = frozenset(("min_age", "min_interval", "from_first", "complete", "to_confirm", "live_together", "late"))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One dose to come. `remarks`: why it stands where it does; `is_late`: its time has passed."""

    name: str
    remarks: Sequence[str]
    is_sure: bool
    is_late: bool


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One day of the timeline."""

    day: str
    age: str
    lines: Sequence[Line]


def plan_pages(*, store: Store, clock: Clock = system_clock) -> Blueprint:
    """Return the pages under `/plans/<token>`; links come from care.plan_links."""
    pages = Blueprint("plans", __name__, template_folder="templates")

    def found(token: str) -> PlanView | None:
        with store.reading() as connection:
            return plan_links.find(connection, store.keys, token, now=clock())

    @pages.get("/plans/<token>")
    def plan(token: str) -> Response:
        view = found(token)
        if view is None:
            return _over()
        today = in_china(clock()).date()
        until = f"{in_china(view.expires_at):%m月%d日 %H:%M}"
        calendar = url_for("plans.calendar", token=token)
        return private(render_template("vaccine_plan.html", until=until, calendar=calendar, **shown(view.child, today)))

    @pages.get("/plans/<token>/plan.ics")
    def calendar(token: str) -> Response:
        view = found(token)
        if view is None:
            return _over()
        answer = private(calendar_of(view.child, now=clock()))
        answer.mimetype = "text/calendar"
        answer.headers["Content-Disposition"] = 'attachment; filename="vaccination-plan.ics"'
        return answer

    return pages


def shown(child: Child, today: date) -> dict[str, object]:
    """Return what the page shows of a child as of a day."""
    rows, visits = forecast_of(child, today), visits_ahead(child, today, _AHEAD.after(child.birth))
    untold = unrecorded(child)
    taken = {group for one in untold for group in load().products[one.vaccine].counts}
    ahead = [visit for visit in visits if visit.on > today]
    return {
        "name": child.name,
        "birth": _day(child.birth),
        "age": _age(child.birth, today),
        "picture": picture_of(child, visits, untold, today, load()),
        "today": _day(today),
        "edition": load().edition.title,
        "rule": RULE,
        "unsure": UNSURE,
        "now": [_stop(child, visit, today) for visit in visits if visit.on == today],
        "soon": [_stop(child, visit, today) for visit in ahead if visit.on <= today + _SOON],
        "later": [_stop(child, visit, today) for visit in ahead if visit.on > today + _SOON],
        "ask": [_line(child, row, today) for row in rows if row.status == "ask_clinic"],
        "over": [_line(child, row, today) for row in rows if row.status == "aged_out"],
        "complete": [_family(row) for row in rows if row.status == "complete" and not _is_taken(row, taken)],
        "given": [_given(child, dose) for dose in reversed(child.doses)],
        "untold": list(dict.fromkeys(product_name(one.vaccine) for one in untold)),
        "growth": [
            {"day": _day(one.on), "height": one.height_cm, "weight": one.weight_kg} for one in reversed(child.growth)
        ],
    }


def calendar_of(child: Child, *, now: datetime) -> bytes:
    """Return the visits ahead as an iCalendar file (RFC 5545): whole days, with an alarm the day before."""
    today = in_china(now).date()
    calendar = Calendar()
    calendar.add("prodid", "-//handbook-assistant//vaccination plan//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{child.name}的接种计划")
    for visit in visits_ahead(child, today, _AHEAD.after(child.birth)):
        if visit.on > today:
            calendar.add_component(_event(child, visit, today, now))
    return bytes(calendar.to_ical())


def _event(child: Child, visit: Visit, today: date, now: datetime) -> Event:
    lines = _stop(child, visit, today).lines
    event = Event()
    vaccines = "|".join(sorted(f"{row.vaccine}{row.dose}" for row in visit.rows))
    # The same doses keep their event when the plan is imported again, wherever their day has moved.
    event.add("uid", f"{sha256(f'{child.number}|{vaccines}'.encode()).hexdigest()[:32]}@vaccination-plan")
    event.add("dtstamp", now)
    event.add("dtstart", visit.on)
    event.add("dtend", visit.on + timedelta(days=1))
    event.add("summary", f"{child.name}接种：{'、'.join(line.name for line in lines)}")
    unsure = [f"{line.name}：{UNSURE}" for line in lines if not line.is_sure]
    event.add("description", "\n".join([*unsure, "从这天起可以打，先和接种门诊约时间。", RULE]))
    event.add("transp", "TRANSPARENT")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", "明天可以带孩子接种")
    alarm.add("trigger", timedelta(hours=-15))
    event.add_component(alarm)
    return event


def _stop(child: Child, visit: Visit, today: date) -> Stop:
    lines = [_line(child, row, today) for row in visit.rows]
    return Stop(day=_day(visit.on), age=_age(child.birth, visit.on), lines=lines)


def _line(child: Child, row: Row, today: date) -> Line:
    remarks = ["自费，自愿打"] if _is_paid(child, row) else []
    remarks += [reason.say for reason in row.reasons if reason.code not in _STATE_CODES]
    if row.latest is not None and row.latest - max(today, row.recommended or today) < timedelta(days=366):
        remarks.append(f"最晚{_day(row.latest)}前打")
    return Line(
        name=f"{_family(row)}{f'第{row.dose}剂' if row.dose else ''}",
        remarks=list(dict.fromkeys(remarks)),
        is_sure=row.certainty == "high",
        is_late=row.status == "overdue",
    )


def _is_paid(child: Child, row: Row) -> bool:
    """Whether the parents pay: some provinces give vaccines for nothing that are self-paid elsewhere."""
    free = (one for one in load().overlays if one.effect == "free" and one.family == row.vaccine)
    here = any(child.profile.region.startswith(where) for one in free for where in one.where)
    return row.vaccine in load().self_paid and not here


def _is_taken(row: Row, groups: set[str]) -> bool:
    """Whether a vaccine counts as complete only because nobody told what was given."""
    family = load().families.get(row.vaccine)
    return family is not None and family.group in groups


def _family(row: Row) -> str:
    family = load().families.get(row.vaccine)
    return family.name if family else row.vaccine


def _given(child: Child, dose: Dose) -> dict[str, str]:
    number = [one for one in child.doses if one.vaccine == dose.vaccine].index(dose) + 1
    return {
        "day": _day(dose.on),
        "age": _age(child.birth, dose.on),
        "name": f"{product_name(dose.vaccine)}第{number}针",
        "source": SOURCES[dose.source],
    }


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _age(birth: date, on: date) -> str:
    months = (on.year - birth.year) * 12 + on.month - birth.month - (on.day < birth.day)
    if months < 1:
        return "出生" if on == birth else f"{(on - birth).days}天"
    years, rest = divmod(months, 12)
    return f"{months}个月" if months < 24 else f"{years}岁{f'{rest}个月' if rest else ''}"


def _over() -> Response:
    # The same words for a wrong and an old link, and for one whose child is gone: they tell nothing to who tries links.
    return private(render_template("vaccine_plan.html", until=None), status=404)
