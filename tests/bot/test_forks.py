"""Side processes: an answer comes from them or not at all, never late, never to somebody else; they end with us."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from bot import forks
from bot.forks import SideProcesses
from tests.waiting import eventually

_ROOT = Path(__file__).resolve().parents[2]
# A service with an open port and a side process; it prints both, and waits.
SERVICE = """
import os, socket, sys, time
from bot.forks import SideProcesses
port = socket.create_server(("127.0.0.1", 0))
side = SideProcesses(lambda _: os.getpid(), count=1)
side.start()
print(port.getsockname()[1], side.ask(None), flush=True)
time.sleep(60)
"""


def answer(question: str) -> tuple[int, str]:
    """Say who answers, and the question back; some questions are answered slowly or not at all."""
    if question == "fault":
        raise ValueError(question)
    if question == "end":
        os._exit(1)
    if question.startswith("slow"):
        time.sleep(0.3)
    return os.getpid(), question


@pytest.fixture
def side() -> Iterator[SideProcesses[str, tuple[int, str]]]:
    started = SideProcesses(answer, count=2)
    started.start()
    yield started
    started.stop()


def test_the_answer_comes_from_another_process(side) -> None:
    told = side.ask("问题")
    assert told is not None
    process, question = told
    assert question == "问题"
    assert process in {child.pid for child in psutil.Process().children()}


def test_each_of_many_askers_gets_the_answer_to_its_own_question(side) -> None:
    def until_heard(question: str) -> str:
        while (told := side.ask(question)) is None:
            time.sleep(0.001)
        return told[1]

    questions = [f"question {number}" for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(until_heard, questions)) == questions


def test_who_finds_none_free_hears_at_once(side) -> None:
    slow = [threading.Thread(target=side.ask, args=("slow",)) for _ in range(4)]
    for thread in slow:
        thread.start()
    assert eventually(lambda: not side._idle, within_seconds=5)
    began = time.monotonic()
    assert side.ask("question") is None
    assert time.monotonic() - began < 0.2
    for thread in slow:
        thread.join()
    assert side.ask("question") is not None


def test_what_cannot_be_answered_there_is_left_to_the_asker(side) -> None:
    assert side.ask("fault") is None
    assert side.ask("question") is not None


def test_an_answer_that_comes_too_late_is_never_taken_for_another(side, monkeypatch) -> None:
    monkeypatch.setattr(forks, "_PATIENCE_SECONDS", 0.05)
    assert side.ask("slow") is None
    time.sleep(0.4)
    heard = [side.ask(f"question {number}") for number in range(9)]
    assert [told and told[1] for told in heard] == [f"question {number}" for number in range(9)]


def test_without_any_left_everybody_is_told_so(side) -> None:
    for _ in range(8):
        side.ask("end")
    assert side.ask("question") is None


def test_none_is_left_behind_at_the_end() -> None:
    side = SideProcesses(answer, count=2)
    side.start()
    processes = [process for process in psutil.Process().children() if process.pid in side._processes]
    assert len(processes) == 2
    side.stop()
    assert not any(process.is_running() for process in processes)
    assert side.ask("question") is None


def test_when_the_service_is_killed_they_end_and_its_port_is_free() -> None:
    service = subprocess.Popen([sys.executable, "-c", SERVICE], stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    assert service.stdout is not None
    port, side = map(int, service.stdout.readline().split())
    assert psutil.pid_exists(side)
    service.send_signal(signal.SIGKILL)
    service.wait()
    service.stdout.close()
    assert eventually(lambda: not psutil.pid_exists(side), within_seconds=5)
    assert not any(one.laddr.port == port for one in psutil.net_connections("tcp4") if one.status == psutil.CONN_LISTEN)
