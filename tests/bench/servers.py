"""Servers under load: each a process tree of its own on a free port of this machine, ended whatever happens."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from tests.proof.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
OURS = ("-m", "flask", "--app", "app", "serve")
ECHO = ("-m", "tests.bench.echo_app")
WEROBOT = ("-m", "tests.bench.werobot_app")

_READY_SECONDS = 600  # a first start has to learn the phrasings
_END_SECONDS = 12

# One safe-mode account that all servers share, so that all of them get the very same bytes.
ACCOUNT_ID, APP_ID, TOKEN = "bench", "wx0000000000000001", "token-of-the-benchmark"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
PRODUCTS = ("zhenai-wuxian-2023", "junlong-zhenai-21", "chengzhang-youxiang-2025")
_CONFIGURATION = f"""[[accounts]]
id = "{ACCOUNT_ID}"
channel = "wechat"
name = "基准测试"
products = {list(PRODUCTS)}
app_id = "{APP_ID}"
app_secret = "secret-of-the-benchmark"
token = "{TOKEN}"
encoding_aes_key = "{AES_KEY}"
api_base_url = "http://127.0.0.1:9"
"""


class Server:
    """One running server."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self._root = psutil.Process(process.pid)

    def tree(self) -> list[psutil.Process]:
        """Return the server's processes."""
        return [self._root, *self._root.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.tree())

    def megabytes(self) -> float:
        """Return the resident memory of its biggest process."""
        return max(process.memory_info().rss for process in self.tree()) / 1e6


@contextmanager
def serving(module: Sequence[str], directory: Path, **environment: str) -> Iterator[Server]:
    """Run a server in a directory of its own. Raises RuntimeError with its last words."""
    directory.mkdir(parents=True)
    configuration, log = directory / "bench.toml", directory / "server.log"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    port = free_port()
    own = {
        "PORT": str(port),
        "ASSISTANT_CONFIG": str(configuration),
        # What was learned is kept beside the data: so only the first server of a run has to learn.
        "ASSISTANT_DATA_DIR": str(directory.parent / "data"),
        "DATABASE_URL": f"sqlite:///{directory / 'assistant.db'}",
        "PYTHONPATH": str(ROOT),
    }
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, *module],
            cwd=directory,
            env={**os.environ, **own, **environment},
            stdout=stream,
            stderr=stream,
        )
    try:
        server = Server(port, process)
        if not _is_ready(port, is_alive=lambda: process.poll() is None):
            raise RuntimeError(f"{' '.join(module)} did not get ready:\n{log.read_text(errors='replace')[-1500:]}")
        yield server
    finally:
        _end(process)


def _is_ready(port: int, *, is_alive: Callable[[], bool]) -> bool:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and is_alive():
        try:
            # WeRoBot knows no such page; that it answers at all is enough.
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code in (200, 403):
                return True
        except requests.RequestException:
            pass
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    _, alive = psutil.wait_procs(tree, timeout=_END_SECONDS)
    for left in alive:
        left.kill()
    process.wait(_END_SECONDS)
