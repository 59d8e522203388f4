"""A client too cheap to be what is measured: prebuilt requests over raw sockets, one thread, answers only framed."""

import gc
import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_PATIENCE_SECONDS = 120.0
# Fewer than the server takes at once: one more would wait until another connection has been idle for its time-out.
_MOST_WIRES = 200
_CHUNK = 65536


@dataclass(frozen=True, kw_only=True)
class Load:
    """How a load went: `latencies` (seconds) and `replies` (bodies) in the order of the requests."""

    seconds: float
    latencies: Sequence[float]
    replies: Sequence[bytes]
    client_cpu_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


class LoadFailed(Exception):
    """The server did not answer every request with 200."""


def closed_loop(port: int, requests: Sequence[bytes], *, people: int) -> Load:
    """Let so many people write, each their next message as soon as the last is answered. Raises LoadFailed."""
    return _run(port, requests, due=[0.0] * len(requests), wires=people, most_wires=people)


def open_loop(port: int, requests: Sequence[bytes], *, due: Sequence[float]) -> Load:
    """Send each request at its time (seconds from the start), however slow the answers are. Raises LoadFailed.

    Latency counts from the time at which a request was due, so that a stalled server cannot hide its stall.
    """
    return _run(port, requests, due=due, wires=16, most_wires=_MOST_WIRES)


def _run(port: int, requests: Sequence[bytes], *, due: Sequence[float], wires: int, most_wires: int) -> Load:
    is_closed = not any(due)
    latencies, replies = [0.0] * len(requests), [b""] * len(requests)
    gc.collect()
    gc.disable()
    cpu, start = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        idle = deque(_Wire(port, selector) for _ in range(wires))
        made, sent, ended = wires, 0, 0
        try:
            while ended < len(requests):
                now = time.perf_counter() - start
                if now > due[-1] + _PATIENCE_SECONDS:
                    raise LoadFailed(f"{len(requests) - ended} of {len(requests)} requests were not answered")
                while sent < len(requests) and due[sent] <= now and (idle or made < most_wires):
                    if not idle:
                        idle.append(_Wire(port, selector))
                        made += 1
                    idle.popleft().send(sent, requests[sent])
                    sent += 1
                wait = max(0.0, due[sent] - now) if sent < len(requests) and idle else 1.0
                for key, _ in selector.select(wait):
                    wire: _Wire = key.data
                    body = wire.receive()
                    if body is not None:
                        began = wire.began - start if is_closed else due[wire.number]
                        latencies[wire.number] = time.perf_counter() - start - began
                        replies[wire.number] = body
                        idle.append(wire)
                        ended += 1
        finally:
            gc.enable()
            for key in list(selector.get_map().values()):
                key.data.close()
    seconds = time.perf_counter() - start
    return Load(seconds=seconds, latencies=latencies, replies=replies, client_cpu_seconds=time.process_time() - cpu)


class _Wire:
    """One connection with at most one request on it; it connects again where the server hangs up after each answer."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self._port = port
        self._selector = selector
        self._socket: socket.socket | None = None
        self._got = bytearray()
        self._is_waiting = False
        self.number = -1
        self.began = 0.0

    def send(self, number: int, request: bytes) -> None:
        self.number, self.began = number, time.perf_counter()
        self._got.clear()
        self._is_waiting = True
        if self._socket is None:
            self._connect()
        assert self._socket is not None
        self._socket.sendall(request)

    def receive(self) -> bytes | None:
        """Take what has come; return the body once the answer is whole."""
        assert self._socket is not None
        chunk = self._socket.recv(_CHUNK)
        if not self._is_waiting:
            self.close()  # the server ends a connection that was idle for long
            return None
        self._got += chunk
        body = _body(self._got, is_over=not chunk)
        if body is None and not chunk:
            raise LoadFailed("the server hung up without an answer")
        if body is not None:
            self._is_waiting = False
            if not chunk or _hangs_up(self._got):
                self.close()
        return body

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)


def _body(got: bytearray, *, is_over: bool) -> bytes | None:
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(got[:end]).lower()
    announced = head.find(b"content-length:")
    if announced < 0 and not is_over:
        return None
    length = int(head[announced + 15 :].split(b"\r\n", 1)[0]) if announced >= 0 else len(got) - end - 4
    if len(got) < end + 4 + length:
        return None
    status = head.split(b" ", 2)[1]
    if status != b"200":
        raise LoadFailed(f"the server answered {status.decode()}")
    return bytes(got[end + 4 : end + 4 + length])


def _hangs_up(got: bytearray) -> bool:
    head = bytes(got[: got.find(b"\r\n\r\n")]).lower()
    return head.startswith(b"http/1.0") or b"connection: close" in head
