"""What may still be sent: 48 hours and five messages after a person's last one, or always."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from bot.accounts import KINDS, has_window
from bot.kf.tables import kf_sessions
from bot.store import outbox, quota
from tests.clocks import FixedClock
from tests.console.talks import delivered, says


def room(store, clock, number, **how):
    with store.reading() as connection:
        return quota.room(connection, number, is_unlimited=how.get("is_unlimited", False), now=clock())


def write(store, clock, number, text) -> None:
    store.write(
        lambda connection: outbox.add(
            connection, store.keys, conversation_id=number, kind="reply", text=text, key=text, now=clock()
        )
    )


def test_five_messages_may_follow_what_a_person_said(store, clock: FixedClock) -> None:
    wrote_at = clock()
    number = says(store, clock, "在吗")
    assert room(store, clock, number).left == quota.MESSAGES
    assert room(store, clock, number).until == wrote_at + quota.WINDOW
    for text in ("一", "二", "三"):
        write(store, clock, number, text)
    delivered(store, clock)
    write(store, clock, number, "四")
    assert room(store, clock, number).left == 1
    write(store, clock, number, "五")
    assert not room(store, clock, number).is_open


def test_the_window_closes_after_48_hours_and_opens_with_the_next_word(store, clock: FixedClock) -> None:
    number = says(store, clock, "在吗")
    clock.move(seconds=timedelta(hours=48).total_seconds())
    assert room(store, clock, number) == quota.Room(is_unlimited=False, until=None, left=0)
    says(store, clock, "还在吗")
    assert room(store, clock, number).is_open


def in_session(store, clock, number, **session) -> None:
    """Make a conversation one of customer service."""
    row = {"conversation_id": number, "account": "kf", "open_kfid": "wk", "changed_at": clock(), **session}
    store.write(lambda connection: connection.execute(insert(kf_sessions).values(row)))


def test_customer_service_counts_by_the_platforms_time_and_its_servicers_words_are_none_of_the_five(
    store, clock: FixedClock
) -> None:
    wrote_at = clock() - timedelta(hours=47)
    number = says(store, clock, "在吗")  # fetched 47 hours after it was written
    for text in ("一", "二", "三", "四"):
        write(store, clock, number, text)
        delivered(store, clock)
    in_session(store, clock, number, state=0, window_at=wrote_at, used=1)
    assert room(store, clock, number) == quota.Room(is_unlimited=False, until=wrote_at + quota.WINDOW, left=4)
    write(store, clock, number, "五")
    assert room(store, clock, number).left == 3
    clock.move(hours=1)
    assert not room(store, clock, number).is_open


@pytest.mark.parametrize("state", [3, 4])
def test_nothing_is_sent_in_a_session_that_is_a_servicers_or_over_but_by_a_code(store, clock, state) -> None:
    number = says(store, clock, "在吗")
    in_session(store, clock, number, state=state, window_at=clock(), used=0)
    assert not room(store, clock, number).is_open
    code = {"code": "x", "code_until": clock() + timedelta(seconds=20)}
    store.write(lambda connection: connection.execute(update(kf_sessions).values(code)))
    assert room(store, clock, number).is_open


@pytest.mark.parametrize(
    ("channel", "is_limited"), [("wechat", True), ("wecom_kf", True), ("wecom", False), ("web_chat", False)]
)
def test_only_some_kinds_of_channel_have_a_window(store, clock: FixedClock, channel, is_limited) -> None:
    number = says(store, clock, "在吗")
    clock.move(seconds=timedelta(days=30).total_seconds())
    assert has_window(channel) is is_limited
    assert room(store, clock, number, is_unlimited=not has_window(channel)).is_open is not is_limited


def test_every_kind_of_account_says_whether_it_has_a_window() -> None:
    assert [channel for channel, kind in KINDS.items() if "has_window" not in vars(kind)] == []


def test_a_channel_that_nobody_declared_gets_no_window_by_accident() -> None:
    with pytest.raises(KeyError):
        has_window("some_new_channel")
