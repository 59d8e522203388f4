"""Guessing at policies teaches nothing: the words are the same whatever does not agree, and so is the work done."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from tests.handlers.office import INSURED, LAST_FOUR, POLICY, VERIFYING, Office

PRODUCT = "臻爱无限"
NOT_THERE = (PRODUCT, "DEMO-WX-9999", INSURED, LAST_FOUR)
GUESSES = {
    "a policy that is not there": NOT_THERE,
    "another name": (PRODUCT, POLICY, "演示丙", LAST_FOUR),
    "another telephone": (PRODUCT, POLICY, INSURED, "9999"),
    "a policy of another product": (PRODUCT, "DEMO-JL-0001", "演示丙", "0103"),
    "an identity number that is not there": (PRODUCT, "990101199001010016", INSURED, LAST_FOUR),
    "an identity number that is there": (PRODUCT, "990101198804120233", INSURED, "9999"),
}


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements of any store, by their first words."""
    done: Counter[str] = Counter()

    def note(_connection, _cursor, statement: str, *_: object) -> None:
        done[" ".join(statement.split()[:4])] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield done
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_fifty_wrong_guesses_get_the_same_words(office: Office) -> None:
    """Each of ten people guesses five times, at policies that are there and at others."""
    kinds = list(GUESSES.values())
    heard: list[set[str]] = [set() for _ in range(5)]
    for person in range(10):
        contact = f"o-{person}"
        for time in range(5):
            told = kinds[(person * 5 + time) % len(kinds)]
            reply = office.says(*told[1:], contact=contact) if time else office.verified(contact=contact, told=told)
            heard[time].add(reply)
    assert [len(words) for words in heard] == [1] * 5
    assert all("没有核对上" in reply for words in heard[:4] for reply in words)
    assert "一天之内先不能再试" in heard[4].pop()
    assert office.count("verification_attempts", succeeded=False) == 50
    assert office.count("bindings") == 0


@pytest.mark.parametrize("kind", list(GUESSES))
def test_a_guess_is_answered_with_the_same_statements(office: Office, kind: str) -> None:
    def cost(contact: str, told: tuple[str, ...]) -> tuple[str, Counter[str]]:
        office.verified(contact=contact, told=NOT_THERE)
        office.says(*told[1:3], contact=contact)
        with counted() as done:
            reply = office.says(told[3], contact=contact)
        return reply, done

    assert cost("o-one", GUESSES[kind]) == cost("o-other", NOT_THERE)


def test_a_lock_says_the_same_to_right_and_wrong_answers(office: Office) -> None:
    replies = set()
    for contact, told in (("o-right", VERIFYING), ("o-wrong", NOT_THERE)):
        office.verified(contact=contact, told=NOT_THERE)
        for _ in range(4):
            office.says(*NOT_THERE[1:], contact=contact)
        replies.add(office.verified(contact=contact, told=told))
    assert len(replies) == 1
    assert office.count("bindings") == 0


def test_the_right_answers_after_four_wrong_ones_are_taken(office: Office) -> None:
    office.verified(told=NOT_THERE)
    for _ in range(3):
        office.says(*NOT_THERE[1:])
    assert "核对好了" in office.says(*VERIFYING[1:])
    assert office.count("bindings") == 1


def test_every_attempt_is_audited(office: Office) -> None:
    office.verified(told=NOT_THERE)
    office.says(*VERIFYING[1:])
    assert (office.count("audit", action="verify_failed"), office.count("audit", action="verify")) == (1, 1)
