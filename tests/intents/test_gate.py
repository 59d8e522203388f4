"""What is no handbook question is kept out; the more speaks for one, the less must its words prove."""

from dataclasses import fields, replace

import pytest

from intents.gate import Evidence, GateLimits, is_foreign, is_medical
from intents.ranking import Scope

LIMITS = GateLimits()
NONE = Evidence(**dict.fromkeys((field.name for field in fields(Evidence)), False))


def test_a_question_like_the_handbooks_is_let_in() -> None:
    assert not is_foreign(Scope(inside=1.0, foreign=0.0, medical=0.0), NONE, LIMITS)


def test_a_question_like_the_foreign_ones_is_kept_out() -> None:
    assert is_foreign(Scope(inside=0.1, foreign=0.8, medical=0.0), NONE, LIMITS)


def test_nothing_known_is_kept_out() -> None:
    assert is_foreign(Scope(inside=0.0, foreign=0.0, medical=0.0), NONE, LIMITS)


@pytest.mark.parametrize("sign", ["product_named", "product_settled", "service_named", "following"])
def test_each_sign_of_a_handbook_question_lowers_the_bar(sign: str) -> None:
    scope = Scope(inside=LIMITS.lead - 0.05, foreign=0.0, medical=0.0)
    assert is_foreign(scope, NONE, LIMITS)
    assert not is_foreign(scope, replace(NONE, **{sign: True}), LIMITS)


def test_a_question_like_those_for_doctors_is_medical() -> None:
    assert is_medical(Scope(inside=0.1, foreign=0.9, medical=0.9), NONE, LIMITS)


def test_a_foreign_question_of_another_kind_is_not_medical() -> None:
    assert not is_medical(Scope(inside=0.1, foreign=0.9, medical=0.1), NONE, LIMITS)


def test_a_handbook_question_with_a_word_of_illness_is_not_medical() -> None:
    named = replace(NONE, service_named=True, product_named=True)
    assert not is_medical(Scope(inside=1.0, foreign=0.4, medical=0.4), named, LIMITS)
