"""A row of the forecast: a family's next dose and how it stands on a day."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from care.vaccination.rules import Certainty
from care.vaccination.words import Reason, least_sure

Status = Literal["upcoming", "due", "overdue", "complete", "aged_out", "not_applicable", "ask_clinic"]
DATED: frozenset[str] = frozenset(("upcoming", "due", "overdue"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`dose` is null when complete or not applicable, the days are null but for upcoming, due and overdue.

    `before` is exclusive, `latest` inclusive. `earliest` and `recommended` may lie in the past. `asks_from`: the day
    from which a question to the clinic is of use, None: at once; of a dose with days: from which the clinic must be
    asked. It is no part of the contract's shape.
    """

    vaccine: str
    status: Status
    dose: int | None = None
    product: str | None = None
    earliest: date | None = None
    recommended: date | None = None
    before: date | None = None
    latest: date | None = None
    reasons: tuple[Reason, ...] = ()
    asks_from: date | None = None

    @property
    def certainty(self) -> Certainty:
        """How sure the least sure rule behind this row is; below high a health manager confirms it."""
        return least_sure([reason.certainty for reason in self.reasons])

    def to_json(self) -> dict[str, Any]:
        """Return the row in the contract's shape, days as YYYY-MM-DD."""
        return {
            "vaccine": self.vaccine,
            "dose": self.dose,
            "product": self.product,
            "earliest": _day(self.earliest),
            "recommended": _day(self.recommended),
            "before": _day(self.before),
            "latest": _day(self.latest),
            "status": self.status,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
