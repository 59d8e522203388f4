"""What a health manager should know before the first answer, made from what is stored: who, why, what was asked and
answered by which clause, policies and the trace of eligibility, open cases, the form so far, mood, when it is due."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from bot.clock import in_china
from bot.messages import Conversation
from bot.slots.said import plain
from bot.store.questions import Asked, latest_questions
from bot.yaml_files import read_yaml
from care.eligibility import Verdict
from care.hand_overs import HandOver
from care.policy import Insured, Policy, standing
from care.service_hours import ServiceHours
from handlers.customers import Customer, Customers, covered
from handlers.open_form import OpenForm, OpenForms
from handlers.policy_words import person_name, plan_of
from handlers.wording import say
from knowledge.library import Library

MOODS = Path(__file__).with_name("mood_words.yaml")
QUESTIONS = 6
_LISTENED = 12  # messages in which mood is looked for
_RESULTS = {"eligible": "可以办", "not_eligible": "还不能办", "unknown": "要核实"}
_WHY = {
    "handoff": "客户要找人工",
    "emergency": "可能有生命危险",
    "self_harm": "可能要伤害自己",
    "complaint": "客户要投诉",
    "a case is late": "工单超时，客户在催",
    "native": "已在企业微信里接待",
    "queued on the platform": "客户在企业微信里排队等人",
}


@dataclass(frozen=True, kw_only=True)
class PolicyLine:
    """A bound policy: its number by the last four, who is covered, how it stands."""

    product: str
    plan: str
    number: str
    insured: tuple[str, ...] = field(repr=False)
    standing: str
    is_in_use: bool


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """One check of eligibility with its clause."""

    check: str
    result: str
    why: str
    clause: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EligibilityLine:
    """Whether somebody may use the service in question, with the trace."""

    service: str
    person: str = field(repr=False)
    decision: str
    checks: tuple[CheckLine, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """An open case."""

    number: str
    service: str
    step: str
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Packet:
    """The hand-over packet. `due_at`: by when an answer is due in service hours; None when nobody waits."""

    why: str
    is_red: bool
    asked_at: datetime | None
    due_at: datetime | None
    is_verified: bool
    policies: tuple[PolicyLine, ...]
    eligibility: tuple[EligibilityLine, ...]
    cases: tuple[CaseLine, ...]
    form: OpenForm | None
    questions: tuple[Asked, ...]
    moods: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Packets:
    """Makes packets. `answer_within`: of service time."""

    customers: Customers
    forms: OpenForms
    hours: ServiceHours
    answer_within: timedelta = timedelta(minutes=10)

    def of(self, conversation: Conversation, hand_over: HandOver | None, *, now: datetime) -> Packet:
        """Return the packet of a conversation. Reads only."""
        customer = self.customers.of(conversation.contact_id)
        with self.customers.store.reading() as connection:
            asked = latest_questions(connection, self.customers.store.keys, conversation.id, limit=_LISTENED)
        form = self.forms.of(conversation, now=now)
        asked_at = hand_over.asked_at if hand_over else None
        return Packet(
            why=_why(hand_over),
            is_red=bool(hand_over and hand_over.is_red),
            asked_at=asked_at,
            due_at=self._due_at(hand_over),
            is_verified=bool(customer.policies),
            policies=tuple(self._policy(one, conversation, now) for one in customer.policies),
            eligibility=tuple(self._eligibility(customer, conversation, asked, now)),
            cases=tuple(self._cases(customer)),
            form=form,
            questions=tuple(asked[-QUESTIONS:]),
            moods=moods_in(one.text for one in asked),
        )

    @property
    def _library(self) -> Library:
        return self.customers.library

    def _due_at(self, hand_over: HandOver | None) -> datetime | None:
        if hand_over is None or hand_over.asked_at is None or hand_over.first_reply_at is not None:
            return None
        return self.hours.after(hand_over.asked_at, self.answer_within)

    def _policy(self, policy: Policy, conversation: Conversation, now: datetime) -> PolicyLine:
        return PolicyLine(
            product=self._library.product(policy.product).short,
            plan=plan_of(policy),
            number=f"尾号{policy.number[-4:]}",
            insured=tuple(person.name for person in policy.insured),
            standing=say(f"standing_{standing(policy, in_china(now).date())}"),
            is_in_use=policy.id is not None and policy.id == conversation.state.get("policy"),
        )

    def _eligibility(
        self, customer: Customer, conversation: Conversation, asked: Iterable[Asked], now: datetime
    ) -> Iterator[EligibilityLine]:
        """Judge the service being talked about, for everybody whom the policy in use lets use it."""
        product, service = _about(conversation, asked)
        if product is None or service is None:
            return
        flow = self.customers.flow(product, service)
        bound = [policy for policy in customer.policies if policy.product == product]
        if flow is None or not bound:
            return
        used = customer.policy(conversation.state.get("policy"))
        policy = used if used is not None and used.product == product else bound[0]
        handbook = self._library.handbooks[product].service(service)
        for insured in covered(policy, flow):
            verdict = customer.verdict(policy, insured, service, now=now)
            yield _line(handbook.short if handbook else service, policy, insured, verdict)

    def _cases(self, customer: Customer) -> Iterator[CaseLine]:
        for case in customer.open_cases:
            flow = self.customers.flow(case.product, case.service)
            step = flow.step(case.step) if flow else None
            handbook = self._library.handbooks.get(case.product)
            service = handbook.service(case.service) if handbook else None
            due = next((one.due_at for one in customer.deadlines(case) if one.state == "running"), None)
            yield CaseLine(
                number=case.number,
                service=service.short if service else case.service,
                step=step.name if step else case.step,
                due_at=due,
            )


def moods_in(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the words that tell how somebody feels, by mood, in the order in which they were said."""
    found: dict[str, list[str]] = {}
    for text in map(plain, texts):
        for mood, words in _moods().items():
            said = [word for word in words if word in text]
            found.setdefault(mood, []).extend(word for word in said if word not in found.get(mood, []))
    return {mood: tuple(words) for mood, words in found.items() if words}


@lru_cache(maxsize=1)
def _moods() -> dict[str, tuple[str, ...]]:
    read: dict[str, list[str]] = read_yaml(MOODS)
    return {mood: tuple(words) for mood, words in read.items()}


def _why(hand_over: HandOver | None) -> str:
    if hand_over is None or hand_over.reason is None:
        return "没有要求人工" if hand_over is None else "健康管家主动接管"
    return _WHY.get(hand_over.reason, "其他原因")


def _about(conversation: Conversation, asked: Iterable[Asked]) -> tuple[str | None, str | None]:
    """Return product and service being talked about: the dialog's under way, else the last question's."""
    for task in reversed(conversation.state.get("tasks") or ()):
        about = task.get("about", {})
        if about.get("service"):
            return about.get("product"), about["service"]
    last = next((one for one in reversed(list(asked)) if one.product and one.service), None)
    return (last.product, last.service) if last else (None, None)


def _line(service: str, policy: Policy, insured: Insured | None, verdict: Verdict) -> EligibilityLine:
    return EligibilityLine(
        service=service,
        person=person_name(policy, insured),
        decision=_RESULTS[verdict.decision],
        checks=tuple(
            CheckLine(check=check.check, result=check.result, why=check.why, clause=check.clause)
            for check in verdict.checks
        ),
        needs=tuple(need.say for need in verdict.needs),
    )
