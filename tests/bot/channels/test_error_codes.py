"""Each code of the platform's table leads to the one right thing to do."""

from datetime import UTC, datetime

import pytest

from bot.channels.error_codes import fault_of
from bot.errors import ConfigurationFault, GiveUp, RetryLater

NOON_IN_CHINA = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)
MINUTES = 60


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((-1, 40001, 40014, 42001, 45009, 45011, 45033, 50001, 61024), RetryLater),
        ((40003, 43004, 43019, 43101, 45002, 45015, 45047, 44002), GiveUp),
        ((40013, 40125, 40164, 48001, 60020), ConfigurationFault),
    ],
)
def test_a_code_becomes_the_error_that_tells_what_to_do(codes, error):
    for code in codes:
        fault = fault_of(code, now=NOON_IN_CHINA)
        assert type(fault) is error, code
        assert fault.code == code


@pytest.mark.parametrize(
    ("code", "wait_seconds"), [(45009, 12 * 60 * MINUTES), (45011, 60), (45033, 5), (-1, None), (42001, None)]
)
def test_a_limit_says_how_long_to_wait(code, wait_seconds):
    fault = fault_of(code, now=NOON_IN_CHINA)
    assert isinstance(fault, RetryLater)
    assert fault.wait_seconds == wait_seconds
