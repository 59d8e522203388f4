"""The stream of changes for open pages, and what their scripts fetch after it."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response, abort, current_app, render_template, request

from care import typing_signs
from console.escalated import escalated_to_user
from console.inbox_view import Inbox, ListedRow
from console.listing import page_asked_for, queue_asked_for
from console.live import Live, News
from console.office import Office
from console.rights import DESK, READERS, allowed, current_user
from console.shared_reading import Remembered
from console.sight import accounts_seen, open_to_user

# A stream ends after a while and the page comes again: rights are asked for anew, and no seat is held for nobody.
_LIFE_SECONDS = 120.0
_MOST_ROWS = 100
_DRAWN = 4000


def live_pages(office: Office, live: Live, inbox: Inbox) -> Blueprint:
    """Return the stream and its pieces. Where all seats are taken (503), pages ask every few seconds instead."""
    pages = Blueprint("live", __name__)
    seats = threading.BoundedSemaphore(office.live_seats) if office.live_seats else None

    drawn = Remembered(_DRAWN)

    def _html(row: ListedRow, queue: str, now: datetime) -> str:
        """A row is drawn once for all who see the same; each minute anew, since it tells how long somebody waits."""
        made = current_app.jinja_env.get_template("console/row.html")
        return drawn.get((row, queue, now.replace(second=0, microsecond=0)), lambda: made.render(row=row, queue=queue))

    @pages.get("/live")
    @allowed(*READERS)
    def stream() -> Response:
        if seats is None or not seats.acquire(blocking=False):
            abort(503)
        answer = Response(_Stream(live, seats), mimetype="text/event-stream")
        answer.headers["X-Accel-Buffering"] = "no"
        return answer

    @pages.get("/rows")
    @allowed(*READERS)
    def rows() -> Response:
        """The rows of some conversations, and how many are in each queue, what escalated; as they are now."""
        ids = [int(id) for id in request.args.get("ids", "").split(",") if id.isascii() and id.isdigit()][:_MOST_ROWS]
        queue, page = queue_asked_for(), page_asked_for()
        seen = inbox.glance(ids, queue, staff_id=current_user().id, accounts=accounts_seen(office), page=page)
        now = office.clock()
        told = {
            "rows": {row.id: _html(row, queue, now) if row.queue == queue else "" for row in seen.rows},
            "counts": seen.counts,
            "order": seen.order,
            "more": seen.has_more,
            "escalated": render_template(
                "console/piece_escalated.html", escalated=escalated_to_user(office), queue=queue
            ).strip(),
            "now": now.isoformat(),
        }
        return Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")

    @pages.post("/conversations/<int:conversation_id>/typing")
    @allowed(*DESK)
    def typing(conversation_id: int) -> tuple[str, int]:
        staff_id, now = current_user().id, office.clock()
        open_to_user(office, inbox.account_of(conversation_id))
        office.store.write(lambda connection: typing_signs.note(connection, conversation_id, staff_id, now=now))
        return "", 204

    return pages


class _Stream:
    """A stream's body: it gives its seat back when it ends, however it ends."""

    def __init__(self, live: Live, seats: threading.Semaphore) -> None:
        self._seats: threading.Semaphore | None = seats
        self._news = live.listen()
        self._until = time.monotonic() + _LIFE_SECONDS

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if time.monotonic() > self._until:
            self.close()
            raise StopIteration
        try:
            return _event(next(self._news))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it; ending twice is no fault."""
        seats, self._seats = self._seats, None
        if seats is not None:
            seats.release()
            self._news.close()  # type: ignore[attr-defined]  # a generator

    def __del__(self) -> None:
        self.close()


def _event(news: News | None) -> bytes:
    if news is None:
        return b": still here\n\n"
    told: dict[str, object] = {"versions": news.versions}
    if news.writing is not None:
        told["writing"] = news.writing
    kind = "snapshot" if news.is_snapshot else "changed"
    return f"event: {kind}\nretry: 1000\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
