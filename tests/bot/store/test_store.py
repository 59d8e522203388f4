"""The store: migrations, what is encrypted, invariants that the schema itself keeps, group commit."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from bot.errors import ConfigurationFault, RetryLater
from bot.keys import KeyRing
from bot.messages import Outcome, Reply, Understanding
from bot.store import conversations, people
from bot.store.migrate import is_current, upgrade
from bot.store.store import Store, open_store
from care.every_table import metadata
from tests.bot.workplace import Workplace
from tests.clocks import FixedClock
from tests.conftest import DATABASES
from tests.postgresql import Cluster

MIGRATIONS = Path(__file__).resolve().parents[3] / "bot" / "migrations"
Make = Callable[..., Workplace]
both = pytest.mark.parametrize("empty_database_url", DATABASES, indirect=True)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert is_current(connection)


def migrate_to(connection: Connection, config: Config, revision: str) -> None:
    config.attributes["connection"] = connection
    if revision == "head":
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)
        assert "policies" not in inspect(connection).get_table_names()


@both
def test_the_migrations_make_the_checks_and_partial_indexes_of_the_schema(
    empty_database_url: str, keys: KeyRing
) -> None:
    """The comparison above passes over these two. Names of checks aside: those of 0001 carry their prefix twice."""

    def declared(connection: Connection) -> dict[str, Any]:
        seen = inspect(connection)
        options = f"{connection.dialect.name}_where"
        return {
            table: (
                sorted(check["sqltext"] for check in seen.get_check_constraints(table)),
                sorted(
                    (index["name"], index["unique"], str(index.get("dialect_options", {}).get(options)))
                    for index in seen.get_indexes(table)
                ),
            )
            for table in metadata.tables
        }

    store = open_store(empty_database_url, keys)
    with store.reading() as connection:
        migrated = declared(connection)
    store.write(metadata.drop_all)
    store.write(metadata.create_all)
    with store.reading() as connection:
        assert declared(connection) == migrated
    store.close()


@both
def test_the_tables_of_care_can_be_taken_back_and_made_again(empty_database_url: str, keys: KeyRing) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url, keys)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    for revision in ("0001", "head"):
        store.write(lambda connection, to=revision: migrate_to(connection, config, to))
    with store.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


@both
def test_processes_that_migrate_at_once_do_it_once(empty_database_url: str, keys: KeyRing) -> None:
    program = f"from bot.store.migrate import upgrade; upgrade({empty_database_url!r})"
    running = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(4)]
    errors = [one.communicate(timeout=60)[1] for one in running]
    assert [one.returncode for one in running] == [0] * 4, errors
    open_store(empty_database_url, keys).close()


@both
def test_a_schema_newer_than_the_program_is_refused(empty_database_url: str, keys: KeyRing) -> None:
    upgrade(empty_database_url)
    store = Store(empty_database_url, keys)
    store.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")) and None)
    store.close()
    with pytest.raises(ConfigurationFault, match="newer than this program"):
        upgrade(empty_database_url)


def test_a_database_of_other_keys_is_refused(store: Store, database_url: str) -> None:
    with pytest.raises(ConfigurationFault, match="other keys"):
        open_store(database_url, KeyRing(masters=[b"m" * 32], index_key=b"x" * 32))


@pytest.mark.parametrize("url", ["mysql://localhost/a", "no url", "sqlite://", "sqlite:///:memory:"])
def test_an_impossible_database_is_named(url: str, keys: KeyRing) -> None:
    with pytest.raises(ConfigurationFault, match="DATABASE_URL"):
        open_store(url, keys)


def test_an_absent_server_is_a_passing_fault_told_at_once(keys: KeyRing) -> None:
    with pytest.raises(RetryLater):
        open_store("postgresql://assistant@127.0.0.1:1/assistant", keys)


@on_sqlite
def test_sqlite_is_the_bundled_one_flushing_fully(store: Store) -> None:
    def pragmas(connection: Any) -> list[Any]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "foreign_keys")]

    with store.reading() as connection:
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert tuple(int(part) for part in version.split(".")) > (3, 51, 2)
    assert store.write(pragmas) == [2, 1]


@on_sqlite
def test_a_reading_connection_cannot_write(store: Store) -> None:
    with pytest.raises(RetryLater), store.reading() as connection:
        connection.exec_driver_sql("DELETE FROM contacts")


@on_sqlite
def test_nothing_typed_or_answered_is_in_the_file_in_clear(
    workplace_of: Make, database_url: str, clock: FixedClock
) -> None:
    said, answered, reason, openid = (
        "我的身份证是11010519491231002X",
        "您的手机号13800138000",
        "称呼像张三",
        "oVeryRecognisable",
    )
    outcome = Outcome(
        replies=(Reply(text=answered), Reply(text=answered + "二")),
        state={"name": "李四"},
        understanding=Understanding(decision="answer", reasons=(reason,)),
    )
    workplace = workplace_of(lambda turn: outcome)
    workplace.say(said, contact=openid)
    files = Path(database_url.removeprefix("sqlite:///")).parent.glob("assistant.db*")
    stored = b"".join(path.read_bytes() for path in files)
    assert b"answer" in stored
    for words in (said, answered, reason, openid, "李四", "13800138000"):
        for written in (words.encode(), words.encode("utf-16-le"), ascii(words)[1:-1].encode()):
            assert written not in stored


def test_a_deleted_person_cannot_be_read_and_starts_afresh(workplace: Workplace, store: Store) -> None:
    workplace.say("问", key="1")
    workplace.do(lambda connection: people.forget(connection, 1))
    with store.reading() as connection:
        [listed] = conversations.listed(connection, store.keys)
        with pytest.raises(people.Unreadable):
            people.person_of(connection, store.keys, 1)
    assert listed.contact == ""
    assert workplace.say("问", key="1") is None
    assert workplace.say("问", key="2") == "1 问"


def test_conversations_are_listed_with_the_longest_wait_first(workplace_of: Make, clock: FixedClock) -> None:
    asking = workplace_of(lambda turn: Outcome(hand_over="asked"))
    workplace_of().say(key="1", contact="o-bot")
    for contact in ("o-first", "o-second"):
        asking.say(key=contact, contact=contact)
        clock.move(minutes=1)
    with asking.store.reading() as connection:
        listed = list(conversations.listed(connection, asking.store.keys))
    assert [(one.contact, one.owner.value) for one in listed] == [
        ("o-first", "waiting"),
        ("o-second", "waiting"),
        ("o-bot", "bot"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE conversations SET owner = 'nobody'",
        "UPDATE conversations SET owner = 'waiting', waiting_since = NULL",
        "UPDATE inbound SET reply_state = 'passive', reply = NULL",
        "UPDATE inbound SET reply_state = 'perhaps'",
        "INSERT INTO inbound (account, message_key, conversation_id, kind, body, received_at, reply_state)"
        " SELECT account, message_key, conversation_id, kind, body, received_at, 'none' FROM inbound",
        "INSERT INTO conversations (contact_id, account, owner, epoch, version, updated_at)"
        " SELECT contact_id, account, owner, epoch, version, updated_at FROM conversations",
        "UPDATE outbox SET state = 'claimed'",
        "UPDATE outbox SET state = 'sent', settled_at = NULL",
    ],
)
def test_the_schema_forbids_what_must_never_be(workplace_of: Make, store: Store, change: str) -> None:
    two = Outcome(replies=(Reply(text="一"), Reply(text="二")))
    workplace_of(lambda turn: two).say()
    with pytest.raises(IntegrityError):
        store.write(lambda connection: connection.execute(text(change)) and None)


@on_sqlite
def test_waiting_jobs_are_committed_in_one_group(store: Store) -> None:
    # Held up by the first job, the others gather; then one transaction takes them all.
    gate, transactions = threading.Event(), []
    done = threading.Semaphore(0)
    store.writer.submit(lambda connection: gate.wait(10), lambda result, error: done.release())
    for _ in range(20):
        store.writer.submit(
            lambda connection: transactions.append(connection.get_transaction()), lambda result, error: done.release()
        )
    gate.set()
    for _ in range(21):
        assert done.acquire(timeout=10)
    # The first job used up its group's time, so the twenty are the next group.
    assert len({id(transaction) for transaction in transactions}) <= 2


@on_sqlite
def test_another_process_can_write_beside_the_service(store: Store, database_url: str, keys: KeyRing) -> None:
    command = open_store(database_url, keys)
    change = text("INSERT INTO key_checks VALUES (:name, 'x')")
    for number in range(10):
        for one in (store, command):
            one.write(
                lambda connection, one=one, n=number: connection.execute(change, {"name": f"{id(one)}{n}"}) and None
            )
    command.close()
    with store.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM key_checks")) == 21


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_comes_back_is_used_again(store: Store, postgresql: Cluster) -> None:
    name = str(store.engine.url.database)
    postgresql.shut_out(name)
    with pytest.raises(RetryLater), store.reading() as connection:
        connection.execute(text("SELECT 1"))
    postgresql.let_in(name)
    assert store.write(lambda connection: connection.scalar(text("SELECT 1"))) == 1


@on_sqlite
def test_a_full_disk_acknowledges_nothing_unstored_and_passes(workplace: Workplace, store: Store) -> None:
    def room(pages: int) -> None:
        # A limit of this connection, which is the only one that writes; the same error as of a full disk.
        store.write(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}") and None)

    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    room(pages + 2)
    answered, refused = [], []
    for number in range(60):
        key = str(number)
        try:
            answered.append((key, workplace.say("问" * 300, key=key)))
        except RetryLater:
            refused.append(key)
    assert refused
    room(1_000_000)
    assert workplace.count("inbound") == len(answered)
    assert all(workplace.say("问" * 300, key=key) == answer for key, answer in answered)
    assert all(workplace.say("问", key=key) for key in refused)
