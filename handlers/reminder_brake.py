"""Stops all reminding for a while when too much of it fails: something is wrong that people should look at first."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

log = structlog.get_logger()

_JUDGED, _FEWEST, _BAD_SHARE = 100, 20, 0.3


@dataclass
class Brake:
    """Judges the latest hundred ends of one process. Safe for threads."""

    pause: timedelta = timedelta(minutes=15)
    _ends: deque[bool] = field(default_factory=lambda: deque(maxlen=_JUDGED))

    def saw(self, *, failed: bool) -> None:
        """Take note of one end. What one person alone refuses is no failure."""
        self._ends.append(failed)

    def has_to_stop(self) -> bool:
        """Whether too many of the latest failed; then it begins anew."""
        ends = list(self._ends)
        failed = sum(ends)
        if len(ends) < _FEWEST or failed <= _BAD_SHARE * len(ends):
            return False
        log.error("reminders paused", failed=failed, of=len(ends))
        self._ends.clear()
        return True
