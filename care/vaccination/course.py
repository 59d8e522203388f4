"""One family of one child: what was given, what stands in the way, and the row of its next dose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from care.vaccination.child import Child
from care.vaccination.doses import Dose
from care.vaccination.intervals import Floor, immunoglobulin_wait, live_gap
from care.vaccination.programme import Programme
from care.vaccination.rows import Row, Status
from care.vaccination.rules import Certainty, DoseRule, Family, Overlay, Plan
from care.vaccination.spans import Span
from care.vaccination.words import Reason, because


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """From `day` on the dose is not given any more; `age` says so in words."""

    day: date
    age: str
    rule: str
    certainty: Certainty


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What a family's own logic says of the next dose beyond the rule of the table."""

    product: str | None = None
    floors: Sequence[Floor] = ()
    instead_of_age: bool = False  # `floors` replace the age and interval of the table: catch-up with rules of its own
    limit: Limit | None = None
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """`doses`: those that count for the family, in order; `live`: every injected live dose of the child."""

    child: Child
    family: Family
    programme: Programme
    doses: tuple[Dose, ...]
    live: tuple[Dose, ...]
    overlays: tuple[Overlay, ...] = ()

    def ended(
        self,
        status: Status,
        *reasons: Reason,
        dose: int | None = None,
        product: str | None = None,
        asks_from: date | None = None,
    ) -> Row:
        """Return a row without days."""
        if status in ("aged_out", "ask_clinic") and product is None:
            product = self.family.code
        return Row(
            vaccine=self.family.code, status=status, dose=dose, product=product, reasons=reasons, asks_from=asks_from
        )

    def complete(self, *reasons: Reason) -> Row:
        """Return the row of a finished series."""
        return self.ended("complete", *reasons, because("complete"))

    def next_dose(self, number: int, plan: Plan, proposal: Proposal | None = None) -> Row:
        """Return the row of dose `number`, by the table and what the family's own logic adds."""
        proposal = proposal or Proposal()
        rule, by_age = plan.reached(number, self.child.birth, self.child.as_of)
        product = proposal.product or rule.product or self.family.code
        limit = self._limit(rule, proposal.limit)
        floors = [*proposal.floors, *self._waits()]
        if not proposal.instead_of_age:
            floors += self._table_floors(number, rule, by_age)
        earliest = max(floor.day for floor in floors)
        if self.child.as_of >= limit.day or earliest >= limit.day:
            code = "aged_out" if self.child.as_of >= limit.day else "aged_out_next"
            reason = because(code, rule=limit.rule, certainty=limit.certainty, age=limit.age)
            return self.ended("aged_out", reason, dose=number, product=product)
        return self._dated(number, rule, product, floors, earliest, limit, proposal.reasons)

    def _dated(
        self,
        number: int,
        rule: DoseRule,
        product: str,
        floors: Sequence[Floor],
        earliest: date,
        limit: Limit,
        more: Sequence[Reason],
    ) -> Row:
        child, name = self.child, f"{self.family.code}.{number}"
        reasons = [floor.reason() for floor in floors if floor.day == earliest]
        recommended = earliest
        if rule.recommended_age and rule.recommended_age.after(child.birth) > earliest:
            recommended = rule.recommended_age.after(child.birth)
            age = rule.recommended_age.as_age()
            reasons.append(because("recommended_age", rule=name, certainty=rule.certainty, age=age))
        if rule.max_interval and self.doses:
            most = rule.max_interval.as_interval()
            reasons.append(because("by_interval_most", rule=name, certainty=rule.certainty, interval=most))
        before = rule.before.after(child.birth) if rule.before else None
        status = standing(child.as_of, recommended, before)
        late = self.programme.span("G13").after(recommended)
        if status == "overdue":
            reasons.append(because("catch_up", rule="G2"))
        elif status == "due" and before is None and child.as_of >= late:
            reasons.append(because("late", rule="G2"))
        return Row(
            vaccine=self.family.code,
            status=status,
            dose=number,
            product=product,
            earliest=earliest,
            recommended=recommended,
            before=before,
            latest=limit.day - timedelta(days=1),
            reasons=(*reasons, *more),
        )

    def age_floor(self, number: int, plan: Plan) -> Floor:
        """Return the first day on which the table gives dose `number`, by age and by when its rule began."""
        return self._age_floor(number, *plan.reached(number, self.child.birth, self.child.as_of))

    def _age_floor(self, number: int, rule: DoseRule, by_age: date) -> Floor:
        began = by_age == rule.since and by_age > rule.min_age.after(self.child.birth)
        return Floor(
            day=by_age,
            code="rule_began" if began else "min_age",
            rule=f"{self.family.code}.{number}",
            certainty=rule.certainty,
            gaps={"day": by_age} if began else {"age": rule.min_age.as_age()},
        )

    def _table_floors(self, number: int, rule: DoseRule, by_age: date) -> list[Floor]:
        name = f"{self.family.code}.{number}"
        floors = [self._age_floor(number, rule, by_age)]
        if self.doses and rule.min_interval:
            sure = rule.interval_certainty or rule.certainty
            floors.append(interval_floor(self.doses[-1], rule.min_interval, name, sure))
        if self.doses and rule.from_first:
            sure = rule.from_first_certainty or rule.certainty
            floors.append(interval_floor(self.doses[0], rule.from_first, name, sure, code="from_first"))
        return floors

    def _waits(self) -> list[Floor]:
        waits = [live_gap(self.live, self.doses, self.programme)] if self.family.live else []
        if self.family.waits_after_immunoglobulin:
            waits.append(immunoglobulin_wait(self.child, self.programme))
        return [floor for floor in waits if floor is not None]

    def _limit(self, rule: DoseRule, limit: Limit | None) -> Limit:
        if limit is not None:
            return limit
        birth, family = self.child.birth, self.family
        if rule.no_later_than is not None:
            day = rule.no_later_than.after(birth) + timedelta(days=1)
            age = rule.no_later_than.as_age()
            return Limit(day=day, age=age, rule=f"{family.code}.{rule.dose}", certainty=rule.certainty)
        if family.ends_at is not None:
            sure = family.ends_certainty or rule.certainty
            return Limit(day=family.ends_at.after(birth), age=family.ends_at.as_age(), rule=family.code, certainty=sure)
        adult, general = self.programme.span("G3"), self.programme.general["G3"]
        return Limit(day=adult.after(birth), age=adult.as_age(), rule="G3", certainty=general.certainty)


def interval_floor(last: Dose, span: Span, rule: str, certainty: Certainty, *, code: str = "min_interval") -> Floor:
    """Return the wait of `span` after a dose."""
    gaps = {"interval": span.as_interval()}
    return Floor(day=span.after(last.on), code=code, rule=rule, certainty=certainty, gaps=gaps)


def standing(as_of: date, recommended: date, before: date | None) -> Status:
    """Return upcoming until `recommended`, due from then, overdue from `before` on."""
    if as_of < recommended:
        return "upcoming"
    return "overdue" if before is not None and as_of >= before else "due"
