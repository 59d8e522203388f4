"""The demo as `make run` starts it, in a process of its own: spoken to by the simulator, with commands beside it."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.proof.servers import free_port
from tests.waiting import eventually

ROOT = Path(__file__).parents[1]
FLASK = Path(sys.executable).parent / "flask"
PERSON = "oSimulated-ZhangAyi-00000001"


class Demo:
    """One running demo: its address, its data folder, its log."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.address = folder, f"http://127.0.0.1:{port}"
        self.log = folder.parent / f"{folder.name}.log"
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "ASSISTANT_CONFIG")}
        self.environment = {**kept, "PORT": str(port), "ASSISTANT_DATA_DIR": str(folder), "PYTHONUTF8": "1"}
        self.environment["SIDE_PROCESSES"] = "1"  # also where there is one processor only
        self.processes: list[psutil.Process] = []

    def says(self, *texts: str, person: str = PERSON, account: str = "demo") -> str:
        """Send texts and return the passive reply to the last."""
        before = len(self.heard("reply", person=person, account=account))
        for text in texts:
            self._act(do="say", text=text, person=person, account=account)
        return self.heard("reply", person=person, account=account)[before + len(texts) - 1]

    def sends(self, content: bytes, *, person: str = PERSON, account: str = "demo") -> str:
        """Send a picture and return the passive reply."""
        self._act(do="picture", content=base64.b64encode(content).decode(), person=person, account=account)
        return self.heard("reply", person=person, account=account)[-1]

    def heard(self, side: str, *, person: str = PERSON, account: str = "demo") -> list[str]:
        """Return the texts on a side of a chat: reply (passive) or push (sent by API)."""
        answer = requests.get(
            f"{self.address}/simulator/api/chat", params={"account": account, "person": person}, timeout=10
        )
        return [bubble["text"] for bubble in answer.json()["bubbles"] if bubble["side"] == side]

    def pushed(self, words: str, *, person: str = PERSON) -> str:
        """Wait for a text sent by API that holds `words`, and return it."""
        assert eventually(lambda: any(words in text for text in self.heard("push", person=person)), within_seconds=30)
        return next(text for text in self.heard("push", person=person) if words in text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the service, as an operator does."""
        return subprocess.run(
            [FLASK, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command that prints JSON lines, and return them."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _act(self, **order: str) -> None:
        answer = requests.post(f"{self.address}/simulator/api/act", json=order, timeout=30)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["fault"]


@contextmanager
def demo(folder: Path, learned: Path) -> Iterator[Demo]:
    """Serve the demo from an empty data folder, with what the router has `learned` already."""
    shutil.copytree(learned, folder / "learned")
    port = free_port()
    served = Demo(folder, port)
    with served.log.open("wb") as log:
        server = subprocess.Popen([FLASK, "serve"], cwd=ROOT, env=served.environment, stdout=log, stderr=log)
    try:
        assert eventually(lambda: server.poll() is not None or _is_ready(served.address), within_seconds=120)
        assert server.poll() is None, served.log.read_text()
        served.processes = psutil.Process(server.pid).children(recursive=True)
        yield served
    finally:
        server.terminate()
        server.wait(15)


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
