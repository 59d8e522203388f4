"""How long a wrong guess takes tells nothing about whether the policy is there."""

import time
from collections import defaultdict
from statistics import median

import pytest

from tests.handlers.office import INSURED, POLICY, Office

GUESSES = {
    "not there": ("臻爱无限", "DEMO-WX-9999", INSURED, "0101"),
    "another telephone": ("臻爱无限", POLICY, INSURED, "9999"),
    "another name": ("臻爱无限", POLICY, "演示丙", "0101"),
}
_PEOPLE = 150  # for each guess
_MOST_APART = 0.15  # of a turn; between sorts of guesses the medians of one machine lie a few per cent apart


@pytest.mark.proof
@pytest.mark.timeout(3000)
def test_the_median_of_a_wrong_guess_is_the_same_whatever_is_wrong(office: Office) -> None:
    taken: dict[str, list[float]] = defaultdict(list)
    for number in range(_PEOPLE):
        office.clock.move(hours=8)  # or so many guesses would lock the policy itself
        for kind, told in GUESSES.items():
            contact = f"o-{kind}-{number}"
            office.verified(contact=contact, told=told)
            office.says(*told[1:3], contact=contact)
            began = time.perf_counter()
            reply = office.says(told[3], contact=contact)
            taken[kind].append(time.perf_counter() - began)
            assert "没有核对上" in reply
    medians = {kind: 1000 * median(seconds) for kind, seconds in taken.items()}
    print("milliseconds: ", medians)
    usual = median(medians.values())
    assert all(abs(one - usual) < _MOST_APART * usual for one in medians.values()), medians
