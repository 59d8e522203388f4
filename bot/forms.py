"""Forms as data: what a guided dialog asks, in the order asked. The dialog engine runs any form."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slot = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

# Under which answers something holds: every slot named must have been answered by one of its values.
When = Mapping[Slot, tuple[str, ...]]

Kind = Literal[
    "text",  # free words
    "choice",  # one of `choices`
    "choices",  # several of `choices`
    "yes_no",  # answered by "yes" or "no" (quoted in YAML)
    "date",
    "number",
    "name",  # a person's name
    "phone",
    "id_number",  # a resident identity number with its check digit
    "card",  # a bank card's number; shown by its last four
    "hospital",
    "drug",  # a row of the product's drug list
    "files",  # photos or documents
]


def holds(when: When, answers: Mapping[str, Any]) -> bool:
    """Return whether `answers` (slot → value) meet a condition; an empty condition always holds."""
    return all(_meets(answers.get(slot), values) for slot, values in when.items())


def _meets(answer: Any, values: tuple[str, ...]) -> bool:
    given = answer if isinstance(answer, list) else [answer]
    return any(str(one) in values for one in given)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """One choice: `id` is stored, `label` is shown, `called` are other words people use for it."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    label: Text
    called: tuple[Text, ...] = ()


class Question(_Strict):
    """One typed slot. `ask` is said to the person; `short` is its name in the summary and in corrections.
    `again` is said instead of a long `ask` where that was read just before. `binding`: a yes has consequences, and
    counts only where the person says nothing else. `pattern`: what a text must look like, blanks and hyphens apart.

    `also` are other names people use for the slot when they correct it; of a binding question, the deed by whose name
    they say yes. `earliest` and `latest` bound a date, in days
    from today (0 is today). `group` with the same name on consecutive questions makes a repeat group: after its last
    question `more` is asked ("还有一笔发票吗？"), and yes asks the group again.
    """

    slot: Slot
    kind: Kind
    ask: Text
    short: Text
    also: tuple[Text, ...] = ()
    hint: Text | None = None
    again: Text | None = None
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    binding: bool = False
    when: When = Field(default_factory=dict)
    earliest: int | None = None
    latest: int | None = None
    longest: int = 200
    pattern: str | None = None
    group: Slot | None = None
    more: Text | None = None

    @model_validator(mode="after")
    def _has_choices(self) -> "Question":
        if (self.kind in ("choice", "choices")) != bool(self.choices):
            raise ValueError(f"{self.slot}: choices are given for the kinds choice and choices, and only for them")
        return self


class Form(_Strict):
    """A named list of questions. A change of questions raises `version`; answers of older versions are carried over."""

    id: Text
    version: Annotated[int, Field(ge=1)]
    title: Text
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _slots_are_unique_and_known(self) -> "Form":
        slots = [question.slot for question in self.questions]
        twice = {slot for slot in slots if slots.count(slot) > 1}
        if twice:
            raise ValueError(f"slot {min(twice)} is asked twice; give one another name")
        known: set[str] = set()
        for question in self.questions:
            missing = set(question.when) - known
            if missing:
                raise ValueError(f"{question.slot}: depends on {min(missing)}, which is not asked before it")
            known.add(question.slot)
        return self

    def asked(self, answers: Mapping[str, Any]) -> Iterator[Question]:
        """Yield the questions whose condition holds under `answers`."""
        return (question for question in self.questions if holds(question.when, answers))

    def question(self, slot: str) -> Question | None:
        """Return the question of a slot, or None."""
        return next((question for question in self.questions if question.slot == slot), None)
