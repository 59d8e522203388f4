"""What may still be sent: 48 hours and five messages after a person's last one, or always."""

from datetime import timedelta

import pytest

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


@pytest.mark.parametrize(("channel", "has_window"), [("wechat", True), ("wecom_kf", True), ("wecom", False)])
def test_only_some_kinds_of_channel_have_a_window(store, clock: FixedClock, channel, has_window) -> None:
    number = says(store, clock, "在吗")
    clock.move(seconds=timedelta(days=30).total_seconds())
    assert quota.has_window(channel) is has_window
    assert room(store, clock, number, is_unlimited=not has_window).is_open is not has_window
