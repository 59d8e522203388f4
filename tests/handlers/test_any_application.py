"""An unseen user applies for every service, in any order and any words: each application ends in a case with the right
answers, or in the right refusal with its clause."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from knowledge.library import Library, load
from tests.assistants import PRODUCTS
from tests.handlers.applicants import Applicant
from tests.handlers.counters import ACCOUNT, PERSON, Counter
from tests.handlers.truths import Oracle, Truth
from tests.handlers.webhook_counter import webhook_counter
from tests.service_desk import ServiceDesk

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RUNS_OF_A_SERVICE, RUNS_OF_THE_PROOF = 3, 100
ASKED_BESIDE = ("{}多久能办好？", "{}等待期是多久", "{}怎么收费的？", "{}在哪些医院能用？")

Place = tuple[str, str, str | None]  # product, service, the first choice


def places() -> Iterator[Place]:
    for product, book in load().handbooks.items():
        for service, flow in book.flows.items():
            first = flow.questions[0]
            for choice in [one.id for one in first.choices] or [None]:
                yield product, service, choice


PLACES = list(places())


def runs(of_each: int) -> list[object]:
    found = []
    for product, service, first in PLACES:
        kinds = sum(1 for place in PLACES if place[:2] == (product, service))
        for seed in range(-(-of_each // kinds)):
            found.append(pytest.param((product, service, first), seed, id=f"{product}/{service}/{first}/{seed}"))
    return found


@pytest.fixture
def counter(service_desk: ServiceDesk) -> Counter:
    service_desk.clock.now = MONDAY
    return Counter(desk=service_desk)


@pytest.mark.parametrize(("place", "seed"), runs(RUNS_OF_A_SERVICE))
def test_an_application_ends_in_a_right_case_or_a_right_refusal(
    counter: Counter, library: Library, place: Place, seed: int
) -> None:
    play(counter, library, place, Random(f"{place} {seed}"))


@pytest.mark.proof
@pytest.mark.parametrize(("place", "seed"), runs(RUNS_OF_THE_PROOF))
def test_a_hundred_applications_of_each_service_end_right(
    counter: Counter, library: Library, place: Place, seed: int
) -> None:
    play(counter, library, place, Random(f"proof {place} {seed}"))


BY_WEBHOOK = [
    ("zhenai-wuxian-2023", "inpatient-advance", "advance"),
    ("zhenai-wuxian-2023", "specialty-drug", "purchase"),
    ("junlong-zhenai-21", "outpatient-fast-track", "yes"),
    ("chengzhang-youxiang-2025", "pre-authorisation", "drug"),
    ("chengzhang-youxiang-2025", "vaccine-claim", "checkup"),
]


@pytest.mark.parametrize("place", BY_WEBHOOK, ids="/".join)
def test_an_application_ends_right_by_signed_and_encrypted_messages(
    service_desk: ServiceDesk, library: Library, place: Place
) -> None:
    service_desk.clock.now = MONDAY
    with webhook_counter(service_desk) as counter:
        play(counter, library, place, Random(f"webhook {place}"))


def play(counter: Counter, library: Library, place: Place, rng: Random) -> None:
    """Let somebody apply, and look at what came of it."""
    product, service, first = place
    oracle = Oracle(library, rng, counter.now)
    truth = stored(counter, oracle, product, service, first, rng)
    name = library.handbooks[product].service(service)
    assert name is not None
    applicant = Applicant(
        truth=truth,
        counter=counter,
        oracle=oracle,
        rng=rng,
        opening=rng.choice(("我想申请{}", "帮我办{}", "我要办理{}", "申请{}")).format(name.short),
        asides=[ask.format(name.short) for ask in ASKED_BESIDE],
    )
    reply = applicant.apply()
    cases = counter.desk.cases()
    if truth.is_refused:
        if cases or not is_right_refusal(counter, truth, reply):
            raise applicant.wrong(f"not refused as it must be: {[check.why for check in truth.verdict.against]}")
        return
    if len(cases) != 1:
        raise applicant.wrong("no case was opened")
    case = cases[0]
    files = {question.slot for question in truth.questions if question.kind == "files"}
    answers = {slot: value for slot, value in case.answers.items() if slot not in files}
    opened = (case.product, case.service, case.policy_id, case.insured_id, answers)
    person = truth.person
    expected = (product, service, truth.policy.id, person.id if person else None, dict(truth.answers))
    if opened != expected or case.number not in reply:
        raise applicant.wrong(f"the case is {opened}, not {expected}")


def stored(counter: Counter, oracle: Oracle, product: str, service: str, first: str | None, rng: Random) -> Truth:
    """Store a family's policy, often bound already to the person at the counter, and say what they want."""
    numbers = [f"TEST-{number:06d}" for number in rng.sample(range(10**6), 2)]
    told = [oracle.policy(product, number=numbers[0], is_sound=rng.random() < 0.88)]
    if rng.random() < 0.2:
        told.insert(rng.randrange(2), oracle.policy(rng.choice((product, *PRODUCTS)), number=numbers[1]))
    bound_to = (ACCOUNT, PERSON) if len(told) > 1 or rng.random() < 0.6 else None
    known = {policy.number: policy for policy in counter.desk.know(told, bound_to=bound_to)}
    return oracle.truth(known[numbers[0]], service, first=first)


def is_right_refusal(counter: Counter, truth: Truth, reply: str) -> bool:
    """Whether a reply tells one of the reasons, with its clause."""
    if truth.keeps_illness and "没有病情资料就办不了" in reply:
        return True
    against = [check for check in truth.verdict.against if check.why in reply]
    clauses = {clause for check in against for clause in check.clause}
    return bool(against) and clauses <= {one.clause for one in counter.cited} and (not clauses or "依据" in reply)
