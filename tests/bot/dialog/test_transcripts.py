"""Conversations with the engine, a YAML file each chapter: what a person writes, and what must follow."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.dialog import Step
from tests.bot.dialog.stage import FORMS, Stage

HERE = Path(__file__).parent
CHAPTERS = sorted((HERE / "transcripts").glob("*.yaml"))
UNITS = {"分": 1, "时": 60, "天": 1440}


def transcripts() -> list[Any]:
    found = []
    for path in CHAPTERS:
        for talk in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append(pytest.param(talk, id=f"{path.stem}: {talk['对话']}"))
    return found


def minutes(after: str | None) -> float:
    return 1 if after is None else float(after[:-1]) * UNITS[after[-1]]


def check(step: Step, line: dict[str, Any], stage: Stage) -> None:
    at = f"{line}\n→ {step.kind} {step.dialog.asked}\n{step.say}\n{dict(step.dialog.answers)}"
    if "结果" in line:
        assert step.kind == line["结果"], at
    if "问" in line:
        assert step.dialog.asked == line["问"], at
    for words in _many(line.get("应答含")):
        assert words in step.say, at
    for words in _many(line.get("应答不含")):
        assert words not in step.say, at
    for key, value in line.get("填入", {}).items():
        assert step.dialog.answers.get(key) == value, at
    for key in _many(line.get("未填")):
        assert key not in step.dialog.answers, at
    if "人工" in line:
        assert step.offers_person is line["人工"], at
    if "答案" in line:
        assert stage.answers == line["答案"], at


def _many(given: Any) -> list[str]:
    return [] if given is None else given if isinstance(given, list) else [given]


@pytest.mark.parametrize("talk", transcripts())
def test_a_conversation_goes_as_written(talk: dict[str, Any]) -> None:
    stage = Stage(FORMS[talk["表单"]], choosers=talk.get("名录", False), notices=talk.get("须知", []))
    step = stage.begin(talk.get("开头", ""), **talk.get("已知", {}))
    for line in talk["步骤"]:
        if "用户" in line or "文件" in line:
            step = stage.say(
                str(line.get("用户", "")),
                files=line.get("文件", []),
                insist=line.get("坚持", False),
                after=minutes(line.get("隔")),
            )
        elif "隔" in line:
            stage.now += timedelta(minutes=minutes(line["隔"]))
        check(step, line, stage)
        assert len(step.say) <= 400, f"more than a screen: {step.say}"


def test_there_are_enough_conversations() -> None:
    assert len(transcripts()) >= 40
