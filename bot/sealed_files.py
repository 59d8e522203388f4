"""Files that must not lie in clear on the disk: each sealed by a key of its own, which the master key wraps.

A file begins with its wrapped key, so that a change of the master key rewrites the beginning and re-encrypts nothing.
Names are random and tell nothing.
"""

import os
import re
import secrets
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bot.keys import KEY_BYTES, Cipher, KeyRing, Unreadable

_MARK = b"SF1"
_LENGTH = struct.Struct(">H")
_NAME = re.compile(r"[0-9a-f]{32}")


class Gone(Unreadable):
    """There is no such file (any more)."""


class SealedFiles:
    """The sealed files of one folder (mode 700, files 600). Written whole or not at all, and safely on the disk."""

    def __init__(self, folder: Path, keys: KeyRing) -> None:
        """The folder is made at the first write."""
        self._folder = folder
        self._keys = keys

    @property
    def name(self) -> str:
        """Name the folder."""
        return self._folder.name

    def write(self, content: bytes) -> str:
        """Keep `content` and return its name. What is told of it elsewhere may be committed once this has returned."""
        name = secrets.token_hex(16)
        key = os.urandom(KEY_BYTES)
        body = Cipher(key).seal(content, place=self._place("body", name))
        self._publish(name, self._headed(name, key) + body)
        return name

    def read(self, name: str) -> bytes:
        """Return what was written. Raises Gone, Unreadable when it is damaged, ConfigurationFault."""
        wrapped, body = self._parts(name)
        key = self._keys.open(wrapped, place=self._place("key", name))
        return Cipher(key).open(body, place=self._place("body", name))

    def delete(self, name: str) -> bool:
        """Delete a file; False when there is none."""
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        _flush_folder(self._folder)
        return True

    def rewrap(self, name: str) -> bool:
        """Wrap a file's key with the newest master key; False when it is already. Readers are not disturbed.

        Raises Gone, Unreadable, ConfigurationFault.
        """
        wrapped, body = self._parts(name)
        if wrapped.startswith(self._keys.current_id.encode()):
            return False
        key = self._keys.open(wrapped, place=self._place("key", name))
        self._publish(name, self._headed(name, key) + body)
        return True

    def names(self) -> Iterator[str]:
        """Yield the names of all files, in any order."""
        if self._folder.is_dir():
            yield from (entry.name for entry in os.scandir(self._folder) if _NAME.fullmatch(entry.name))

    def older_than(self, moment: datetime) -> Iterator[str]:
        """Yield the names of the files last written before `moment`."""
        for name in self.names():
            try:
                written_at = datetime.fromtimestamp(self._path(name).stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            if written_at < moment:
                yield name

    def discard_drafts(self, *, before: datetime) -> int:
        """Delete what a process left that died while it wrote."""
        drafts = [path for path in self._folder.glob(".*") if path.stat().st_mtime < before.timestamp()]
        for path in drafts:
            path.unlink(missing_ok=True)
        return len(drafts)

    def _headed(self, name: str, key: bytes) -> bytes:
        wrapped = self._keys.seal(key, place=self._place("key", name))
        return _MARK + _LENGTH.pack(len(wrapped)) + wrapped

    def _parts(self, name: str) -> tuple[bytes, bytes]:
        """Return a file's wrapped key and its sealed body."""
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise Gone("no such file") from error
        start = len(_MARK) + _LENGTH.size
        if content[: len(_MARK)] != _MARK or len(content) < start:
            raise Unreadable("not a sealed file")
        [length] = _LENGTH.unpack(content[len(_MARK) : start])
        return content[start : start + length], content[start + length :]

    def _publish(self, name: str, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}.{secrets.token_hex(4)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path(name))
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _flush_folder(self._folder)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Unreadable("not a name of a sealed file")
        return self._folder / name

    def _place(self, part: str, name: str) -> str:
        return f"{self._folder.name}|{part}|{name}"


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
