"""The commands for understanding: results on standard output alone, bad input ends with 2 and one clear line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UserFault
from handlers import commands
from handlers.evaluation import Result
from handlers.respond import Assistant
from tests.assistants import WUXIAN, ZHENAI21

FLASK = Path(sys.executable).parent / "flask"
ROOT = Path(__file__).parents[1]
KEYS = {"text", "decision", "product", "service", "attribute", "citations", "reasons"}


def run(data_folder: Path, *arguments: str, typed: str | bytes = "") -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does. The data folder is the session's, so that learning is done once."""
    sent = typed if isinstance(typed, bytes) else typed.encode()
    done = subprocess.run(
        [FLASK, *arguments],
        cwd=ROOT,
        env={**os.environ, "ASSISTANT_DATA_DIR": str(data_folder), "PYTHONUTF8": "1"},
        input=sent,
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def case(*turns: dict[str, Any], **more: str) -> str:
    return json.dumps({"id": "c-1", "kind": "fact", "style": "plain", **more, "turns": turns}, ensure_ascii=False)


@pytest.fixture(scope="module")
def answered(assistant: Assistant, data_folder: Path) -> subprocess.CompletedProcess[str]:
    """Four questions from standard input; `assistant` comes first, so that the learning is done."""
    questions = "臻爱无限住院垫付等待期多久\n\n能用几次\n你好\n我爸叫不醒了\n"
    return run(data_folder, "ask", "--json", "-", typed=questions)


def test_each_line_of_standard_input_gets_one_line_of_json(answered: subprocess.CompletedProcess[str]) -> None:
    assert answered.returncode == 0, answered.stderr
    answers = [json.loads(line) for line in answered.stdout.splitlines()]
    assert [set(answer) for answer in answers] == [KEYS] * 4
    assert [answer["decision"] for answer in answers][2:] == ["smalltalk", "emergency"]


def test_an_answer_names_product_service_attribute_and_clauses(answered: subprocess.CompletedProcess[str]) -> None:
    first = json.loads(answered.stdout.splitlines()[0])
    assert (first["decision"], first["product"]) == ("answer", WUXIAN)
    assert (first["service"], first["attribute"]) == ("inpatient-advance", "waiting-period")
    assert {"product": WUXIAN, "clause": "一、表·住院垫付"} in first["citations"]
    assert "30天" in first["text"]
    assert first["reasons"]


def test_each_line_is_a_fresh_conversation(answered: subprocess.CompletedProcess[str]) -> None:
    second = json.loads(answered.stdout.splitlines()[1])
    assert second["product"] is None
    assert second["citations"] == []


def test_what_was_understood_is_explained_on_request(data_folder: Path) -> None:
    done = run(data_folder, "ask", "视频问诊几点到几点", "--product", ZHENAI21, "--explain")
    assert done.returncode == 0, done.stderr
    assert "24" in done.stdout
    assert f"product: {ZHENAI21}" in done.stdout
    assert "service: video-consultation" in done.stdout
    assert "attribute: hours" in done.stdout
    assert "why: " in done.stdout
    assert "candidate " in done.stdout


def test_an_unknown_product_ends_with_2_and_the_known_ones(data_folder: Path) -> None:
    done = run(data_folder, "ask", "等待期多久", "--product", "zhenai")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--product zhenai" in done.stderr
    assert ZHENAI21 in done.stderr
    assert "Traceback" not in done.stderr


def test_standard_input_in_another_encoding_is_refused(data_folder: Path) -> None:
    done = run(data_folder, "ask", "--json", "-", typed="等待期多久\n".encode("gb18030"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def scored(assistant: Assistant, data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two cases, one of which cannot pass, held to 60 % passes."""
    path = tmp_path_factory.mktemp("questions") / "two.jsonl"
    good = case(
        {"user": "我的是臻爱无限"},
        {"user": "住院垫付等待期多久", "expect": [["30天", "三十天"]], "forbid": ["60天"], "max_chars": 300},
        product="wuxian",
    )
    bad = case({"user": "臻爱无限住院垫付等待期多久", "expect": [["九十天"]]}, product="wuxian", id="c-2")
    path.write_text(f"{good}\n\n{bad}\n", encoding="utf-8")
    return run(data_folder, "evaluate", str(path), "--min-pass", "60")


def test_scoring_prints_tables_failures_and_totals(scored: subprocess.CompletedProcess[str]) -> None:
    for word in ("product", "kind", "style", "wuxian", "plain", "2 cases: pass 50.0 %, wrong 50.0 %", "c-2 wrong"):
        assert word in scored.stdout


def test_scoring_below_the_limit_exits_with_1(scored: subprocess.CompletedProcess[str]) -> None:
    assert scored.returncode == 1
    assert "error" not in scored.stderr


def results(*verdicts: str) -> list[Result]:
    return [Result(case={}, verdict=verdict, said="", reply="") for verdict in verdicts]


@pytest.mark.parametrize(
    ("min_pass", "max_wrong", "holds"),
    [(0, 100, True), (75, 25, True), (75.1, 25, False), (75, 24.9, False), (100, 0, False)],
)
def test_passes_and_wrong_answers_are_held_to_their_limits(min_pass: float, max_wrong: float, holds: bool) -> None:
    four = results("pass", "pass", "pass", "wrong")
    assert commands.passes(four, min_pass=min_pass, max_wrong=max_wrong) is holds


def test_an_abstention_is_no_pass_and_no_wrong_answer() -> None:
    assert commands.passes(results("abstained", "long", "silent"), min_pass=0, max_wrong=0)
    assert not commands.passes(results("pass", "abstained"), min_pass=51, max_wrong=0)


def refused(path: Path) -> str:
    """Return why a question set was refused; reading comes before learning, so no command needs to run."""
    with pytest.raises(UserFault) as raised:
        commands.read_cases(path)
    return str(raised.value)


@pytest.mark.parametrize(
    "line", ["{not json", "[]", "7", '{"id": "x"}', '{"turns": []}', '{"turns": [{"user": 7}]}', '{"turns": ["hello"]}']
)
def test_a_malformed_question_set_names_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{case({'user': '你好'})}\n{line}\n", encoding="utf-8")
    done = refused(path)
    assert f"{path}: line 2" in done
    assert "each line is a JSON object with turns" in done


def test_a_question_set_that_is_missing_is_named(tmp_path: Path) -> None:
    assert "nowhere.jsonl: cannot be read" in refused(tmp_path / "nowhere.jsonl")


def test_a_malformed_question_set_ends_with_2(data_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text("{not json\n", encoding="utf-8")
    done = run(data_folder, "evaluate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}: line 1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_question_set_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(case({"user": "等待期多久"}).encode("gb18030"))
    assert str(path) in refused(path)


@pytest.mark.parametrize("key", ["expect", "forbid"])
def test_a_question_set_with_expectations_of_another_shape_is_refused(tmp_path: Path, key: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(case({"user": "等待期多久", key: "30天"}), encoding="utf-8")
    assert "line 1" in refused(path)


def test_sound_handbooks_pass_the_check_and_every_clause_is_in_the_table(data_folder: Path) -> None:
    done = run(data_folder, "knowledge", "check", "--coverage")
    assert done.returncode == 0, done.stdout
    assert f"{WUXIAN}: " in done.stdout
    assert "102 drugs" in done.stdout
    table = dict(line.strip().split(": ", 1) for line in done.stdout.splitlines() if line.startswith("  "))
    assert f"{WUXIAN}/inpatient-advance/uses" in table["二、2(3)⑨"].split(", ")
    assert table["标题"] == "(no fact in it)"


def test_a_fault_in_the_handbooks_exits_with_1(data_folder: Path, tmp_path: Path) -> None:
    """An empty folder of text editions: each handbook's source is missing."""
    done = run(data_folder, "knowledge", "check", "--texts", str(tmp_path))
    assert done.returncode == 1
    assert f"source file '{WUXIAN}.txt' is not in {tmp_path}" in done.stdout
    assert "Traceback" not in done.stderr
