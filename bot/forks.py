"""Side processes: forks of a serving process that work out one kind of question, so that its interpreter stays free.

Python runs one thread of a process at a time; what takes long and hangs on nothing but its question is worked out
beside it, on another processor. A fork shares the pages of what its parent has learned. It has no database, no socket
and no file, and ends with its parent. Whoever finds none free works out the answer: a side process saves time, and
nothing depends on it.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar, cast

import structlog

log = structlog.get_logger()

Q = TypeVar("Q")
A = TypeVar("A")

_LINES = 2  # to each: while one question is worked out the next one lies ready
_PATIENCE_SECONDS = 1.0
_STANDARD_ERROR = 2


class SideProcesses(Generic[Q, A]):
    """Some forks that answer questions of one kind. Questions and answers are pickled."""

    def __init__(self, answer: Callable[[Q], A], *, count: int) -> None:
        """`answer` hangs on its question alone, and on what this process holds at `start`."""
        self._answer = answer
        self._count = count
        self._idle: deque[Connection] = deque()
        self._lock = threading.Lock()
        self._processes: list[int] = []

    def start(self) -> None:
        """Fork. To be called while no other thread of this process holds anything that `answer` needs."""
        for _ in range(self._count):
            pairs = [Pipe() for _ in range(_LINES)]
            process = os.fork()
            if not process:
                _serve(self._answer, [theirs for _, theirs in pairs])
            self._processes.append(process)
            for ours, theirs in pairs:
                theirs.close()
                self._idle.append(ours)

    def ask(self, question: Q) -> A | None:
        """Return the answer, or None where no side process is free or has one: then work it out here."""
        try:
            line = self._idle.pop()
        except IndexError:
            return None
        try:
            line.send(question)
            if not line.poll(_PATIENCE_SECONDS):
                raise TimeoutError
            told: A | None = line.recv()
        except (OSError, EOFError) as error:  # a time-out is an OSError, too
            # An answer that comes later must not be taken for that to another question.
            line.close()
            self._bury(os.WNOHANG)
            log.warning("side process gave no answer", error=type(error).__name__)
            return None
        self._idle.append(line)
        return told

    def stop(self) -> None:
        """End them, whatever they are at. Later questions get None."""
        while self._idle:
            self._idle.pop().close()
        with self._lock:
            for process in self._processes:
                os.kill(process, signal.SIGKILL)  # not waited for yet, so that the number is still its own
        self._bury()

    def _bury(self, how: int = 0) -> None:
        """Wait for those that ended (with WNOHANG only for those that already have), so that none stays a zombie."""
        with self._lock:
            self._processes = [process for process in self._processes if _is_running(process, how)]


def _is_running(process: int, how: int) -> bool:
    try:
        return os.waitpid(process, how) == (0, 0)
    except ChildProcessError:  # somebody else has waited for it
        return False


def _serve(answer: Callable[[Q], A], lines: Sequence[Connection]) -> None:
    """Answer until the parent hangs up, and end without what a process does at its end: all that is the parent's."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the keyboard it goes to all; the parent ends first
        _keep_only({line.fileno() for line in lines})
        open_lines = list(lines)
        while open_lines:
            for line in cast(list[Connection], wait(open_lines)):
                if not _answered(answer, line):
                    open_lines.remove(line)
    finally:
        os._exit(0)


def _answered(answer: Callable[[Q], A], line: Connection) -> bool:
    """Answer what waits on a line; whether somebody is still at its other end."""
    try:
        question = line.recv()
    except (EOFError, OSError):
        return False
    try:
        told = answer(question)
    except Exception:  # the asker meets the same fault, and tells of it where it is heard
        told = None
    try:
        line.send(told)
    except OSError:
        return False
    return True


def _keep_only(kept: set[int]) -> None:
    """Close every file but the standard ones and `kept`: a port must not stay open when the parent is killed."""
    for number in map(int, os.listdir("/dev/fd")):
        if number > _STANDARD_ERROR and number not in kept:
            with suppress(OSError):  # what the listing itself was read by is closed already
                os.close(number)
