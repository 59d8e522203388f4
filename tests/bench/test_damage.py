"""The typing errors of the benchmark are errors, stay out of names and figures, and are the same in every run."""

import random

import pytest

from intents.normal import sound
from tests.bench.damage import KINDS, Damage, homophones, look_alikes

QUESTION = "臻爱无限的住院垫付等待期是30天吗"


@pytest.fixture(params=list(KINDS))
def damage(request):
    return Damage(KINDS[request.param](), spared=["臻爱无限"])


def test_exactly_two_characters_differ(damage):
    for seed in range(50):
        damaged = damage.of(QUESTION, random.Random(seed))
        assert len(damaged) == len(QUESTION)
        assert sum(one != other for one, other in zip(QUESTION, damaged, strict=True)) == 2


def test_names_and_figures_stay_whole(damage):
    for seed in range(50):
        damaged = damage.of(QUESTION, random.Random(seed))
        assert damaged.startswith("臻爱无限")
        assert "30" in damaged


def test_one_seed_gives_the_same_errors_again(damage):
    assert damage.of(QUESTION, random.Random(5)) == damage.of(QUESTION, random.Random(5))


def test_a_question_with_too_few_places_is_left_out(damage):
    assert damage.of("CAR-T 30?", random.Random(1)) is None


def test_homophones_sound_alike_and_are_other_characters():
    others = homophones()
    assert len(others) == 3755
    assert "帝" in others["第"]
    assert all(other != one and sound(other) == sound(one) for one in "住院等待期" for other in others[one])


def test_looking_alike_goes_both_ways():
    others = look_alikes()
    assert all(one in others[other] for one, alike in others.items() for other in alike)
