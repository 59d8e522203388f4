"""Withdraws an application."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from care.case_numbers import read_number
from handlers.scene import Said, Scene
from handlers.session import Task


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Ask which application, then whether the person is sure; None where none is open: it is a question then."""
    cases = scene.customer.open_cases
    if not cases:
        return None
    number = wanted.get("case") or read_number(scene.text)
    named = [case for case in cases if case.number == number] or (list(cases) if len(cases) == 1 else [])
    if named:
        session = replace(scene.session, wanted=None)
        return Said(text="", session=session.begin(Task(kind="withdraw_case", about={"case": named[0].number})))
    about = {"ask": "withdraw_which", "then": {"request": "withdraw_case"}}
    return Said(text="", session=scene.session.begin(Task(kind="pick_case", about=about)))
