"""When to try again: a value that computes waits. It never sleeps, sends or stores."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Full-jitter backoff: a wait between 0 and a ceiling that doubles from `first_seconds` up to `cap_seconds`."""

    first_seconds: float = 1.0
    cap_seconds: float = 900.0
    tries: int = 12
    within: timedelta = timedelta(hours=24)

    def next_try(
        self,
        *,
        attempts: int,
        since: datetime,
        now: datetime,
        chance: random.Random,
        asked_seconds: float | None = None,
    ) -> datetime | None:
        """Return when to try again after `attempts` failed tries, or None when it is time to give up.

        `asked_seconds` is a wait that the platform asked for; it is kept, with up to a tenth more against stampedes.
        """
        if attempts >= self.tries:
            return None
        if asked_seconds is None:
            wait = chance.uniform(0, min(self.cap_seconds, self.first_seconds * 2.0 ** (attempts - 1)))
        else:
            wait = asked_seconds * chance.uniform(1.0, 1.1)
        due = now + timedelta(seconds=wait)
        return due if due - since <= self.within else None
