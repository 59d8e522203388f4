"""A stage for dialogs: made-up forms, choosers that know a few things, a clock moved by hand, JSON between turns."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.clock import CHINA
from bot.dialog import Dialog, Engine, Step
from bot.forms import Form

FORMS = {
    form["id"]: Form.model_validate(form)
    for form in yaml.safe_load((Path(__file__).parent / "forms.yaml").read_text(encoding="utf-8"))
}
START = datetime(2026, 11, 22, 9, 0, tzinfo=CHINA)  # a Sunday

_DRUGS = {"甲药": "甲药（测试替尼）", "乙药": "乙药（测试单抗）", "乙药缓释片": "乙药缓释片（测试单抗）"}


def choose_drug(text: str) -> list[tuple[Any, str, bool]]:
    """Know three made-up drugs; 甲药 alone is unlike the others."""
    exact = [(name, label, True) for name, label in _DRUGS.items() if text == name and name != "乙药"]
    return exact or [(name, label, False) for name, label in _DRUGS.items() if name[:1] in text]


def choose_hospital(text: str) -> list[tuple[Any, str, bool]]:
    """Know two made-up hospitals by their short name."""
    known = ["测试大学附属儿科医院", "测试市儿科中心医院"]
    if text in known:
        return [(text, text, True)]
    if "大学儿科" in text:
        return [(known[0], known[0], True)]
    return [(name, name, False) for name in known if "儿科" in text]


class Stage:
    """One dialog on one form. Between turns the dialog goes through JSON, as it does in service."""

    def __init__(
        self, form: Form, *, now: datetime = START, choosers: bool = False, notices: Sequence[str] = ()
    ) -> None:
        known = {"drug": choose_drug, "hospital": choose_hospital} if choosers else {}
        self.engine = Engine(form, known, notices=lambda answers: notices)
        self.now = now
        self.step: Step | None = None

    @property
    def dialog(self) -> Dialog:
        assert self.step is not None
        state = json.loads(json.dumps(self.step.dialog.to_state()))
        return Dialog.from_state(state)

    @property
    def answers(self) -> dict[str, Any]:
        return self.engine.answers(self.dialog)

    def begin(self, text: str = "", **prefill: Any) -> Step:
        self.step = self.engine.begin(prefill, now=self.now, text=text)
        return self.step

    def say(self, text: str = "", *, files: Sequence[str] = (), insist: bool = False, after: float = 1) -> Step:
        """Say something `after` so many minutes."""
        self.now += timedelta(minutes=after)
        self.step = self.engine.take(self.dialog, text, now=self.now, files=files, insist=insist)
        return self.step

    def say_all(self, *texts: str) -> Step:
        """Say one thing after another."""
        for text in texts:
            self.say(text)
        assert self.step is not None
        return self.step
