"""From which day a question to the clinic is of use for a recorded child. Pure: it reads no table and no clock."""

from datetime import date, datetime, timedelta

from bot.clock import in_china
from care.child import Child, Dose
from care.vaccination.programme import Programme
from care.vaccination.rows import Row

_BESIDE_LIVE = frozenset(("live_close",))
_BY_IMMUNOGLOBULIN = frozenset(("after_immunoglobulin", "before_immunoglobulin", "high_dose_immunoglobulin"))
_NEXT_DAY = timedelta(days=1)


def asks_on(child: Child, row: Row, programme: Programme) -> date:
    """Return the day to tell a parent that a clinic has to look at a row: the day after the last word on it, and not
    before the age at which it is of use.

    The last word is the profile, or the newest record that the question rests on: doses of the vaccine, other live
    doses where it is about the time between them, immunoglobulin. It does not move while nothing is told.
    """
    told = max((child.made_at, *_records(child, row, programme)))
    day = in_china(told).date() + _NEXT_DAY
    return day if row.asks_from is None else max(day, row.asks_from)


def _records(child: Child, row: Row, programme: Programme) -> list[datetime]:
    codes = {reason.code for reason in row.reasons}
    group = programme.families[row.vaccine].group

    def rests_on(dose: Dose) -> bool:
        product = programme.products.get(dose.vaccine)
        return product is not None and (group in product.counts or bool(product.live and codes & _BESIDE_LIVE))

    found = [dose.recorded_at for dose in child.doses if rests_on(dose)]
    found += [one.recorded_at for one in child.events if codes & _BY_IMMUNOGLOBULIN]
    return [at for at in found if at is not None]
