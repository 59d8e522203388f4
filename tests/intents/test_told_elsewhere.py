"""What another process tells of a message is the same as what this one would find, and is used for nothing else."""

import copy
import json
import pickle
import random
from pathlib import Path

import pytest

from intents.match import Choice, Context
from intents.overlay import Named, Overlay, Said
from intents.terrain import Topic
from tests.assistants import PRODUCTS, WUXIAN

QUESTIONS = Path(__file__).parents[1] / "questions"
TOPIC = f"{WUXIAN}/inpatient-advance/overview"
WORDS = "小绿本丢了以后要怎么补办"
OURS = Context(products=PRODUCTS, product=WUXIAN)
NEW = Topic(
    id=f"{WUXIAN}/inpatient-advance/published-1",
    product=WUXIAN,
    service="inpatient-advance",
    family="inpatient-advance",
    key="published-1",
    ask="小绿本怎么补办",
    say="到柜台补办。",
)
OVERLAY = Overlay(
    said=(Said(item=1, text=WORDS, topic=TOPIC),),
    named=(Named(item=2, product=WUXIAN, name="垫钱卡", word="住院垫付"),),
    topics=(NEW,),
)


def own(router):
    """Return a router of its own that shares what was learned: a thread's memory must not reach other tests."""
    return copy.copy(router)


def hearing(router, elsewhere):
    """Return a router that has everything worked out by another one, through what goes over a wire."""
    asked = []

    def tell(question):
        asked.append(question)
        return pickle.loads(pickle.dumps(elsewhere.tell(pickle.loads(pickle.dumps(question)))))

    listening = own(router)
    listening.tell_by(tell)
    return listening, asked


def recorded():
    lines = (QUESTIONS / "conversations_frozen.jsonl").read_text(encoding="utf-8").splitlines()
    lines += (QUESTIONS / "safety_frozen.jsonl").read_text(encoding="utf-8").splitlines()[:100]
    rows = [json.loads(line) for line in random.Random(5).sample(lines, 150)]
    return [tuple(turn["user"] for turn in row["turns"]) if "turns" in row else (row["text"],) for row in rows]


def test_everything_recorded_means_the_same_told_elsewhere(router) -> None:
    listening, asked = hearing(router, own(router))
    count = 0
    for conversation in recorded():
        context = Context(products=PRODUCTS)
        for message in conversation:
            listening.hear(message, context)
            assert listening.alarm(message, context) == router.alarm(message, context), message
            assert listening.wants_person(message) == router.wants_person(message), message
            match = listening.route(message, context)
            assert match == router.route(message, context), message
            context = Context(products=PRODUCTS, product=match.product, topic=next(iter(match.topics), None))
            count += 1
    assert len(asked) == count


def test_another_message_or_context_is_worked_out_here(router) -> None:
    listening, _ = hearing(router, own(router))
    listening.hear("住院垫付怎么申请", OURS)
    assert listening.route("图文咨询要钱吗", OURS) == router.route("图文咨询要钱吗", OURS)
    anybody = Context(products=PRODUCTS)
    assert listening.route("住院垫付怎么申请", anybody) == router.route("住院垫付怎么申请", anybody)
    assert not listening.wants_person("你好")


def test_where_none_is_free_it_is_worked_out_here(router) -> None:
    listening = own(router)
    listening.tell_by(lambda _: None)
    listening.hear("住院垫付怎么申请", OURS)
    assert listening.route("住院垫付怎么申请", OURS) == router.route("住院垫付怎么申请", OURS)


@pytest.mark.parametrize(
    ("message", "context"),
    [
        (WORDS, OURS),
        ("垫钱卡怎么申请", OURS),
        ("臻爱无限", Context(products=PRODUCTS, question=WORDS, choices=(Choice(label="臻爱无限", product=WUXIAN),))),
        ("那门诊的呢", Context(products=PRODUCTS, product=WUXIAN, topic=NEW.id)),
        ("1", Context(products=PRODUCTS, product=WUXIAN, choices=(Choice(label="小绿本", topic=NEW.id),))),
        ("住院垫付怎么申请", OURS),
    ],
)
def test_what_was_published_since_counts_although_the_other_process_knows_nothing_of_it(
    router, message, context
) -> None:
    mended = router.with_overlay(OVERLAY)
    expected = mended.route(message, context)
    listening, asked = hearing(mended, own(router))
    listening.hear(message, context)
    assert listening.route(message, context) == expected
    assert asked


def test_a_trial_of_what_is_to_be_published_does_not_hear_what_was_told_without_it(router) -> None:
    listening, _ = hearing(router, own(router))
    listening.hear(WORDS, OURS)
    assert listening.with_overlay(OVERLAY).route(WORDS, OURS).topics == (TOPIC,)
