"""A partner's interface on this machine, played by the test: it checks the signature and answers what it is told to."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY_ID, SECRET = "assistant", b"a secret of the test"

Play = Callable[["Partner", BaseHTTPRequestHandler], None]


@dataclass(kw_only=True)
class Partner:
    """What the server saw, and what it does: `plays` one after the other, the last one again and again."""

    plays: list[Play]
    questions: list[Any] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    at: datetime | None = None
    address: str = ""
    # Set at the end: until then a slow answer waits.
    over: threading.Event = field(default_factory=threading.Event)

    def taken(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.questions.append(json.loads(body))
        self.nonces.append(handler.headers["X-Nonce"])
        if not self._is_signed(handler, body):
            return say(handler, 401, b"{}")
        play = self.plays[0] if len(self.plays) == 1 else self.plays.pop(0)
        return play(self, handler)

    def _is_signed(self, handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        # Written out once more, so that the signing is held against its description.
        digest = hashlib.sha256(body).hexdigest()
        stamp, nonce = handler.headers["X-Timestamp"], handler.headers["X-Nonce"]
        text = f"POST\n{handler.path}\n{stamp}\n{nonce}\n{digest}"
        right = hmac.new(SECRET, text.encode(), "sha256").hexdigest()
        is_timely = self.at is None or abs(self.at.timestamp() - int(stamp)) < 300
        return handler.headers["X-Key-Id"] == KEY_ID and handler.headers["X-Signature"] == right and is_timely


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def answers(content: Any, *, status: int = 200, **headers: str) -> Play:
    body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    return lambda partner, handler: say(handler, status, body, **headers)


def hangs(partner: Partner, handler: BaseHTTPRequestHandler) -> None:
    partner.over.wait(20)


def hangs_up(partner: Partner, handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def trickles(partner: Partner, handler: BaseHTTPRequestHandler) -> None:
    """Send one byte now and then, each in time for a time-out between two bytes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(200):
        if partner.over.wait(0.05):
            return
        handler.wfile.write(b" ")
        handler.wfile.flush()


@contextmanager
def serving(*plays: Play, at: datetime | None = None) -> Iterator[Partner]:
    """Run a partner on a free port of this machine."""
    partner = Partner(plays=list(plays), at=at)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                partner.taken(self)
            except OSError:
                self.close_connection = True  # the asker has gone

        def log_message(self, *arguments: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    partner.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield partner
    finally:
        partner.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
