"""A child as it is told to the forecaster, read from JSON. Bad input is refused with what is wrong and the remedy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.errors import UserFault
from care.vaccination.programme import Programme, fold

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_OLDEST, _NEWEST = date(1930, 1, 1), date(2200, 1, 1)
_SEXES = {"M": "M", "F": "F", "男": "M", "女": "F"}
_CHOICES = {"JE": ("JE_L", "JE_I"), "HepA": ("HepA_L", "HepA_I")}
_EVENTS = ("immunoglobulin", "ivig")
MOST_DOSES = 200


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Given:
    """A dose as a clinic recorded it. `vaccine`: the code of a product."""

    on: date
    vaccine: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """`kind`: immunoglobulin (any blood product) | ivig (high dose)."""

    on: date
    kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """What is known of a child on the day `as_of`. `given` is in the order of days, without repetitions.

    `options`: group (JE, HepA) → family. `complete_for`: families or groups whose record is whole; None means all.
    `region`: the province in Chinese, or empty.
    """

    id: str | int
    birth: date
    sex: str | None
    as_of: date
    given: tuple[Given, ...] = ()
    options: Mapping[str, str]
    selected: tuple[str, ...] = ()
    mother_hbsag: str | None = None
    birth_weight_g: float | None = None
    conditions: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    complete_for: frozenset[str] | None = None
    region: str = ""


def read_child(told: Any, programme: Programme) -> Child:
    """Return the child of one JSON object (the contract's input). Raises UserFault: what is wrong, and the remedy."""
    fields = _object(told, "the line")
    birth, as_of = _day(fields, "birth"), _day(fields, "as_of")
    if as_of < birth:
        raise UserFault(f"as_of {as_of}: is before birth {birth}; correct one of them")
    profile = _object(fields.get("profile") or {}, "profile")
    span = (birth, as_of)
    return Child(
        id=_id(fields),
        birth=birth,
        sex=_SEXES.get(_one_of(fields.get("sex"), "sex", tuple(_SEXES)) or ""),
        as_of=as_of,
        given=_given(fields.get("given"), span, programme),
        options=_options(fields.get("options")),
        selected=_codes(fields.get("selected_optional"), "selected_optional", tuple(programme.self_paid), programme),
        mother_hbsag=_one_of(profile.get("mother_hbsag"), "mother_hbsag", ("positive", "negative", "unknown")),
        birth_weight_g=_grams(profile.get("birth_weight_g")),
        conditions=_codes(profile.get("conditions"), "conditions", tuple(programme.conditions)),
        events=tuple(_event(event, span) for event in _list(fields.get("events"), "events")),
        complete_for=_complete_for(fields.get("history_complete_for"), programme),
        region=_text(fields.get("region") or profile.get("region") or "", "region"),
    )


def _given(told: Any, span: tuple[date, date], programme: Programme) -> tuple[Given, ...]:
    entries = _list(told, "given")
    if len(entries) > MOST_DOSES:
        raise UserFault(f"given: {len(entries)} doses; no child has more than {MOST_DOSES}, check the record")
    return tuple(sorted({_dose(entry, place, span, programme) for place, entry in enumerate(entries, start=1)}))


def _dose(entry: Any, place: int, span: tuple[date, date], programme: Programme) -> Given:
    fields = _object(entry, f"given {place}")
    name = _text(fields.get("product") or fields.get("vaccine"), f"given {place}: vaccine")
    code = programme.names.get(fold(name))
    if code is None:
        raise UserFault(f"given {place}: vaccine {name[:40]!r} is unknown; use one of {', '.join(programme.products)}")
    return Given(on=_within(_day(fields, "date", f"given {place}: "), f"given {place}: date", span), vaccine=code)


def _event(entry: Any, span: tuple[date, date]) -> Event:
    fields = _object(entry, "events")
    kind = _one_of(fields.get("type"), "events: type", _EVENTS)
    if kind is None:
        raise UserFault(f"events: type is missing; use one of {', '.join(_EVENTS)}")
    return Event(on=_within(_day(fields, "date", "events: "), "events: date", span), kind=kind)


def _within(day: date, place: str, span: tuple[date, date]) -> date:
    birth, as_of = span
    if day < birth:
        raise UserFault(f"{place} {day}: is before birth {birth}; correct one of them")
    if day > as_of:
        raise UserFault(f"{place} {day}: lies after as_of {as_of}; leave out what has not happened yet")
    return day


def _day(fields: Mapping[str, Any], key: str, place: str = "") -> date:
    value = fields.get(key)
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise UserFault(f"{place}{key} {_short(value)}: no date; write YYYY-MM-DD")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise UserFault(f"{place}{key} {value}: no such day; correct it") from error
    if not _OLDEST <= day <= _NEWEST:
        raise UserFault(f"{place}{key} {value}: no day of a child's life; check the year")
    return day


def _id(fields: Mapping[str, Any]) -> str | int:
    value = fields.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise UserFault(f"id {_short(value)}: give the child a text or a number as id")
    if isinstance(value, str) and not value.isprintable():
        raise UserFault("id: holds characters that can't be printed; write it with letters and figures")
    return value


def _options(told: Any) -> dict[str, str]:
    options = {group: choice for group, choice in _object(told or {}, "options").items() if group in _CHOICES}
    for group, choice in options.items():
        if choice not in _CHOICES[group]:
            raise UserFault(f"options: {group} {_short(choice)}: use one of {', '.join(_CHOICES[group])}")
    return options


def _complete_for(told: Any, programme: Programme) -> frozenset[str] | None:
    if told is None:
        return None
    known = (*programme.families, *_CHOICES)
    return frozenset(_codes(told, "history_complete_for", known))


def _codes(told: Any, place: str, known: tuple[str, ...], programme: Programme | None = None) -> tuple[str, ...]:
    if told is None or told == []:
        return ()
    codes = {fold(code): code for code in known}
    if programme is not None:
        codes = {name: code for name, code in programme.names.items() if code in known} | codes
    found = []
    for name in _list(told, place):
        code = codes.get(fold(name)) if isinstance(name, str) else None
        if code is None:
            raise UserFault(f"{place}: {_short(name)} is unknown; use one of {', '.join(known)}")
        found.append(code)
    return tuple(dict.fromkeys(found))


def _grams(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 200 <= value <= 9000:
        raise UserFault(f"birth_weight_g {_short(value)}: no birth weight; give grams, such as 3200")
    return float(value)


def _one_of(value: Any, place: str, known: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if value not in known:
        raise UserFault(f"{place} {_short(value)}: use one of {', '.join(known)}")
    return str(value)


def _object(told: Any, place: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise UserFault(f"{place}: no JSON object; write {{…}}")
    return told


def _list(told: Any, place: str) -> list[Any]:
    if told is None:
        return []
    if not isinstance(told, list):
        raise UserFault(f"{place}: no list; write […]")
    return told


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise UserFault(f"{place} {_short(value)}: no text; write it in quotes")
    return value


def _short(value: Any) -> str:
    return "is missing" if value is None else repr(value)[:40]
