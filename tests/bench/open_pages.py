"""Open pages of the console as browsers keep them: each listens to the stream and asks for what changed.

They do what console/static/console.js does, with its times: what changed is gathered for 200 ms, its rows are asked for
(and the pieces of the conversation that is open), then the page rests eight times as long as that took, 0.4 to 3 s.
They live in a process of their own, so that they cost the client that makes the load nothing but processor time.
"""

import json
import multiprocessing
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from urllib.parse import quote

_BATCH, _POLL, _REST, _LEAST_REST = 0.2, 3.0, 8.0, 0.4
_MOST_IDS = 100
_SEATED_SECONDS = 60.0
_TOLD, _ROW = "told", "row"
_LINE = re.compile(r'data-id="(\d+)" data-version="(\d+)"')
_MARK = re.compile(r'data-mark="([^"]*)"')


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Who looks: the session's cookie, and the conversation they have open; 0: the list alone."""

    cookie: str
    conversation: int = 0


class Seen(NamedTuple):
    """A version of a conversation that a page was `told` of by the stream, or that stands in its `row`, and when."""

    page: int
    how: str
    conversation: int
    version: int
    at: float

    @property
    def is_row(self) -> bool:
        """Whether it stands on the page, rather than was only told to it."""
        return self.how == _ROW


class Watch:
    """Pages that are open: what they saw, and how long their askings took."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def seen(self) -> list[Seen]:
        """Return what the pages saw, in no order."""
        self._pipe.send("seen")
        return [Seen(*one) for one in self._pipe.recv()]

    def took(self) -> list[float]:
        """Return how long each asking took, in seconds, since this was asked for last."""
        self._pipe.send("took")
        took: list[float] = self._pipe.recv()
        return took


@contextmanager
def watching(port: int, seats: Sequence[Seat]) -> Iterator[Watch]:
    """Keep a page open for each seat. Raises RuntimeError when one cannot be opened."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_browse, args=(port, seats, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(_SEATED_SECONDS) or ours.recv() != "seated":
            raise RuntimeError("the pages could not be opened")
        yield Watch(ours)
    finally:
        process.terminate()  # their connections end with it; the server sees that when it next writes to them
        process.join(10)


def _browse(port: int, seats: Sequence[Seat], pipe: Connection) -> None:
    pages = [_Page(port, seat, number) for number, seat in enumerate(seats)]
    try:
        for page in pages:
            page.open()
        for page in pages:
            page.wait_seated()
    except (OSError, HTTPException, RuntimeError) as error:
        pipe.send(str(error))
        return
    pipe.send("seated")
    while (wanted := pipe.recv()) is not None:
        pipe.send([one for page in pages for one in (page.take_seen() if wanted == "seen" else page.take_took())])


class _Page:
    """One page: a thread that listens and one that asks."""

    def __init__(self, port: int, seat: Seat, number: int) -> None:
        self._port, self._seat, self._number = port, seat, number
        self._asking = HTTPConnection("127.0.0.1", port, timeout=30)
        self._changed = threading.Condition()
        self._known: dict[str, str] = {}
        self._ids: dict[int, None] = {}  # what changed, in the order in which it did
        self._present: dict[int, int] = {}  # the rows that stand on the page
        self._due: float | None = None
        self._rests_until = 0.0
        self._mark = ""
        self._seated = threading.Event()
        self._seen: list[Seen] = []
        self._took: list[float] = []

    def open(self) -> None:
        """Fetch the page, then keep it up to date."""
        path = f"/console/conversations/{self._seat.conversation}?queue=waiting" if self._seat.conversation else ""
        page = self._get(path or "/console/", is_live=False).decode()
        self._present = {int(id): int(version) for id, version in _LINE.findall(page)}
        self._mark = next(iter(_MARK.findall(page)), "")
        for work in (self._listen, self._ask):
            threading.Thread(target=work, daemon=True).start()

    def wait_seated(self) -> None:
        """Wait for the first news."""
        if not self._seated.wait(_SEATED_SECONDS):
            raise RuntimeError("no seat")

    def take_seen(self) -> list[Seen]:
        """Return what was seen since the last time."""
        with self._changed:
            seen, self._seen = self._seen, []
        return seen

    def take_took(self) -> list[float]:
        """Return how long each asking took since the last time."""
        with self._changed:
            took, self._took = self._took, []
        return took

    def _get(self, path: str, *, is_live: bool = True) -> bytes:
        headers = {"Cookie": self._seat.cookie, **({"X-Script": "1", "X-Live": "1"} if is_live else {})}
        self._asking.request("GET", path, headers=headers)
        answer = self._asking.getresponse()
        body = answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status}")
        return body

    def _listen(self) -> None:
        while True:
            wire = HTTPConnection("127.0.0.1", self._port, timeout=30)
            try:
                wire.request("GET", "/console/live", headers={"Cookie": self._seat.cookie})
                answer = wire.getresponse()
                if answer.status == HTTPStatus.OK:
                    self._follow(answer)
            except (OSError, HTTPException):
                pass
            wire.close()
            time.sleep(1.0)  # what the stream tells browsers to wait

    def _follow(self, stream: HTTPResponse) -> None:
        for line in stream:
            if line.startswith(b"data: "):
                self._heard(json.loads(line[6:])["versions"], at=time.perf_counter())

    def _heard(self, versions: dict[str, str], *, at: float) -> None:
        with self._changed:
            is_first = not self._known
            for id, version in versions.items():
                number = int(version.split("-")[0])
                if self._known.get(id) != version:
                    self._known[id] = version
                    self._seen.append(Seen(self._number, _TOLD, int(id), number, at))
                    if not is_first or self._present.get(int(id), number) != number:
                        self._ids[int(id)] = None
            if is_first and self._seat.conversation:
                self._ids[self._seat.conversation] = None
            if self._ids or is_first:
                self._soon()
        self._seated.set()

    def _soon(self) -> None:
        if self._due is None:
            self._due = max(time.perf_counter() + _BATCH, self._rests_until)
            self._changed.notify_all()

    def _ask(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due is not None)
                due = self._due or 0.0
            time.sleep(max(0.0, due - time.perf_counter()))
            self._refresh()

    def _refresh(self) -> None:
        with self._changed:
            ids = list(self._ids)[:_MOST_IDS]
            for id in ids:
                del self._ids[id]
        began = time.perf_counter()
        try:
            told = json.loads(self._get(f"/console/rows?queue=waiting&ids={','.join(map(str, ids))}"))
            self._place(told, at=time.perf_counter())
            if self._seat.conversation in ids:
                self._renew()
        except (OSError, HTTPException, RuntimeError):
            self._asking.close()
            with self._changed:
                self._ids |= dict.fromkeys(ids)
        now = time.perf_counter()
        with self._changed:
            self._took.append(now - began)
            self._rests_until = now + min(_POLL, max(_LEAST_REST, _REST * (now - began)))
            self._due = None
            if self._ids:
                self._soon()

    def _place(self, told: dict[str, Any], *, at: float) -> None:
        with self._changed:
            for id, html in told["rows"].items():
                self._present.pop(int(id), None)
                for _, version in _LINE.findall(html):
                    self._present[int(id)] = int(version)
                    self._seen.append(Seen(self._number, _ROW, int(id), int(version), at))
            missing = [id for id in told["order"] if id not in self._present]
            if missing:
                self._ids |= dict.fromkeys(missing)
                self._soon()

    def _renew(self) -> None:
        path = f"/console/conversations/{self._seat.conversation}/piece?mark={quote(self._mark)}"
        self._mark = json.loads(self._get(path))["mark"]
