"""The trail of reading: opening a conversation is written down each time, what its open page fetches is part of it."""

import threading
from datetime import datetime, timedelta

from console.office import Office
from console.rights import audited, current_user

_ONE_READING = timedelta(minutes=10)
_REMEMBERED = 20_000


class Readings:
    """Remembers for this process who has which conversation open."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._at: dict[tuple[int, int], datetime] = {}
        self._lock = threading.Lock()

    def note(self, conversation_id: int, *, fresh: bool) -> None:
        """Write a reading down; `fresh`: the page was opened, rather than kept up to date."""
        key, now = (current_user().id, conversation_id), self._office.clock()
        with self._lock:
            before = self._at.get(key)
            is_new = fresh or before is None or now - before > _ONE_READING
            if is_new:
                if len(self._at) >= _REMEMBERED:
                    self._at.clear()
                self._at[key] = now
        if is_new:
            audited(self._office, "conversation read", f"conversation:{conversation_id}")
