"""What `make run` starts ends with it."""

import signal
import subprocess
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
_SERVER = """#!/bin/sh
echo "$PORT" > "$0.port"
echo $$ > "$0.pid"
exec sleep 60
"""


def test_ending_make_run_ends_the_server(tmp_path: Path) -> None:
    server = tmp_path / "flask"
    server.write_text(_SERVER, encoding="utf-8")
    server.chmod(0o755)
    told = tmp_path / "flask.pid"
    # `-o setup`: as if everything were installed already.
    make = subprocess.Popen(["make", "-o", "setup", "run", f"BIN={tmp_path}", "PORT=8123"], cwd=ROOT)
    try:
        until = time.monotonic() + 20
        while not (told.exists() and told.read_text(encoding="utf-8").strip()) and time.monotonic() < until:
            time.sleep(0.05)
        serving = psutil.Process(int(told.read_text(encoding="utf-8")))
        assert (tmp_path / "flask.port").read_text(encoding="utf-8") == "8123\n"
        make.send_signal(signal.SIGTERM)
        make.wait(10)
        _, left = psutil.wait_procs([serving], timeout=10)
        for process in left:
            process.kill()
        assert not left
    finally:
        make.kill()
        make.wait(10)
