"""The shapes of the rules: families, plans, doses, products, overlays, conditions. The YAML files hold nothing else."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from care.vaccination.spans import Span, parse_span

Certainty = Literal["high", "medium", "low"]
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


def _span(value: Any) -> Any:
    if isinstance(value, Span):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no duration such as P8M or P28D")
    return parse_span(value)


Age = Annotated[Span, BeforeValidator(_span)]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Sourced(BaseModel):
    """Says how sure a rule is and where it was read. Unknown keys are refused: they would have no effect."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    certainty: Certainty
    source: tuple[str, ...] = Field(min_length=1)


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Edition(Sourced):
    title: str
    doc_no: str
    since: date


class GeneralRule(Sourced):
    id: str
    say: str
    value: Age | None = None


class DoseRule(Sourced):
    """One dose in one wording; see the head of programme.yaml for the keys."""

    dose: int = Field(ge=1)
    product: str | None = None
    min_age: Age = Span()
    min_interval: Age | None = None
    interval_certainty: Certainty | None = None
    max_interval: Age | None = None
    from_first: Age | None = None
    from_first_certainty: Certainty | None = None
    recommended_age: Age | None = None
    before: Age | None = None
    no_later_than: Age | None = None
    since: date = FIRST_DAY
    until: date = LAST_DAY


class Plan(Shape):
    """The doses of a family for those who start at this age. Wordings of one dose stand in the order of time."""

    id: str = "routine"
    start_from: Age | None = None
    start_to: Age | None = None
    then: Literal["complete", "ask_clinic"] = "complete"
    doses: tuple[DoseRule, ...] = Field(min_length=1)

    @cached_property
    def wordings(self) -> dict[int, tuple[DoseRule, ...]]:
        """Dose number → its wordings in the order of time. Kept: a forecast asks for them often."""
        found: dict[int, tuple[DoseRule, ...]] = {}
        for rule in self.doses:
            found[rule.dose] = (*found.get(rule.dose, ()), rule)
        return found

    @cached_property
    def length(self) -> int:
        """The number of doses."""
        return len(self.wordings)

    def reached(self, number: int, birth: date, as_of: date) -> tuple[DoseRule, date]:
        """Return the wording in force for a dose still to come, and the first day on which the age allowed it.

        A child that was old enough before a rule began could start when it began, or earlier by the older wording.
        """
        wordings = self.wordings[number]
        for place, rule in enumerate(wordings):
            day = rule.min_age.after(birth)
            if max(day, as_of) > rule.until:
                continue
            if day < rule.since:
                older = wordings[place - 1].min_age.after(birth) if place else LAST_DAY
                day = max(day, min(older, rule.since))
            return rule, day
        raise ValueError(f"{self.id}: dose {number} has no wording on {as_of}")

    def wording_on(self, number: int, day: date) -> DoseRule:
        """Return the wording of a dose in force on a day; before the oldest one began, the oldest."""
        wordings = self.wordings[number]
        return next((rule for rule in wordings if day <= rule.until), wordings[-1])


class Cohort(Sourced):
    born_from: date = FIRST_DAY
    needs: Mapping[str, int]


class Season(Shape):
    opens: MonthDay
    preferred_before: MonthDay
    closes: MonthDay


class Family(Shape):
    """A row of the forecast. `group`: what its doses are recorded under; JE_L and JE_I share one."""

    code: str
    name: str
    group: str = ""
    default: bool = False
    live: bool = False
    waits_after_immunoglobulin: bool = False
    ask_first: bool = False
    plans: tuple[Plan, ...] = Field(min_length=1)
    ends_at: Age | None = None
    ends_certainty: Certainty | None = None
    marks: Mapping[str, Age] = {}
    days: Mapping[str, date] = {}
    cohorts: tuple[Cohort, ...] = ()
    season: Season | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Give the family its own group where the file names none."""
        if not self.group:
            object.__setattr__(self, "group", self.code)

    def plan(self, name: str) -> Plan:
        """Return the plan of this name; the check of the rules has seen to it that it is there."""
        return next(plan for plan in self.plans if plan.id == name)


class Product(Shape):
    """A recorded vaccine. `counts`: group → as which product a dose counts there."""

    code: str
    name: str
    counts: Mapping[str, str] = Field(min_length=1)
    live: bool = False
    antigens: tuple[str, ...] = ()
    label_ages: Mapping[str, tuple[Age, ...]] = {}
    called: tuple[str, ...] = ()


class Overlay(Sourced):
    """What a province does differently."""

    id: str
    where: tuple[str, ...]
    family: str
    effect: Literal["free", "product", "remark"]
    product: str | None = None
    since: date = FIRST_DAY
    say: str


class Condition(Sourced):
    """What a child has that changes the programme for it."""

    id: str
    code: str
    ask: tuple[str, ...]
    product: Mapping[str, str] = {}
    say: str
