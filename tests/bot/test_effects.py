"""What a turn changes beside its conversation happens in the turn's commit: with it, once, or not at all."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, select

from bot.errors import DecideAgain
from bot.messages import Committing, Outcome, Reply, Turn
from bot.store.schema import key_checks
from tests.bot.workplace import Workplace

Make = Callable[..., Workplace]


def _noting(connection: Connection, turn: Committing) -> None:
    values = {"name": turn.key, "fingerprint": f"{turn.contact_id}/{turn.conversation_id}"}
    connection.execute(insert(key_checks).values(**values))


def _notes(workplace: Workplace) -> list[str]:
    return [row.fingerprint for row in workplace.rows("key_checks") if row.name != "index"]


def test_an_effect_is_told_whose_turn_it_is_also_at_the_first_one(workplace_of: Make) -> None:
    workplace = workplace_of(lambda turn: Outcome(replies=(Reply(text="好"),), effects=(_noting,)))

    workplace.say(key="1")
    workplace.say(key="2")

    [conversation] = workplace.rows("conversations")
    assert _notes(workplace) == [f"{conversation.contact_id}/{conversation.id}"] * 2


def test_a_retry_has_no_second_effect(workplace_of: Make) -> None:
    workplace = workplace_of(lambda turn: Outcome(replies=(Reply(text="好"),), effects=(_noting,)))

    workplace.in_threads(*[lambda: workplace.say(key="1")] * 4)

    assert len(_notes(workplace)) == 1


def test_a_turn_whose_facts_changed_before_the_commit_is_decided_again(workplace_of: Make) -> None:
    asked: list[Turn] = []

    def taken(connection: Connection, turn: Committing) -> None:
        _noting(connection, turn)
        raise DecideAgain("the last use was taken")

    def handler(turn: Turn) -> Outcome:
        asked.append(turn)
        if len(asked) == 1:
            return Outcome(replies=(Reply(text="有"),), effects=(taken,))
        return Outcome(replies=(Reply(text="没有了"),))

    workplace = workplace_of(handler)

    assert workplace.say() == "没有了"
    assert _notes(workplace) == []


def test_a_failing_effect_leaves_nothing_of_the_turn_but_an_apology(workplace_of: Make) -> None:
    def failing(connection: Connection, turn: Committing) -> None:
        _noting(connection, turn)
        connection.execute(select(key_checks.c.name).where(key_checks.c.name == 1 / 0))

    workplace = workplace_of(lambda turn: Outcome(replies=(Reply(text="好了"),), effects=(failing,)))

    assert "抱歉" in (workplace.say() or "")
    assert _notes(workplace) == []
