"""Turns: recorded once, answered once, in order; the same on both databases."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bot.decision import APOLOGY
from bot.errors import RetryLater
from bot.messages import Citation, Outcome, Owner, Reply, Turn, Understanding
from bot.store import conversations, inbox
from bot.store.store import Store
from tests.bot.workplace import Counting, Gate, Workplace, message
from tests.clocks import FixedClock
from tests.postgresql import Cluster

Make = Callable[..., Workplace]


def test_a_message_is_answered_in_the_same_exchange(workplace: Workplace) -> None:
    assert workplace.say("等待期多久？") == "1 等待期多久？"


def test_a_retry_gets_the_stored_reply(workplace: Workplace) -> None:
    first = workplace.say("等待期多久？", key="7")
    assert workplace.say("等待期多久？", key="7") == first
    assert len(workplace.handler.turns) == 1
    assert workplace.count("inbound") == 1


def test_a_retry_to_another_process_gets_the_stored_reply(workplace_of: Make) -> None:
    first = workplace_of().say(key="7")
    other = workplace_of()
    assert other.say(key="7") == first
    assert other.handler.turns == []


def test_the_state_goes_from_turn_to_turn(workplace: Workplace) -> None:
    assert [workplace.say("问", key=key) for key in "abc"] == ["1 问", "2 问", "3 问"]


def test_people_have_conversations_of_their_own(workplace: Workplace) -> None:
    workplace.say(key="a", contact="o-lin")
    assert workplace.say("问", key="b", contact="o-wang") == "1 问"


def test_a_state_that_is_none_keeps_the_old_one(workplace_of: Make) -> None:
    workplace_of().say(key="a")
    silent = workplace_of(lambda turn: Outcome())
    assert silent.say(key="b") is None
    assert workplace_of().say("问", key="c") == "2 问"


def test_four_deliveries_at_once_are_one_turn(workplace: Workplace) -> None:
    replies = workplace.in_threads(*[lambda: workplace.say("问", key="7")] * 4)
    assert replies == ["1 问"] * 4
    assert len(workplace.handler.turns) == 1


def test_four_deliveries_at_once_to_two_processes_have_one_effect(workplace_of: Make) -> None:
    here, there = workplace_of(), workplace_of()
    calls = [lambda: here.say("问", key="7"), lambda: there.say("问", key="7")] * 2
    assert here.in_threads(*calls) == ["1 问"] * 4
    assert here.count("inbound") == 1
    assert here.say("问", key="8") == "2 问"


def test_a_new_person_writing_to_two_processes_at_once_is_one_person(workplace_of: Make) -> None:
    here, there = workplace_of(), workplace_of()
    replies = here.in_threads(lambda: here.say("问", key="a"), lambda: there.say("问", key="b"))
    assert sorted(replies) == ["1 问", "2 问"]
    assert here.count("contacts") == 1


def test_a_burst_of_one_person_is_answered_in_order_of_arrival(workplace_of: Make) -> None:
    gate = Gate()
    workplace = workplace_of(gate)
    calls = []
    results: dict[str, Any] = {}
    for number in range(5):
        thread = threading.Thread(
            target=lambda key=str(number): results.update({key: workplace.say("问", key=key)}), daemon=True
        )
        thread.start()
        calls.append(thread)
        while not workplace.turns.is_under_way(message(key=str(number))):
            gate.reached.wait(0.01)
    gate.open.set()
    for thread in calls:
        thread.join(20)
    assert results == {str(number): f"{number + 1} 问" for number in range(5)}


def test_a_slow_turn_of_one_person_does_not_hold_up_another(workplace_of: Make) -> None:
    gate = Gate()
    workplace = workplace_of(lambda turn: gate(turn) if turn.inbound.text == "慢" else Counting()(turn))
    slow = threading.Thread(target=lambda: workplace.say("慢", key="a", contact="o-lin"), daemon=True)
    slow.start()
    assert gate.reached.wait(10)
    assert workplace.say("快", key="b", contact="o-wang") == "1 快"
    gate.open.set()
    slow.join(10)


def test_a_late_reply_leaves_by_the_outbox_exactly_once(workplace_of: Make) -> None:
    gate = Gate()
    workplace = workplace_of(gate, budget_seconds=0)
    result = workplace.turns.take(message("问", key="7"))
    assert (result.text, result.is_late) == (None, True)
    gate.open.set()
    workplace.turns.stop(within_seconds=10)
    workplace.outbox.deliver_due()
    workplace.outbox.deliver_due()
    assert workplace.channel.sent == [("o-lin", "1 问")]
    assert gate.calls == 1


def test_a_retry_during_a_late_turn_gets_success_and_no_second_turn(workplace_of: Make) -> None:
    gate = Gate()
    workplace = workplace_of(gate, budget_seconds=0)
    assert [workplace.turns.take(message(key="7")).is_late for _ in range(3)] == [True] * 3
    gate.open.set()
    workplace.turns.stop(within_seconds=10)
    assert gate.calls == 1


def test_a_retry_after_a_late_turn_gets_success_and_not_the_text(workplace_of: Make) -> None:
    gate = Gate()
    late = workplace_of(gate, budget_seconds=0)
    late.turns.take(message(key="7"))
    gate.open.set()
    late.turns.stop(within_seconds=10)
    retried = workplace_of().turns.take(message(key="7"))
    assert (retried.text, retried.is_late) == (None, True)
    assert late.count("outbox") == 1


def test_a_turn_committed_before_its_acknowledgement_answers_passively(workplace_of: Make) -> None:
    # The two write the same unique row; whichever comes first decides.
    workplace_of().say("问", key="7")
    late = workplace_of(budget_seconds=0)
    result = late.turns.take(message("问", key="7"))
    assert result.text == "1 问"
    assert late.count("outbox") == 0


def test_an_acknowledged_message_of_a_dead_process_is_taken_up(workplace_of: Make, clock: FixedClock) -> None:
    living = workplace_of()
    living.do(lambda connection: inbox.acknowledge(connection, living.store.keys, message("问", key="7"), now=clock()))
    assert living.turns.resume(older_than_seconds=15) == 0
    clock.move(seconds=16)
    assert living.turns.resume(older_than_seconds=15) == 1
    living.turns.stop(within_seconds=10)
    living.outbox.deliver_due()
    assert living.channel.sent == [("o-lin", "1 问")]


def test_it_is_taken_up_also_when_the_clock_was_set_back(workplace_of: Make, clock: FixedClock) -> None:
    living = workplace_of()
    living.do(lambda connection: inbox.acknowledge(connection, living.store.keys, message("问", key="7"), now=clock()))
    clock.move(minutes=-10)
    assert living.turns.resume(older_than_seconds=15) == 1


def test_a_later_message_waits_for_the_turns_that_a_dead_process_owes(workplace_of: Make, clock: FixedClock) -> None:
    living = workplace_of()
    for key in "12":
        owed = message("先", key=key)
        living.do(lambda connection, owed=owed: inbox.acknowledge(connection, living.store.keys, owed, now=clock()))
    assert living.say("后", key="3") == "3 后"
    living.outbox.deliver_due()
    assert living.channel.sent == [("o-lin", "1 先"), ("o-lin", "2 先")]


def test_a_failing_handler_gives_an_apology_and_changes_nothing(workplace_of: Make) -> None:
    workplace_of().say(key="1")

    def fail(turn: Turn) -> Outcome:
        raise ZeroDivisionError

    broken = workplace_of(fail)
    assert broken.say(key="2") == APOLOGY
    assert broken.say(key="2") == APOLOGY
    assert workplace_of().say("问", key="3") == "2 问"


def test_an_outcome_that_cannot_be_stored_gives_an_apology_and_keeps_the_message(workplace_of: Make) -> None:
    impossible = Understanding(decision="answer", next_move="flew_away")
    workplace_of(lambda turn: Outcome(understanding=Understanding(decision="answer"))).say(key="1")
    workplace = workplace_of(lambda turn: Outcome(replies=(Reply(text="好"),), understanding=impossible))
    assert workplace.say(key="2") == APOLOGY
    assert workplace.count("inbound") == 2


def test_a_state_that_json_cannot_hold_gives_an_apology(workplace_of: Make) -> None:
    assert workplace_of(lambda turn: Outcome(state={"what": object()})).say() == APOLOGY


def test_one_failing_turn_harms_no_other_of_its_group(workplace_of: Make) -> None:
    def handler(turn: Turn) -> Outcome:
        wrong = Understanding(decision="answer", facts=(object(),))  # type: ignore[arg-type] - what no database takes
        is_wrong = turn.inbound.text == "错"
        return Outcome(replies=(Reply(text="好"),), understanding=wrong if is_wrong else None)

    workplace = workplace_of(handler)
    for number in range(12):
        workplace.say(key=f"first-{number}", contact=f"o-{number}")
    replies = workplace.in_threads(
        *[
            lambda number=number: workplace.say("错" if number == 7 else "问", key=f"{number}", contact=f"o-{number}")
            for number in range(12)
        ]
    )
    assert replies == ["好"] * 7 + [APOLOGY] + ["好"] * 4
    assert workplace.count("inbound") == 24


def test_a_person_who_owns_the_conversation_silences_the_bot(workplace: Workplace, clock: FixedClock) -> None:
    workplace.say(key="1")
    workplace.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    assert workplace.say("在吗", key="2") is None
    assert len(workplace.handler.turns) == 1
    assert workplace.count("inbound") == 2
    workplace.do(lambda connection: conversations.give_back(connection, 1, now=clock()))
    assert workplace.say("问", key="3") == "2 问"


def test_only_the_exceptional_handler_may_speak_while_a_person_owns_it(workplace_of: Make, clock: FixedClock) -> None:
    emergency = Outcome(replies=(Reply(text="请立即拨打120"),), page=True)
    workplace = workplace_of(while_human=lambda turn: emergency)
    workplace.say(key="1")
    workplace.do(lambda connection: conversations.take_over(connection, 1, now=clock()))
    assert workplace.say("孩子抽搐了", key="2") == "请立即拨打120"
    assert workplace.rows("conversations")[0].paged_at == clock()


def test_a_hand_over_makes_the_conversation_wait_and_the_bot_goes_on(workplace_of: Make, clock: FixedClock) -> None:
    asking = workplace_of(lambda turn: Outcome(replies=(Reply(text="好的"),), hand_over="asked"))
    asking.say(key="1")
    [row] = asking.rows("conversations")
    assert (row.owner, row.waiting_since, row.hand_over_reason, row.epoch) == (Owner.WAITING, clock(), "asked", 0)
    assert workplace_of().say("问", key="2") == "1 问"


def test_asking_again_does_not_restart_the_wait(workplace_of: Make, clock: FixedClock) -> None:
    asking = workplace_of(lambda turn: Outcome(hand_over="asked"))
    asking.say(key="1")
    since = clock()
    clock.move(minutes=5)
    asking.say(key="2")
    assert asking.rows("conversations")[0].waiting_since == since


def test_a_take_over_during_a_turn_makes_it_decide_again(workplace_of: Make, clock: FixedClock, store: Store) -> None:
    gate = Gate()
    workplace = workplace_of(gate)
    workplace_of().say(key="1")
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(workplace.say(key="2")), daemon=True)
    thread.start()
    assert gate.reached.wait(10)
    taking = threading.Thread(
        target=lambda: store.write(lambda connection: conversations.take_over(connection, 1, now=clock())), daemon=True
    )
    taking.start()
    if store.embedded:
        # Nothing is locked while the handler thinks: the take-over is immediate, and the turn notices it.
        taking.join(10)
    gate.open.set()
    thread.join(10)
    taking.join(10)
    # On PostgreSQL the turn holds the row, so the take-over comes after it.
    assert results == ([None] if store.embedded else ["2 你好"])
    assert workplace.rows("conversations")[0].owner == "human"


def test_further_replies_leave_by_the_outbox_in_order(workplace_of: Make, clock: FixedClock) -> None:
    three = Outcome(replies=tuple(Reply(text=text) for text in ("一", "二", "三")))
    workplace = workplace_of(lambda turn: three)
    assert workplace.say() == "一"
    clock.move(seconds=1)
    workplace.outbox.deliver_due()
    assert workplace.channel.sent == [("o-lin", "二"), ("o-lin", "三")]
    assert len(set(workplace.channel.keys)) == 2


def test_a_long_reply_is_split_on_a_sentence_end(workplace_of: Make, clock: FixedClock) -> None:
    long = "第一句话说的是等待期。" * 60
    workplace = workplace_of(lambda turn: Outcome(replies=(Reply(text=long),)))
    first = workplace.say()
    clock.move(seconds=1)
    workplace.outbox.deliver_due()
    parts = [first, *(text for _, text in workplace.channel.sent)]
    assert "".join(str(part) for part in parts) == long
    assert all(len(str(part).encode()) <= 2048 and str(part).endswith("。") for part in parts)


def test_the_quality_record_tells_what_was_understood_and_the_next_move(workplace_of: Make) -> None:
    first = Understanding(
        decision="answer", product="p", service="s", attribute="waiting_period", facts=("f1",), reasons=("称呼",)
    )
    thanks = Understanding(decision="smalltalk", next_move="thanked")
    outcomes = iter([first, thanks])
    workplace = workplace_of(
        lambda turn: Outcome(
            replies=(Reply(text="30天", citations=(Citation(product="p", clause="一"),)),), understanding=next(outcomes)
        )
    )
    workplace.say("等待期", key="1")
    workplace.say("谢谢", key="2")
    asked, thanked = workplace.rows("questions")
    assert (asked.decision, asked.product, asked.service, asked.attribute) == ("answer", "p", "s", "waiting_period")
    assert (asked.facts, asked.next_move) == (["f1"], "thanked")
    assert (thanked.decision, thanked.next_move) == ("smalltalk", None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_message_that_the_writer_cannot_take_is_not_acknowledged(workplace: Workplace, store: Store) -> None:
    workplace.say(key="1")
    store.writer.stop()
    with pytest.raises(RetryLater):
        workplace.say(key="2")
    assert workplace.count("inbound") == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_message_is_not_acknowledged_while_the_database_is_away(
    workplace: Workplace, store: Store, postgresql: Cluster
) -> None:
    workplace.say("问", key="1")
    postgresql.shut_out(str(store.engine.url.database))
    with pytest.raises(RetryLater):
        workplace.say("问", key="2")
    postgresql.let_in(str(store.engine.url.database))
    assert workplace.say("问", key="2") == "2 问"


def test_a_broken_emoji_is_stored_and_answered(workplace: Workplace) -> None:
    assert workplace.say("\ud83d 你好") == "1 ? 你好"
