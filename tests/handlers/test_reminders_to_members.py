"""Reminders to members of a corporation: WeCom closes no window, so what Official Accounts cannot send leaves."""

from handlers.remind import Rounds
from handlers.reminder_ways import Ways
from tests.handlers.test_reminders import Ward, appointment, library, ward

__all__ = ["library", "ward"]  # the fixtures


def test_a_member_is_reminded_days_after_the_last_word(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    ward.rounds = Rounds(store=ward.store, house=ward.house, ways=Ways(windowless=frozenset({"demo"})))
    done = ward.runs("2026-11-27 09:11")
    assert (done["messages"], done["calls"]) == (1, 0)
    assert len(ward.sent) == 1


def test_another_account_keeps_its_window(ward: Ward) -> None:
    appointment(ward, day="2026-11-30")
    ward.rounds = Rounds(store=ward.store, house=ward.house, ways=Ways(windowless=frozenset({"employees"})))
    done = ward.runs("2026-11-27 09:11")
    assert (done["messages"], done["calls"]) == (0, 1)
