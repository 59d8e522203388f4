"""Clocks that tests move by hand."""

from datetime import UTC, datetime, timedelta


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Move on (or back) by days, hours, minutes, seconds."""
        self.now += timedelta(**by)
