"""Additions to the handbooks on each database: four eyes, versions, one trial at a time."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from care import knowledge_items, knowledge_replays
from care.knowledge_items import Content, Refused
from care.knowledge_tables import knowledge_items as table

CONTENT = Content(kind="phrasing", product="p", texts=("绿本丢了",), service="s", key="k")


@pytest.fixture
def written(store, keys, clock) -> int:
    return store.write(
        lambda connection: knowledge_items.write(
            connection, keys, CONTENT, actor="user:yun", now=clock(), question_id=None
        )
    )


def act(store, keys, clock, name, id, *, actor="user:zhu", seen=1, **more):
    done = getattr(knowledge_items, name)
    store.write(lambda connection: done(connection, keys, id, **more, seen=seen, actor=actor, now=clock()))


def test_each_act_makes_another_revision_and_an_old_version_is_refused(store, keys, clock, written) -> None:
    revisions = []

    def noted() -> None:
        with store.reading() as connection:
            revisions.append(knowledge_items.revision(connection))

    noted()
    act(store, keys, clock, "change", written, content=CONTENT, actor="user:li")
    noted()
    with pytest.raises(Refused):
        act(store, keys, clock, "approve", written)
    for name in ("approve", "publish", "withdraw"):
        act(store, keys, clock, name, written, seen=2)
        noted()
    assert revisions == [1, 2, 3, 4, 5]
    with store.reading() as connection:
        [item] = knowledge_items.ever_published(connection)
        steps = [step.act for step in knowledge_items.steps_of(connection, written)]
    assert (item.state, item.content) == ("withdrawn", CONTENT)
    assert steps == ["written", "changed", "approved", "published", "withdrawn"]


@pytest.mark.parametrize("actor", ["user:yun", "user:li"])
def test_neither_who_wrote_it_nor_who_changed_it_approves_it(store, keys, clock, written, actor) -> None:
    act(store, keys, clock, "change", written, content=CONTENT, actor="user:li")
    with pytest.raises(Refused):
        act(store, keys, clock, "approve", written, seen=2, actor=actor)
    with pytest.raises(IntegrityError):  # nor by another way than ours
        store.write(
            lambda connection: connection.execute(
                update(table).values(approved_by=actor, approved_at=clock(), state="approved")
            )
        )


def test_a_trial_is_begun_once_and_again_when_its_process_died(store, keys, clock, written) -> None:
    with store.reading() as connection:
        item = knowledge_items.item_of(connection, written)

    def begin() -> int | None:
        return store.write(lambda connection: knowledge_replays.begin(connection, item, actor="user:zhu", now=clock()))

    assert begin() is not None
    assert begin() is None
    clock.move(minutes=3)
    assert begin() is not None
