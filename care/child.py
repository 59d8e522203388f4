"""A child as it is recorded, as values: its profile, doses, growth, check-ups. It reads no table and no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from bot.errors import RefusedInput
from care.vaccination.programme import Programme
from care.vaccination.rule_files import load

Source = Literal["parent", "import", "clinic_confirmed"]
FaultCode = Literal["unknown_vaccine", "before_birth", "future", "same_day"]


@dataclass(frozen=True, kw_only=True)
class Dose:
    """A dose given. `vaccine`: the code of a product (care/vaccination/products.yaml); `product`: as it was said.

    `is_about`: only the month or the age was told, and the day was estimated. `recorded_at`: when it was first told;
    None until it is stored.
    """

    on: date
    vaccine: str
    product: str = ""
    is_about: bool = False
    source: Source = "parent"
    id: int | None = None
    recorded_at: datetime | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Height and weight on a day; either may be missing."""

    on: date
    height_cm: float | None = None
    weight_kg: float | None = None
    source: Source = "parent"
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class CheckUp:
    """A check-up that was done. `months`: the age it belongs to, None where nobody said."""

    on: date
    months: int | None = None
    source: Source = "parent"
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class VaccineEvent:
    """What makes live vaccines wait. `kind`: immunoglobulin (any blood product) | ivig (high dose).

    `recorded_at`: as of a dose.
    """

    on: date
    kind: str
    source: Source = "parent"
    id: int | None = None
    recorded_at: datetime | None = field(default=None, compare=False, repr=False)


Record = Dose | Growth | CheckUp | VaccineEvent


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is told of a child. `sex`: M | F, "" unknown; `region`: the province; `conditions`: the parent's words.

    `options`: group (JE, HepA) → family; `selected`: self-paid families wanted; `condition_codes`: what a health
    manager set. `record_since`: doses that fell due before this day and are not recorded may well have been given;
    None: the record is whole. `booked_for`: the day of a visit that the parent has booked; `put_off_until`: until then
    they want no reminding of doses; one of the two at most. What describes the child is left out of `repr`.
    """

    name: str = field(repr=False)
    birth: date = field(repr=False)
    sex: str = field(default="", repr=False)
    region: str = field(default="", repr=False)
    conditions: str = field(default="", repr=False)
    birth_weight_g: float | None = field(default=None, repr=False)
    mother_hbsag: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    selected: tuple[str, ...] = field(default=(), repr=False)
    condition_codes: tuple[str, ...] = field(default=(), repr=False)
    record_since: date | None = field(default=None, repr=False)
    booked_for: date | None = field(default=None, repr=False)
    put_off_until: date | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Child:
    """One child with what stands of its records, each kind in the order of days."""

    id: int
    number: str
    policy_id: int | None
    insured_id: int | None
    made_at: datetime
    profile: Profile = field(repr=False)
    doses: tuple[Dose, ...] = field(default=(), repr=False)
    growth: tuple[Growth, ...] = field(default=(), repr=False)
    check_ups: tuple[CheckUp, ...] = field(default=(), repr=False)
    events: tuple[VaccineEvent, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        return self.profile.name

    @property
    def birth(self) -> date:
        return self.profile.birth


class RecordRefused(RefusedInput):
    """A record that cannot be; nothing was stored. `record` is the one, `fault` says why."""

    def __init__(self, fault: FaultCode, record: Record) -> None:
        self.fault = fault
        self.record = record
        super().__init__(f"record of a child: {fault.replace('_', ' ')}")


def fault_of_day(birth: date, on: date, *, today: date) -> FaultCode | None:
    """Return why nothing can have been done to a child on a day, or None."""
    return "before_birth" if on < birth else "future" if on > today else None


def fault_of_dose(
    dose: Dose, *, birth: date, others: Sequence[Dose], today: date, programme: Programme
) -> FaultCode | None:
    """Return why a dose cannot be, beside the others of the child, or None.

    "same_day": another vaccine of the same family is recorded on that day; one of them must be a slip.
    """
    if dose.vaccine not in programme.products:
        return "unknown_vaccine"
    groups = programme.products[dose.vaccine].counts.keys()
    beside = [one for one in others if one.on == dose.on and one.vaccine != dose.vaccine]
    if any(
        groups & programme.products[one.vaccine].counts.keys() for one in beside if one.vaccine in programme.products
    ):
        return fault_of_day(birth, dose.on, today=today) or "same_day"
    return fault_of_day(birth, dose.on, today=today)


def product_name(code: str) -> str:
    """Return how people call a product; a code that the rules no longer know stays as it is."""
    product = load().products.get(code)
    return product.name if product else code
