"""Encryption at rest: bound to its place, a key for each person, master keys that can be changed."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigurationFault
from bot.keys import Cipher, KeyRing, Unreadable, load_keys
from bot.secret_files import made_once

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32


def ring(*masters: bytes) -> KeyRing:
    return KeyRing(masters=masters, index_key=INDEX)


@given(plain=st.binary(max_size=200))
def test_what_is_sealed_opens_at_its_place_only(plain: bytes) -> None:
    cipher = Cipher(OLD)
    sealed = cipher.seal(plain, place="inbound|body|demo|1")
    assert cipher.open(sealed, place="inbound|body|demo|1") == plain
    with pytest.raises(Unreadable):
        cipher.open(sealed, place="inbound|body|demo|2")


@given(position=st.integers(0, 30), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed(position: int, bit: int) -> None:
    sealed = bytearray(Cipher(OLD).seal("身份证".encode(), place="p"))
    sealed[position] ^= 1 << bit
    with pytest.raises(Unreadable):
        Cipher(OLD).open(bytes(sealed), place="p")


def test_the_same_words_look_different_each_time() -> None:
    cipher = Cipher(OLD)
    assert cipher.seal(b"x", place="p") != cipher.seal(b"x", place="p")


def test_people_cannot_read_each_other() -> None:
    keys = ring(OLD)
    lin, wang = (keys.person(number, keys.new_person(number)) for number in (1, 2))
    with pytest.raises(Unreadable):
        wang.open(lin.seal(b"x", place="p"), place="p")


def test_a_persons_key_does_not_open_for_another_person() -> None:
    keys = ring(OLD)
    wrapped = keys.new_person(1)
    with pytest.raises(Unreadable):
        keys.person(2, wrapped)


def test_a_new_master_key_still_opens_what_the_old_one_wrapped() -> None:
    wrapped = ring(OLD).new_person(1)
    sealed = ring(OLD).person(1, wrapped).seal(b"x", place="p")
    both = ring(NEW, OLD)
    assert both.person(1, wrapped).open(sealed, place="p") == b"x"
    assert both.new_person(2).master_key_id != wrapped.master_key_id


def test_a_missing_master_key_says_what_to_do() -> None:
    wrapped = ring(OLD).new_person(1)
    with pytest.raises(ConfigurationFault, match="ASSISTANT_MASTER_KEY"):
        ring(NEW).person(1, wrapped)


def test_a_token_is_sealed_by_the_master_key() -> None:
    sealed = ring(OLD).seal(b"token", place="tokens|token|demo")
    assert ring(NEW, OLD).open(sealed, place="tokens|token|demo") == b"token"


def test_the_blind_index_depends_on_account_and_key() -> None:
    here = ring(OLD).blind_index("demo", "o-lin")
    other = KeyRing(masters=[OLD], index_key=NEW)
    assert len(here) == 32
    assert len({here, ring(OLD).blind_index("junlong", "o-lin"), other.blind_index("demo", "o-lin")}) == 3
    assert ring(NEW).blind_index("demo", "o-lin") == here


def test_keys_from_the_environment_leave_no_file(tmp_path: Path) -> None:
    text = b64encode(OLD).decode()
    keys = load_keys({"ASSISTANT_MASTER_KEY": text}, tmp_path)
    rotated = load_keys({"ASSISTANT_MASTER_KEY": f"{b64encode(NEW).decode()},{text}"}, tmp_path)
    assert keys.fingerprint == rotated.fingerprint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["no base64!", b64encode(b"short").decode()])
def test_an_impossible_key_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationFault, match="ASSISTANT_MASTER_KEY") as caught:
        load_keys({"ASSISTANT_MASTER_KEY": text}, tmp_path)
    assert text not in str(caught.value)


def test_many_processes_that_start_at_once_get_one_secret(tmp_path: Path) -> None:
    numbers = iter(range(100))
    with ThreadPoolExecutor(16) as pool:
        read = list(pool.map(lambda _: made_once(tmp_path / "key", lambda: str(next(numbers)).encode()), range(16)))
    assert len(set(read)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
