"""The shape of flows/<service>.yaml: who may use a service, what is asked, which steps a case takes, what is promised.

Facts tell what the handbook says; a flow tells what we do with it. Every rule names the clause it rests on.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from bot.forms import Form, Question, Slot, When
from knowledge.schema import Cited, Slug, Strict, Text

Step = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

# Moves that every case knows and no flow lists: the customer withdraws, and somebody waits for the customer.
CANCELLED = "cancelled"


class Waiting(Cited):
    """A waiting period from the policy's first day. `days` None: the handbook names one without its figure.

    `first_diagnosis`: what is first diagnosed within it stays excluded afterwards; unclear: the handbook wants a first
    diagnosis since the service is in effect and doesn't say whether that is from the policy's first day on.
    """

    days: int | None = None
    first_diagnosis: bool | Literal["unclear"] = False


class CoolingOff(Cited):
    """Only after the cooling-off period. The handbooks give no figure."""

    days: int | None = None


class Uses(Cited):
    """How often. No entry means unlimited. `of` counts apart (one drug purchase; any number of consultations)."""

    count: Annotated[int, Field(ge=1)]
    per: Literal["policy_year", "contract"]
    when: When = Field(default_factory=dict)


class Need(Cited):
    """What only papers or a person can tell (disease, hospital, medical judgement); it never decides by itself."""

    id: Slug
    say: Text
    when: When = Field(default_factory=dict)


class Refusal(Cited):
    """An answer with which the handbook excludes the service: `when` names the answers, `say` tells the rule."""

    id: Slug
    say: Text
    when: When = Field(min_length=1)


class LeadTime(Cited):
    """How many working days before the planned day (the answer to the date question `slot`) something is done at the
    latest, on that day until `by` ("HH:MM" in China) where the handbook gives an hour. `late` is told after it."""

    slot: Slot
    working_days: Annotated[int, Field(ge=1)]
    by: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")] | None = None
    late: Text


class Hours(Cited):
    """When somebody answers. `days`: daily | weekdays (Monday to Friday) | working_days (the official calendar).

    `holidays` False: closed on public holidays. Times are China's, "HH:MM".
    """

    days: Literal["daily", "weekdays", "working_days"]
    opens: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")]
    closes: Annotated[str, StringConstraints(pattern=r"^\d\d:\d\d$")]
    holidays: bool = True


class Lost(Cited):
    """Once the policy has lapsed the service is gone, also after the policy was reinstated."""


class Eligibility(Cited):
    """What must hold before an application; `clause` says who may use the service.

    `judged_on`: the date question whose day counts instead of today, as a bill is claimed after the visit.
    """

    persons: Annotated[list[Literal["holder", "insured"]], Field(min_length=1)]
    judged_on: Slot | None = None
    waiting: Waiting | None = None
    cooling_off: CoolingOff | None = None
    uses: tuple[Uses, ...] = ()
    option: Slug | None = None
    needs: tuple[Need, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    hours: Hours | None = None
    lost_on_lapse: Lost | None = None


class Material(Cited):
    """A paper of the service's list. `later`: wanted during the case, not with the application."""

    id: Slug
    name: Text
    also: tuple[Text, ...] = ()
    when: When = Field(default_factory=dict)
    later: bool = False
    optional: bool = False
    sensitive: bool = True


class Within(Strict):
    """How soon: the longest time of the promise in one unit, with the shortest where the handbook gives a range.

    working_days counts the Chinese calendar; hours and minutes run in the service's hours; days are calendar days.
    """

    unit: Literal["working_days", "days", "hours", "minutes"]
    most: Annotated[int, Field(ge=1)]
    least: int | None = None


class Promise(Cited):
    """Between reaching step `start` and reaching step `end` at most `within` passes. `say` tells it to the person."""

    id: Slug
    start: Step
    end: Step
    within: Within
    say: Text
    when: When = Field(default_factory=dict)


class CaseStep(Strict):
    """One step of a case. `tell` is what the policyholder reads when it is reached; `next` are the legal moves.

    `waits_for`: customer pauses the clocks. `ends`: done | refused closes the case. `use`: what becomes of the held
    use on reaching it.
    """

    id: Step
    name: Text
    tell: Text
    next: tuple[Step, ...] = ()
    waits_for: Literal["us", "customer"] = "us"
    ends: Literal["done", "refused"] | None = None
    use: Literal["spend", "release"] | None = None
    clause: tuple[Text, ...] = ()
    when: When = Field(default_factory=dict)

    @field_validator("clause", mode="before")
    @classmethod
    def _one_or_many(cls, clause: Any) -> Any:
        return [clause] if isinstance(clause, str) else clause


class Notice(Cited):
    """What is said, and agreed to, before an application is submitted: cancelling, costs, what is not covered."""

    say: Text
    when: When = Field(default_factory=dict)


class Cancelling(Cited):
    """What withdrawing means. `use` spent: the use counts as used; released: it comes back; with `since` only from
    that step on (before it the use is released). `say` is told before the person confirms, `when` given answers call
    for it. `clause` is empty where the handbook is silent about it. `lead_time`: until when it has no consequence."""

    use: Literal["spent", "released"]
    since: Step | None = None
    say: Text
    when: When = Field(default_factory=dict)
    lead_time: LeadTime | None = None


class Proxy(Cited):
    """What somebody who applies for another (`proxy`) or for a minor (`minor`) must bring."""

    say: Text
    materials: tuple[Slug, ...] = ()


class Flow(Strict):
    """Everything that running one service of one product needs besides its facts.

    `questions` are the service's own; who applies, for whom, and how to reach them is asked by every application alike.
    `lead_time`: how long before the planned day to apply; who is late may still apply, and a person decides.
    `wished`: how people ask to have it done without naming it. Each holds words in their order, at most eight
    characters apart, with / between words of which one is said: 约/安排 疫苗/接种.
    `submitted` is added to the confirmation of an application, where there is more to say than number and deadline.
    """

    service: Slug
    version: Annotated[int, Field(ge=1)]
    title: Text
    wished: tuple[Text, ...] = ()
    eligibility: Eligibility
    questions: tuple[Question, ...] = ()
    notices: tuple[Notice, ...] = ()
    materials: tuple[Material, ...] = ()
    steps: Annotated[tuple[CaseStep, ...], Field(min_length=2)]
    promises: tuple[Promise, ...] = ()
    lead_time: LeadTime | None = None
    cancelling: Cancelling
    proxy: Proxy | None = None
    minor: Proxy | None = None
    submitted: Text | None = None

    @property
    def form(self) -> Form:
        """Return the questions as a form for the dialog engine."""
        return Form(id=self.service, version=self.version, title=self.title, questions=self.questions)

    @property
    def first_step(self) -> CaseStep:
        return self.steps[0]

    def step(self, id: str) -> CaseStep | None:
        """Return a step by its id, or None."""
        return next((step for step in self.steps if step.id == id), None)

    @model_validator(mode="after")
    def _is_whole(self) -> "Flow":
        self.form  # noqa: B018  # its questions are checked as a form
        steps = {step.id for step in self.steps}
        named = {id for step in self.steps for id in step.next}
        named |= {id for promise in self.promises for id in (promise.start, promise.end)}
        named |= {self.cancelling.since} if self.cancelling.since else set()
        unknown = named - steps
        if unknown:
            raise ValueError(f"step {min(unknown)} is named but not described; add it to steps")
        reached = _reached(self.steps)
        lost = steps - reached
        if lost:
            raise ValueError(f"step {min(lost)} cannot be reached from {self.steps[0].id}; name it in some step's next")
        for step in self.steps:
            if bool(step.next) == bool(step.ends):
                raise ValueError(f"step {step.id}: a step either has next steps or ends the case")
        slots = {question.slot for question in self.questions}
        for what, when in self.conditions():
            if set(when) - slots:
                raise ValueError(f"{what}: depends on {min(set(when) - slots)}, which no question asks")
        dates = {question.slot for question in self.questions if question.kind == "date"}
        for lead_time in (self.lead_time, self.cancelling.lead_time):
            if lead_time is not None and lead_time.slot not in dates:
                raise ValueError(f"lead_time: no date question asks {lead_time.slot}; name the planned day's slot")
        if self.eligibility.judged_on not in (None, *dates):
            raise ValueError(f"judged_on: no date question asks {self.eligibility.judged_on}; name a date's slot")
        papers = {paper.id for paper in self.materials}
        for who in (self.proxy, self.minor):
            if who is not None and set(who.materials) - papers:
                raise ValueError(f"{min(set(who.materials) - papers)}: no such material; add it to materials")
        return self

    def conditions(self) -> list[tuple[str, When]]:
        """Return every condition on answers with the name of the place where it stands."""
        return [
            *((f"question {question.slot}", question.when) for question in self.questions),
            *(("eligibility.uses", uses.when) for uses in self.eligibility.uses),
            *((f"need {need.id}", need.when) for need in self.eligibility.needs),
            *((f"refusal {refusal.id}", refusal.when) for refusal in self.eligibility.refusals),
            *((f"material {paper.id}", paper.when) for paper in self.materials),
            *((f"promise {promise.id}", promise.when) for promise in self.promises),
            ("cancelling", self.cancelling.when),
            *(("notice", notice.when) for notice in self.notices),
            *((f"step {step.id}", step.when) for step in self.steps),
        ]


def _reached(steps: Sequence[CaseStep]) -> set[str]:
    by_id = {step.id: step for step in steps}
    found: set[str] = set()
    ahead = [steps[0].id]
    while ahead:
        id = ahead.pop()
        if id not in found and id in by_id:
            found.add(id)
            ahead += by_id[id].next
    return found
