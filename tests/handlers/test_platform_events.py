"""What a platform tells later of a notice: the reminder takes its next way; consents to subscriptions are counted."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from bot.messages import Committing, Inbound, Kind
from bot.store.conversations import take_over
from bot.store.store import Store
from care import subscriptions
from handlers.platform_events import effect_of
from handlers.remind import Rounds
from handlers.reminder_ways import Template, Ways
from knowledge.library import Library, load
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock
from tests.handlers.test_reminders import Templates, Ward, appointment, china

KIND = "appointment_cancellation"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


@pytest.fixture
def ward(store: Store, clock: FixedClock, library: Library) -> Ward:
    clock.now = china("2026-11-23 10:00")
    ward = Ward(store, clock, library)
    appointment(ward, day="2026-11-30")
    return ward


def event(ward: Ward, name: str, **fields: str) -> Inbound:
    return Inbound(
        account="demo", contact="o-1", key=f"e{next(_numbers)}", kind=Kind.EVENT, sent_at=ward.clock(), event=name,
        fields=fields,
    )  # fmt: skip


def told(ward: Ward, name: str, **fields: str) -> None:
    """Let the platform tell something."""
    inbound = event(ward, name, **fields)
    effect = effect_of(inbound)
    assert effect is not None
    turn = Committing(contact_id=1, conversation_id=1, key=inbound.key, now=ward.clock())
    ward.store.write(lambda connection: effect(connection, turn))


def notices(ward: Ward, *, subscribed: bool = False) -> Templates:
    sender = Templates()
    template = Template(id="T", fields={"thing1": "kind", "time2": "day"}, subscribed=subscribed)
    ways = Ways(templates={"demo": {KIND: template}}, senders={"demo": sender})
    ward.rounds = Rounds(store=ward.store, house=ward.house, ways=ways)
    return sender


@pytest.mark.parametrize("status", ["failed:user block", "failed: system failed"])
def test_a_template_message_that_failed_later_takes_the_next_way(ward: Ward, status: str) -> None:
    notices(ward)
    ward.runs("2026-11-27 09:11")
    told(ward, "templatesendjobfinish", MsgID="n1", Status=status)
    assert ward.runs("2026-11-27 09:12")["calls"] == 1
    assert (ward.row(KIND).state, ward.calls()) == ("called", [KIND])


def test_a_failure_told_hours_later_still_counts_while_the_reminder_is_of_use(ward: Ward) -> None:
    notices(ward)
    ward.runs("2026-11-27 09:11")
    ward.runs("2026-11-27 11:00")
    assert ward.row(KIND).state == "sent"
    told(ward, "templatesendjobfinish", MsgID="n1", Status="failed: system failed")
    assert ward.runs("2026-11-27 11:01")["calls"] == 1


def test_a_failure_told_after_the_window_calls_nobody(ward: Ward) -> None:
    notices(ward)
    ward.runs("2026-11-27 09:11")
    told(ward, "templatesendjobfinish", MsgID="n1", Status="failed: system failed")
    done = ward.runs("2026-11-27 16:30")
    assert (done["calls"], ward.row(KIND).state) == (0, "expired")


def test_a_report_that_comes_before_its_notice_was_noted_is_not_lost(ward: Ward) -> None:
    notices(ward)
    told(ward, "templatesendjobfinish", MsgID="n1", Status="failed:user block")
    assert ward.runs("2026-11-27 09:11")["calls"] == 1


def test_a_delivered_one_ends_at_once_and_only_once(ward: Ward) -> None:
    sender = notices(ward)
    ward.runs("2026-11-27 09:11")
    told(ward, "templatesendjobfinish", MsgID="n1", Status="success")
    told(ward, "templatesendjobfinish", MsgID="n1", Status="success")
    assert ward.runs("2026-11-27 09:12")["delivered"] == 1
    assert (ward.row(KIND).state, len(sender.sent)) == ("sent", 1)


def test_a_report_counts_while_a_person_has_the_conversation(store: Store, clock: FixedClock) -> None:
    heard: list[str] = []

    def respond(turn: Any) -> Any:
        heard.append(turn.inbound.event)
        return noting(turn)

    def noting(turn: Any) -> Any:
        from bot.messages import Outcome, Reply

        effect = effect_of(turn.inbound)
        return Outcome(replies=(Reply(text="好"),), effects=(effect,) if effect else ())

    place = Workplace(store, clock, respond)
    place.say("你好", key="1", contact="o-1")
    store.write(lambda connection: take_over(connection, 1, now=clock()))
    fields: Mapping[str, str] = {"MsgID": "7", "Status": "failed:user block"}
    told = Inbound(
        account="demo", contact="o-1", key="e", kind=Kind.EVENT, sent_at=clock(), event="templatesendjobfinish",
        fields=fields,
    )  # fmt: skip
    assert place.turns.take(told).text is None
    assert place.count("delivery_reports") == 1
    assert heard[-1] == "templatesendjobfinish"


def agreed(ward: Ward) -> int:
    with ward.store.reading() as connection:
        return subscriptions.left(connection, 1, "T")


def popup(*answers: str) -> dict[str, str]:
    """A person's answers to a list of templates, as the channel gives the platform's nested fields."""
    fields = {}
    for number, answer in enumerate(answers, 1):
        place = "SubscribeMsgPopupEvent.List" + (f"#{number}" if number > 1 else "")
        fields |= {f"{place}.TemplateId": "T" if number == 1 else f"T{number}", f"{place}.PopupScene": "2"}
        fields[f"{place}.SubscribeStatusString"] = answer
    return fields


def test_one_consent_is_one_subscription_message(ward: Ward) -> None:
    sender = notices(ward, subscribed=True)
    told(ward, "subscribe_msg_popup_event", **popup("accept", "reject"))
    assert agreed(ward) == 1
    assert ward.runs("2026-11-27 09:11")["notices"] == 1
    assert (agreed(ward), len(sender.sent)) == (0, 1)


def test_without_consent_left_the_next_way_is_taken(ward: Ward) -> None:
    sender = notices(ward, subscribed=True)
    assert ward.runs("2026-11-27 09:11")["calls"] == 1
    assert sender.sent == []


def test_a_consent_taken_back_ends_all(ward: Ward) -> None:
    for _ in range(3):
        told(ward, "subscribe_msg_popup_event", **popup("accept"))
    told(ward, "subscribe_msg_popup_event", **popup("reject"))
    assert agreed(ward) == 3
    place = "SubscribeMsgChangeEvent.List"
    told(ward, "subscribe_msg_change_event", **{f"{place}.TemplateId": "T", f"{place}.SubscribeStatusString": "reject"})
    assert agreed(ward) == 0


def test_a_subscription_message_that_was_refused_later_takes_the_next_way(ward: Ward) -> None:
    notices(ward, subscribed=True)
    told(ward, "subscribe_msg_popup_event", **popup("accept"))
    ward.runs("2026-11-27 09:11")
    place = "SubscribeMsgSentEvent.List"
    fields = {f"{place}.MsgID": "n1", f"{place}.ErrorCode": "43101", f"{place}.ErrorStatus": "user refuse"}
    told(ward, "subscribe_msg_sent_event", **fields)
    assert ward.runs("2026-11-27 09:12")["calls"] == 1


@pytest.mark.parametrize("name", ["click", "subscribe", "unsubscribe", "scan", "view"])
def test_what_a_person_does_is_no_report(ward: Ward, name: str) -> None:
    assert effect_of(event(ward, name)) is None


@pytest.mark.parametrize("number", ["", "9" * 65])
def test_a_number_that_can_be_none_is_let_go(ward: Ward, number: str) -> None:
    told(ward, "templatesendjobfinish", MsgID=number, Status="success")
