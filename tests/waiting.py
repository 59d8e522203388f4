"""Waiting for what another thread is about to do: as short as possible, and never for ever."""

import threading
import time
from collections.abc import Callable


def eventually(is_so: Callable[[], bool], *, within_seconds: float = 10.0) -> bool:
    """Tell whether it becomes true in time; look again every few milliseconds."""
    until, never = time.monotonic() + within_seconds, threading.Event()
    while not is_so():
        if time.monotonic() > until:
            return False
        never.wait(0.02)
    return True
