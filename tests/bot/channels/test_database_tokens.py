"""The token store in the database: what the processes of one service share, and that nobody reads it from the file."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels.tokens import AccessToken, MemoryTokenStore, Tokens
from bot.store.schema import tokens
from bot.store.tokens import DatabaseTokens


@pytest.fixture(params=["memory", "database"])
def shared(request, store):
    return MemoryTokenStore() if request.param == "memory" else DatabaseTokens(store)


def test_what_is_written_is_read(shared, clock):
    assert shared.read("demo") is None
    for value in ("first", "second"):
        shared.write("demo", AccessToken(value=value, expires_at=clock() + timedelta(hours=2)))
    stored = shared.read("demo")
    assert (stored.value, stored.expires_at) == ("second", clock() + timedelta(hours=2))
    assert shared.read("another") is None


def test_one_caller_at_a_time_has_the_lease(shared, clock):
    until = clock() + timedelta(seconds=20)
    assert shared.lease("demo", now=clock(), until=until)
    assert not shared.lease("demo", now=clock(), until=until)
    assert shared.lease("another", now=clock(), until=until)
    shared.release("demo")
    assert shared.lease("demo", now=clock(), until=until)


def test_the_lease_of_a_dead_holder_ends(shared, clock):
    assert shared.lease("demo", now=clock(), until=clock() + timedelta(seconds=20))
    clock.move(seconds=20)
    assert shared.lease("demo", now=clock(), until=clock() + timedelta(seconds=20))


def test_a_write_ends_the_lease(shared, clock):
    until = clock() + timedelta(seconds=20)
    shared.lease("demo", now=clock(), until=until)
    shared.write("demo", AccessToken(value="t", expires_at=until))
    assert shared.lease("demo", now=clock(), until=until)


def test_a_token_lies_encrypted_and_only_in_its_own_place(store, clock):
    shared = DatabaseTokens(store)
    shared.write("demo", AccessToken(value="the-secret-token", expires_at=clock() + timedelta(hours=2)))
    with store.reading() as connection:
        sealed = connection.execute(select(tokens.c.token)).scalar_one()
    assert b"the-secret-token" not in sealed
    store.write(
        lambda connection: connection.execute(
            tokens.insert().values(account="thief", token=sealed, expires_at=clock() + timedelta(hours=2))
        )
    )
    assert shared.read("thief") is None


def test_a_new_process_uses_the_token_of_the_last_one(store, clock):
    def fetch(_force):
        return AccessToken(value=os.urandom(8).hex(), expires_at=clock() + timedelta(hours=2))

    def process():
        return Tokens(account="demo", fetch=fetch, store=DatabaseTokens(store), clock=clock)

    assert process().current() == process().current()
