"""Which questions a form asks under the answers so far, repeat groups unrolled: each with the key its answer has."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bot.forms import Form, Question, holds
from bot.slots import yes_no

MOST_ROWS = 30


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question to be answered, and under which key. `row` counts the rows of a repeat group from 1."""

    key: str
    question: Question
    row: int = 1
    is_more: bool = False

    @property
    def short(self) -> str:
        """Return what the summary calls it: 金额, 金额（第2项)."""
        return self.question.short if self.row == 1 else f"{self.question.short}（第{self.row}项）"


def items(form: Form, answers: Mapping[str, Any]) -> list[Item]:
    """Return the questions whose conditions hold, in the order asked. A row more comes with each yes to `more`."""
    return list(_items(form, answers))


def _items(form: Form, answers: Mapping[str, Any]) -> Iterator[Item]:
    for group, run in groupby(form.questions, key=lambda question: question.group):
        questions = list(run)
        if group is None:
            yield from (Item(key=one.slot, question=one) for one in questions if holds(one.when, answers))
        else:
            yield from _rows(group, questions, answers)


def _rows(group: str, questions: Sequence[Question], answers: Mapping[str, Any]) -> Iterator[Item]:
    more = next((question.more for question in reversed(questions) if question.more), None)
    for row in range(1, MOST_ROWS + 1):
        scope = {**answers, **{one.slot: answers.get(key_of(one.slot, row)) for one in questions}}
        asked = [one for one in questions if holds(one.when, scope)]
        if not asked:
            return
        yield from (Item(key=key_of(one.slot, row), question=one, row=row) for one in asked)
        if more is None or row == MOST_ROWS:
            return
        key = f"{group}+{row}"
        question = Question(slot=group, kind="yes_no", ask=more, short=more.rstrip("？?吗"))
        yield Item(key=key, question=question, row=row, is_more=True)
        if answers.get(key) != yes_no.YES:
            return


def key_of(slot: str, row: int) -> str:
    """Return the key of a slot's answer in a row."""
    return slot if row == 1 else f"{slot}#{row}"


def collected(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that count: slot → value; a repeat group as group → list of rows, each slot → value."""
    found: dict[str, Any] = {}
    for item in items(form, answers):
        if item.is_more or item.key not in answers:
            continue
        if item.question.group is None:
            found[item.key] = answers[item.key]
            continue
        rows = found.setdefault(item.question.group, [])
        while len(rows) < item.row:
            rows.append({})
        rows[item.row - 1][item.question.slot] = answers[item.key]
    return found
