"""Files that do not lie in clear: whole or not at all, theirs alone, and moved to a new master key."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import ConfigurationFault
from bot.keys import KeyRing, Unreadable
from bot.sealed_files import SealedFiles

OLD, NEW = b"o" * 32, b"n" * 32
CONTENT = "病历：甲测试，诊断……".encode() * 5000


def ring(*masters: bytes) -> KeyRing:
    return KeyRing(masters=masters, index_key=b"i" * 32)


@pytest.fixture
def files(tmp_path: Path) -> SealedFiles:
    return SealedFiles(tmp_path / "media", ring(OLD))


def test_what_is_written_is_read_and_lies_sealed_for_its_owner_only(files: SealedFiles, tmp_path: Path) -> None:
    name = files.write(CONTENT)
    assert files.read(name) == CONTENT
    path = tmp_path / "media" / name
    assert "甲测试".encode() not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(files.names()) == [name]


def test_the_same_content_gets_another_name_and_looks_different(files: SealedFiles, tmp_path: Path) -> None:
    first, second = files.write(CONTENT), files.write(CONTENT)
    assert first != second
    assert (tmp_path / "media" / first).read_bytes()[80:] != (tmp_path / "media" / second).read_bytes()[80:]


def test_a_deleted_file_is_gone(files: SealedFiles) -> None:
    name = files.write(CONTENT)
    assert files.delete(name)
    assert not files.delete(name)
    with pytest.raises(Unreadable):
        files.read(name)


def test_a_damaged_or_exchanged_file_does_not_open(files: SealedFiles, tmp_path: Path) -> None:
    first, second = files.write(b"one"), files.write(b"two")
    (tmp_path / "media" / first).write_bytes((tmp_path / "media" / second).read_bytes())
    for content in (None, b"", b"SF1", b"SF1\xff\xff", b"SF1\x00\x00", b"other"):
        if content is not None:
            (tmp_path / "media" / first).write_bytes(content)
        with pytest.raises((Unreadable, ConfigurationFault)):
            files.read(first)


@pytest.mark.parametrize("name", ["../master.key", "", ".", "a" * 31, "A" * 32, "a" * 32 + "/", "a" * 32 + "\n"])
def test_no_name_leads_out_of_the_folder(files: SealedFiles, name: str) -> None:
    with pytest.raises(Unreadable):
        files.read(name)
    with pytest.raises(Unreadable):
        files.delete(name)


def test_a_new_master_key_takes_over_and_the_old_one_can_go(files: SealedFiles, tmp_path: Path) -> None:
    name = files.write(CONTENT)
    both = SealedFiles(tmp_path / "media", ring(NEW, OLD))
    assert both.rewrap(name)
    assert not both.rewrap(name)
    assert SealedFiles(tmp_path / "media", ring(NEW)).read(name) == CONTENT
    with pytest.raises(ConfigurationFault):
        files.read(name)


def test_what_a_dead_writer_left_is_discarded_later(files: SealedFiles, tmp_path: Path) -> None:
    name = files.write(CONTENT)
    draft = tmp_path / "media" / f".{name}.0011"
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    now = datetime.now(UTC)
    assert list(files.names()) == [name]
    assert files.discard_drafts(before=now - timedelta(hours=1)) == 1
    assert list(files.older_than(now - timedelta(hours=1))) == []
    assert list(files.older_than(now + timedelta(hours=1))) == [name]


def test_a_full_disk_leaves_nothing_behind(files: SealedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write(CONTENT)
    assert list((tmp_path / "media").iterdir()) == []
