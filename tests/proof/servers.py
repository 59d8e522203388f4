"""Real server processes for proofs: started, killed, started again on the same database."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class EchoServer:
    """A module that serves, as a process tree that can be killed whole."""

    def __init__(self, directory: Path, *, module: str = "tests.echo_server", **environment: str) -> None:
        self.directory = directory
        self._module = module
        self.port = free_port()
        self._environment = {"ASSISTANT_DATA_DIR": str(directory), "PORT": str(self.port), **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        directory = Path(__file__).resolve().parents[2]
        log = (self.directory / f"server-{self.port}.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=directory,
            env={**os.environ, **self._environment},
            stdout=log,
            stderr=log,
        )
        log.close()
        until = time.monotonic() + 90
        while time.monotonic() < until:
            try:
                if requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                time.sleep(0.03)
        raise TimeoutError("the server did not get ready")

    def kill(self) -> None:
        """kill -9 the server and its children, in no order that they could notice."""
        if self._process is None:
            return
        tree = psutil.Process(self._process.pid)
        for process in [*tree.children(recursive=True), tree]:
            process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> float:
        """SIGTERM it; return how many seconds it took to end."""
        assert self._process is not None
        began = time.monotonic()
        self._process.terminate()
        self._process.wait(20)
        self._process = None
        return time.monotonic() - began

    def say(self, session: requests.Session, *, contact: str, key: str, text: str, seconds: float = 10) -> str | None:
        """Deliver one message; return the answer's body, or None when it was not acknowledged."""
        try:
            answer = session.post(
                f"http://127.0.0.1:{self.port}/webhooks/demo?seal=good",
                json={"contact": contact, "key": key, "text": text},
                timeout=seconds,
            )
        except requests.RequestException:
            return None
        return answer.text if answer.status_code == 200 else None

    def sent(self) -> list[dict[str, Any]]:
        """Return what the channel sent through the outbox."""
        path = self.directory / "sent.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def echo_server(directory: Path, **environment: str) -> Iterator[EchoServer]:
    """Run a server for as long as a proof needs it."""
    server = EchoServer(directory, **environment)
    server.start()
    try:
        yield server
    finally:
        server.kill()
