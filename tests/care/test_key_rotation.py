"""The master key is changed while the service runs; afterwards everything opens without the old one."""

import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select, update

from bot.channels.tokens import AccessToken
from bot.errors import ConfigurationFault
from bot.keys import KeyRing
from bot.sealed_files import SealedFiles
from bot.store import people as contacts
from bot.store.schema import metadata, person_keys
from bot.store.store import Store, open_store
from bot.store.tokens import DatabaseTokens
from care import audit, media, policies, tables, timeline
from care.case_records import case_of, sealed_answers
from care.key_rotation import MASTER_SEALED, left_to_do, rotate
from care.policy import Insured, Policy
from care.policy_saving import save
from tests.care import people
from tests.clocks import FixedClock

OLD, NEW = b"m" * 32, b"n" * 32
POLICY = Policy(
    number="P-1",
    product="zhenai-wuxian-2023",
    effective_on=date(2026, 1, 1),
    expires_on=date(2026, 12, 31),
    holder_name="甲测试",
    holder_id_number="990101199001011234",
    holder_phone="13800000000",
    insured=(
        Insured(name="测试宝宝", birth=date(2020, 1, 1), sex="F", relation="child", id_number="990101202001011234"),
    ),
)

# Sealed by the person's own key, or a keyed index: a new master key does not touch them.
OF_PEOPLE = {
    "conversation_notes.body",
    "contacts.platform_id",
    "conversations.state",
    "inbound.body",
    "inbound.reply",
    "outbox.body",
    "questions.detail",
    "web_chat_files.content",
    "web_chat_letters.body",
}
INDEXES = {
    "contacts.blind_index",
    "join_offers.code_index",
    "platform_people.identity_index",
    "unionids.identity_index",
    "policies.number_index",
    "policies.holder_id_index",
    "insured.id_index",
    "verification_attempts.policy_index",
}


def ring(*masters: bytes) -> KeyRing:
    return KeyRing(masters=masters, index_key=b"i" * 32)


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    rotated = {f"{one.column.table.name}.{one.column.name}" for one in MASTER_SEALED}
    assert binary - OF_PEOPLE - INDEXES - {"person_keys.wrapped"} == rotated


class World:
    """A little of everything that the master key seals."""

    def __init__(self, url: str, clock: FixedClock, folder: Path) -> None:
        self.url, self.clock, self.folder = url, clock, folder
        store = open_store(url, ring(OLD))
        files = SealedFiles(folder, store.keys)
        self.file = files.write(b"a paper")
        DatabaseTokens(store).write("demo", AccessToken(value="a token", expires_at=clock()))
        store.write(lambda connection: self._fill(connection, store.keys))
        store.close()

    def _fill(self, connection, keys: KeyRing) -> None:
        now = self.clock()
        self.people = [people.contact(connection, keys, f"测试{number}", now) for number in range(7)]
        who = self.people[0]
        policy = save(connection, keys, POLICY, now=now)
        self.case_id = people.case(connection, who, policy.id, "C-1", now)
        answers = sealed_answers(keys, self.case_id, {"hospital": "测试医院"}, {})
        connection.execute(update(tables.cases).values(answers=answers))
        for number in range(250):  # more than one batch
            timeline.record(connection, keys, self.case_id, "note", actor="assistant", now=now, note=f"第{number}条")
        self.paper = media.want(connection, keys, contact_id=who, media_id="m1", now=now)
        for number in range(3):
            audit.append(connection, keys, actor="command", action="x", subject="s", now=now, detail={"n": number})

    def rotate(self, keys: KeyRing):
        store = Store(self.url, keys)
        try:
            return rotate(store, [SealedFiles(self.folder, keys)])
        finally:
            store.close()

    def check_opens(self, keys: KeyRing) -> None:
        store = open_store(self.url, keys)
        assert DatabaseTokens(store).read("demo").value == "a token"
        assert SealedFiles(self.folder, keys).read(self.file) == b"a paper"
        with store.reading() as connection:
            for who in self.people:
                contacts.cipher_of(connection, keys, who)
            found = policies.by_number(connection, keys, "P-1")
            assert (found.holder_name, found.insured[0].name) == ("甲测试", "测试宝宝")
            assert case_of(connection, keys, "C-1").answers == {"hospital": "测试医院"}
            notes = [event.note for event in timeline.events_of(connection, keys, self.case_id)]
            assert notes == [f"第{number}条" for number in range(250)]
            assert [one.media_id for one in media.wanted(connection, keys)] == ["m1"]
            assert audit.verify(connection, keys) is None
            assert audit.entries(connection, keys)[0].detail == {"n": 2}
        store.close()


@pytest.fixture
def world(database_url: str, clock: FixedClock, tmp_path: Path) -> World:
    return World(database_url, clock, tmp_path / "media")


def test_everything_opens_without_the_old_key_afterwards(world: World) -> None:
    done = world.rotate(ring(NEW, OLD))
    assert done.unreadable == ()
    assert done.changed == 7 + 1 + 3 + 1 + 1 + 1 + 250 + 1 + 1
    world.check_opens(ring(NEW))
    assert world.rotate(ring(NEW)).changed == 0


def test_before_and_in_the_middle_both_keys_open_everything(world: World) -> None:
    with pytest.raises(ConfigurationFault):
        world.check_opens(ring(NEW))
    world.check_opens(ring(NEW, OLD))
    world.rotate(ring(NEW, OLD))
    world.check_opens(ring(NEW, OLD))


def test_what_is_left_is_counted(world: World) -> None:
    store = Store(world.url, ring(NEW, OLD))
    with store.reading() as connection:
        assert left_to_do(connection, store.keys) == 265
    rotate(store, [])
    with store.reading() as connection:
        assert left_to_do(connection, store.keys) == 0
    store.close()


def test_a_broken_off_rotation_goes_on_where_it_was(world: World) -> None:
    store = Store(world.url, ring(NEW, OLD))

    def power_cut(name: str, count: int) -> None:
        if name == "cases.answers":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(store, [], progress=power_cut)
    store.close()
    assert world.rotate(ring(NEW, OLD)).changed == 250 + 1 + 1
    world.check_opens(ring(NEW))


def test_the_service_writes_on_meanwhile_and_nothing_of_it_is_lost(world: World) -> None:
    store, stopped, written = Store(world.url, ring(NEW, OLD)), threading.Event(), []

    def serve() -> None:
        while not stopped.is_set():
            text = f"答案{len(written)}"
            sealed = sealed_answers(store.keys, world.case_id, {"hospital": text}, {})
            store.write(lambda c, sealed=sealed: c.execute(update(tables.cases).values(answers=sealed)) and None)
            written.append(text)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        for _ in range(3):
            rotate(store, [])
    finally:
        stopped.set()
        thread.join(20)
    with store.reading() as connection:
        assert case_of(connection, ring(NEW), "C-1").answers == {"hospital": written[-1]}
    store.close()


def test_two_rotations_at_once_do_no_harm(world: World) -> None:
    done = []
    threads = [threading.Thread(target=lambda: done.append(world.rotate(ring(NEW, OLD)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    world.check_opens(ring(NEW))


def test_a_damaged_row_is_named_and_holds_nothing_up(world: World) -> None:
    store = Store(world.url, ring(NEW, OLD))
    with store.reading() as connection:
        sealed = connection.scalar(select(tables.cases.c.answers))
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    store.write(lambda c: c.execute(update(tables.cases).values(answers=damaged)) and None)
    done = rotate(store, [])
    assert done.unreadable == (f"cases|{world.case_id}",)
    with store.reading() as connection:
        assert left_to_do(connection, store.keys) == 1
        assert set(connection.scalars(select(person_keys.c.master_key_id))) == {store.keys.current_id}
    store.close()


def test_without_the_old_key_nothing_is_touched(world: World) -> None:
    with pytest.raises(ConfigurationFault, match="master key"):
        world.rotate(ring(NEW))
    world.check_opens(ring(OLD))
