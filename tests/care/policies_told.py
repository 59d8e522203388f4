"""Policies as an insurer would tell them, made up: unissued area codes, names that nobody has."""

from dataclasses import replace
from datetime import date
from typing import Any

from care.policy import Insured, Policy

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(birth: date, *, serial: int = 1, sex: str = "M", area: str = "990101") -> str:
    """Return an identity number with a right check digit; serials below 50 give different numbers for one sex."""
    body = f"{area}{birth:%Y%m%d}{serial * 2 + (sex == 'M'):03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def child(name: str = "测试宝宝", *, birth: date = date(2022, 5, 1), sex: str = "F", serial: int = 1) -> Insured:
    return Insured(name=name, birth=birth, sex=sex, relation="child", id_number=identity(birth, sex=sex, serial=serial))


def told(number: str = "TEST-0001", **other: Any) -> Policy:
    """Return a policy of a parent with one child."""
    policy = Policy(
        number=number,
        product="chengzhang-youxiang-2025",
        plan="plus",
        effective_on=date(2026, 3, 1),
        expires_on=date(2027, 2, 28),
        holder_name="甲测试",
        holder_id_number=identity(date(1990, 2, 3), serial=7),
        holder_phone="19900001234",
        insured=(child(),),
    )
    return replace(policy, **other)
