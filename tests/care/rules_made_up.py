"""Rules of services for tests, without a handbook: the shapes of care.rules with what a test needs set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Within:
    most: int
    unit: str


@dataclass(frozen=True)
class Hours:
    days: str = "working_days"
    opens: str = "09:00"
    closes: str = "18:00"
    holidays: bool = False
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class LeadTime:
    slot: str = "planned_on"
    working_days: int = 1
    by: str | None = None
    late: str = "已经过了可以取消的时间"
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class UseRule:
    count: int = 1
    per: str = "policy_year"
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class Eligibility:
    uses: Sequence[UseRule] = ()
    hours: Hours | None = None
    persons: Sequence[str] = ("insured",)
    waiting: None = None
    cooling_off: None = None
    option: str | None = None
    needs: Sequence[Any] = ()
    refusals: Sequence[Any] = ()
    lost_on_lapse: None = None
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class Step:
    id: str
    next: Sequence[str] = ()
    ends: str | None = None
    waits_for: str = "us"
    use: str | None = None
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: str = "一步"

    @property
    def tell(self) -> str:
        return f"进度到了{self.id}。"


@dataclass(frozen=True)
class Promise:
    id: str
    start: str
    end: str
    within: Within
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    say: str = "会尽快办好"
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class Cancelling:
    use: str = "released"
    since: str | None = None
    lead_time: LeadTime | None = None
    say: str = "可以取消"
    clause: Sequence[str] = ()


@dataclass(frozen=True)
class Flow:
    steps: Sequence[Step]
    promises: Sequence[Promise] = ()
    eligibility: Eligibility = Eligibility()
    cancelling: Cancelling = Cancelling()
    lead_time: LeadTime | None = None
    service: str = "inpatient-advance"
    version: int = 1
