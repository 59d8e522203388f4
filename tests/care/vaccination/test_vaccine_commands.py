"""The command `vaccines forecast`: a child a line in, a forecast a line out; a bad line is named."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from bot.errors import ConfigurationFault, UserFault
from handlers.vaccine_commands import vaccines_group

GOOD = {"id": "a", "birth": "2026-01-15", "sex": "F", "as_of": "2026-11-21", "given": []}


def speaking(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (UserFault, ConfigurationFault) as fault:
            click.echo(f"error: {fault}", err=True)
            sys.exit(2)

    return run


def forecast(file: Path | str) -> Result:
    return CliRunner().invoke(vaccines_group(guard=speaking), ["forecast", str(file)])


def told(folder: Path, *lines: str | dict[str, Any]) -> Path:
    file = folder / "children.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8", errors="surrogateescape")
    return file


def test_a_forecast_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    done = forecast(told(tmp_path, GOOD))
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert list(answer) == ["id", "forecast"]
    keys = ["vaccine", "dose", "product", "earliest", "recommended", "before", "latest", "status", "reasons"]
    assert all(list(row) == keys for row in answer["forecast"])
    assert answer["forecast"][4]["earliest"] == "2026-09-15"


def test_answers_come_in_the_order_of_the_children(tmp_path: Path) -> None:
    ids = [7, "b", "宝宝", 7, "b"]
    done = forecast(told(tmp_path, *({**GOOD, "id": name} for name in ids)))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ids


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON object"),
        ("[" * 100_000, "no JSON object"),
        ("[]", "no JSON object"),
        ("null", "no JSON object"),
        ('{"id": ' + "9" * 5000 + "}", "no JSON object"),
        ({**GOOD, "birth": "2026-13-01"}, "no such day"),
        ({**GOOD, "given": [{"vaccine": "HepB", "date": "2027-01-01"}]}, "lies after as_of"),
        ({**GOOD, "given": [{"vaccine": "HepB", "date": "2025-01-01"}]}, "is before birth"),
        ({**GOOD, "given": [{"vaccine": "板蓝根", "date": "2026-02-01"}]}, "is unknown; use one of"),
        ('{"id": "\udcff"}', "birth is missing"),
    ],
)
def test_a_bad_line_is_named_with_file_line_and_remedy_and_the_others_are_answered(
    tmp_path: Path, line: str | dict[str, Any], said: str
) -> None:
    file = told(tmp_path, GOOD, line, {**GOOD, "id": "c"})
    done = forecast(file)
    assert done.exit_code == 2
    assert f"{file}:2: " in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [json.loads(text)["id"] for text in done.stdout.splitlines()] == ["a", "c"]


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    done = forecast(told(tmp_path, "\ufeff" + json.dumps(GOOD), "", "   ", GOOD))
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2)


def test_many_bad_lines_are_counted_but_not_all_told(tmp_path: Path) -> None:
    done = forecast(told(tmp_path, *["{"] * 200))
    assert "200 of its lines" in done.stderr
    assert len(done.stderr.splitlines()) < 60


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        done = forecast(path)
        assert done.exit_code == 2
        assert f"error: {path}: can't be read" in done.stderr


def test_children_may_come_from_standard_input() -> None:
    done = CliRunner().invoke(vaccines_group(guard=speaking), ["forecast", "-"], input=json.dumps(GOOD))
    assert json.loads(done.stdout)["id"] == "a"


def test_the_rules_can_be_checked() -> None:
    done = CliRunner().invoke(vaccines_group(guard=speaking), ["check"])
    assert done.exit_code == 0
    assert "2026年版" in done.stdout
