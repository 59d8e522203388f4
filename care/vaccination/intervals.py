"""Days before which a dose can't be given, each with its reason: the injected live vaccines, immunoglobulin."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from care.vaccination.child import Child
from care.vaccination.doses import Dose
from care.vaccination.programme import Programme
from care.vaccination.rules import Certainty
from care.vaccination.words import Reason, because


@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """A dose is not given before `day`. The reason is put into words only where this floor decides."""

    day: date
    code: str
    rule: str = ""
    certainty: Certainty = "high"
    gaps: dict[str, Any] = field(default_factory=dict)

    def reason(self) -> Reason:
        """Return the floor as a reason."""
        return because(self.code, rule=self.rule, certainty=self.certainty, **self.gaps)


def live_gap(live: tuple[Dose, ...], own: tuple[Dose, ...], programme: Programme) -> Floor | None:
    """Return the wait after the last injected live dose that is not one of the family's `own` (G5)."""
    mine = {(dose.on, dose.product.code) for dose in own}
    others = [dose for dose in live if (dose.on, dose.product.code) not in mine]
    if not others:
        return None
    last, span = others[-1], programme.span("G5")
    return Floor(
        day=span.after(last.on),
        code="live_gap",
        rule="G5",
        certainty=_certainty(last.product.code),
        gaps={"other": last.product.name, "interval": span.as_interval()},
    )


def immunoglobulin_wait(child: Child, programme: Programme) -> Floor | None:
    """Return the wait of an injected live vaccine (BCG excepted) after the last immunoglobulin."""
    if not child.events:
        return None
    span = programme.span("IG")
    return Floor(
        day=span.after(max(event.on for event in child.events)),
        code="immunoglobulin",
        rule="IG",
        gaps={"interval": span.as_interval()},
    )


def live_doubts(live: tuple[Dose, ...], own: tuple[Dose, ...], programme: Programme) -> list[Reason]:
    """Return a reason for each own injected live dose given too soon after another group's (the same day is fine)."""
    span = programme.span("G5")
    found = []
    for dose in own:
        if not dose.product.live:
            continue
        for other in live:
            if other.on < dose.on < span.after(other.on) and other.product.counts.keys() != dose.product.counts.keys():
                gaps = {"day": dose.on, "other": other.product.name}
                found.append(because("live_close", rule="G11", certainty="low", **gaps))
                break
    return found


def immunoglobulin_doubts(child: Child, own: tuple[Dose, ...], programme: Programme) -> list[Reason]:
    """Return a reason for each own live dose within 3 months after, or 2 weeks before, an immunoglobulin."""
    found = []
    for dose in own:
        for event in child.events:
            if event.on <= dose.on < programme.span("IG").after(event.on):
                found.append(because("after_immunoglobulin", rule="IG", certainty="low", day=dose.on))
            elif 0 < (event.on - dose.on).days < 14:
                found.append(because("before_immunoglobulin", rule="IG", certainty="low", day=dose.on))
    return found


def _certainty(code: str) -> Certainty:
    return "medium" if code == "BCG" else "high"
