"""Time as an argument: code that needs "now" is given a Clock, so that tests can freeze it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]

# China has one zone without daylight saving; a fixed offset needs no zone database at run time.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


def system_clock() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


def in_china(moment: datetime) -> datetime:
    """Return the same instant as people in China read it. Refuses naive times."""
    if moment.tzinfo is None:
        raise ValueError("times are aware here; got a naive datetime")
    return moment.astimezone(CHINA)
