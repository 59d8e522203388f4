"""The key file while master keys are changed."""

import stat
from base64 import b64encode
from pathlib import Path

import pytest

from bot.errors import ConfigurationFault
from bot.keys import load_keys
from bot.master_keys import add_master_key, drop_old_master_keys, index_key_text


def test_people_are_found_by_the_same_index_through_a_whole_change(tmp_path: Path) -> None:
    before = load_keys({}, tmp_path)
    add_master_key({}, tmp_path)
    both = load_keys({}, tmp_path)
    assert drop_old_master_keys({}, tmp_path) == 1
    after = load_keys({}, tmp_path)
    assert before.fingerprint == both.fingerprint == after.fingerprint
    assert before.current_id != both.current_id == after.current_id
    assert drop_old_master_keys({}, tmp_path) == 0


def test_what_the_old_key_sealed_opens_until_it_is_dropped(tmp_path: Path) -> None:
    sealed = load_keys({}, tmp_path).seal(b"x", place="p")
    add_master_key({}, tmp_path)
    assert load_keys({}, tmp_path).open(sealed, place="p") == b"x"
    drop_old_master_keys({}, tmp_path)
    with pytest.raises(ConfigurationFault):
        load_keys({}, tmp_path).open(sealed, place="p")


def test_two_changes_in_a_row_keep_the_first_index(tmp_path: Path) -> None:
    fingerprint = load_keys({}, tmp_path).fingerprint
    for _ in range(2):
        add_master_key({}, tmp_path)
    assert drop_old_master_keys({}, tmp_path) == 2
    assert load_keys({}, tmp_path).fingerprint == fingerprint


def test_key_files_are_for_their_owner_only(tmp_path: Path) -> None:
    add_master_key({}, tmp_path)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "master.key": 0o600,
        "index.key": 0o600,
    }


def test_an_index_key_of_the_environment_is_left_there(tmp_path: Path) -> None:
    environment = {"ASSISTANT_INDEX_KEY": b64encode(b"i" * 32).decode()}
    add_master_key(environment, tmp_path)
    drop_old_master_keys(environment, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_keys_of_the_environment_are_changed_there(tmp_path: Path) -> None:
    environment = {"ASSISTANT_MASTER_KEY": b64encode(b"m" * 32).decode()}
    for change in (add_master_key, drop_old_master_keys):
        with pytest.raises(ConfigurationFault, match="ASSISTANT_INDEX_KEY"):
            change(environment, tmp_path)


def test_keys_put_in_by_hand_are_not_dropped_while_the_index_hangs_on_them(tmp_path: Path) -> None:
    load_keys({}, tmp_path)
    file = tmp_path / "master.key"
    file.write_text(b64encode(b"n" * 32).decode() + "\n" + file.read_text())
    with pytest.raises(ConfigurationFault, match="index key"):
        drop_old_master_keys({}, tmp_path)


def test_the_index_key_for_the_environment_keeps_people_found_after_the_oldest_key_is_gone(tmp_path: Path) -> None:
    old, new = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
    both = {"ASSISTANT_MASTER_KEY": f"{new}, {old}"}
    alone = {"ASSISTANT_MASTER_KEY": new, "ASSISTANT_INDEX_KEY": index_key_text(both)}
    assert load_keys(alone, tmp_path).fingerprint == load_keys(both, tmp_path).fingerprint
