"""When nobody is to be disturbed: 21:00 to 8:00 in China. Pure."""

from datetime import datetime, time, timedelta
from zlib import crc32

from bot.clock import CHINA, in_china

BEGINS, ENDS = time(21), time(8)
_OFF_THE_HOUR_MINUTES = 4
_SPREAD_MINUTES = 28  # 08:01 to 08:28: off the full and the half hour, at which everybody else sends


def is_quiet(moment: datetime) -> bool:
    """Whether reminders have to wait at this moment."""
    clock = in_china(moment).time()
    return clock >= BEGINS or clock < ENDS


def next_allowed(moment: datetime, *, seed: str) -> datetime:
    """Return the moment itself, or some minutes after the quiet hours' end; the same seed gives the same minutes.

    The full and the half hour are left to everybody else: some minutes later.
    """
    if not is_quiet(moment):
        late = 1 + crc32(seed.encode()) % _OFF_THE_HOUR_MINUTES
        return moment + timedelta(minutes=late) if in_china(moment).minute in (0, 30) else moment
    here = in_china(moment)
    day = here.date() + timedelta(days=1) if here.time() >= BEGINS else here.date()
    minutes = 1 + crc32(seed.encode()) % _SPREAD_MINUTES
    return (datetime.combine(day, ENDS, tzinfo=CHINA) + timedelta(minutes=minutes)).astimezone(moment.tzinfo)


def quiet_from(moment: datetime) -> datetime:
    """Return when the next quiet hours begin, or the moment itself within them."""
    if is_quiet(moment):
        return moment
    return datetime.combine(in_china(moment).date(), BEGINS, tzinfo=CHINA).astimezone(moment.tzinfo)
