"""Encryption at rest: a key for each person, wrapped by a master key; a keyed index to find a person again.

Losing a person's wrapped key makes everything stored about them unreadable; that is how they are deleted.
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import ConfigurationFault
from bot.secret_files import made_once

KEY_BYTES = 32
MASTER_KEY_FILE, INDEX_KEY_FILE = "master.key", "index.key"  # in the data directory
_NONCE_BYTES = 12
_AES_256_GCM = b"\x01"  # the first byte of everything sealed, so that another cipher can be added beside it
_PERSON_KEYS_CACHED = 2048


class Unreadable(Exception):
    """What was sealed does not open: wrong place, damaged, or its key is gone."""


class Cipher:
    """Seals and opens short values for one key; each value is bound to its table, column and row."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt `plain` for `place` ("table|column|row")."""
        nonce = os.urandom(_NONCE_BYTES)
        return _AES_256_GCM + nonce + self._aead.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` made for the same `place`. Raises Unreadable."""
        if sealed[:1] != _AES_256_GCM:
            raise Unreadable("unknown cipher")
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, body, place.encode())
        except (InvalidTag, ValueError) as error:
            raise Unreadable(place.rsplit("|", 1)[0]) from error


@dataclass(frozen=True, kw_only=True)
class WrappedKey:
    """A person's key as it is stored: encrypted by the master key named `master_key_id`."""

    master_key_id: str
    wrapped: bytes


class KeyRing:
    """The master keys (the first one wraps, all of them unwrap) and the key of the blind index."""

    def __init__(self, *, masters: Sequence[bytes], index_key: bytes) -> None:
        self._masters = {_key_id(key): Cipher(key) for key in masters}
        self._current_id = _key_id(masters[0])
        self._index_key = index_key
        self._people: OrderedDict[bytes, Cipher] = OrderedDict()
        self._lock = Lock()

    @property
    def fingerprint(self) -> str:
        """Tell this index key from another without giving it away; a database belongs to one index key."""
        return hmac.new(self._index_key, b"fingerprint", hashlib.sha256).hexdigest()[:16]

    def blind_index(self, account: str, platform_id: str) -> bytes:
        """Return what finds a person by platform id (32 bytes) without storing the id in clear."""
        return hmac.digest(self._index_key, f"{account}\0{platform_id}".encode(), "sha256")

    def new_person(self, contact_id: int) -> WrappedKey:
        """Make the key of a new person, wrapped for storing."""
        sealed = self._masters[self._current_id].seal(os.urandom(KEY_BYTES), place=_key_place(contact_id))
        return WrappedKey(master_key_id=self._current_id, wrapped=sealed)

    def person(self, contact_id: int, stored: WrappedKey) -> Cipher:
        """Return the cipher of a person. Raises ConfigurationFault when the master key is not here."""
        with self._lock:
            cipher = self._people.get(stored.wrapped)
            if cipher is not None:
                self._people.move_to_end(stored.wrapped)
                return cipher
        cipher = Cipher(self._master(stored.master_key_id).open(stored.wrapped, place=_key_place(contact_id)))
        with self._lock:
            self._people[stored.wrapped] = cipher
            if len(self._people) > _PERSON_KEYS_CACHED:
                self._people.popitem(last=False)
        return cipher

    def rewrapped(self, contact_id: int, stored: WrappedKey) -> WrappedKey:
        """Wrap a person's key again with the newest master key; the key itself, and all it sealed, stay the same."""
        place = _key_place(contact_id)
        key = self._master(stored.master_key_id).open(stored.wrapped, place=place)
        return WrappedKey(
            master_key_id=self._current_id, wrapped=self._masters[self._current_id].seal(key, place=place)
        )

    @property
    def current_id(self) -> str:
        """Name the newest master key; everything that this ring's `seal` makes begins with it."""
        return self._current_id

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Encrypt a value that belongs to no person (a platform token) with the master key."""
        return self._current_id.encode() + self._masters[self._current_id].seal(plain, place=place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what this ring's `seal` made. Raises Unreadable, ConfigurationFault."""
        width = len(self._current_id)
        return self._master(sealed[:width].decode("ascii", "replace")).open(sealed[width:], place=place)

    def _master(self, key_id: str) -> Cipher:
        if key_id not in self._masters:
            raise ConfigurationFault(
                f"master key {key_id}: the database was written with a master key that is not here; "
                "add it to ASSISTANT_MASTER_KEY or restore master.key in ASSISTANT_DATA_DIR"
            )
        return self._masters[key_id]


def load_keys(environment: Mapping[str, str], data_dir: Path) -> KeyRing:
    """Return the keys from ASSISTANT_MASTER_KEY (base64, newest first, by commas) and ASSISTANT_INDEX_KEY,
    or from files in the data directory that are generated once. Raises ConfigurationFault."""
    named = environment.get("ASSISTANT_MASTER_KEY", "")
    texts = [part.strip() for part in named.split(",") if part.strip()]
    if not texts:
        texts = made_once(data_dir / MASTER_KEY_FILE, fresh_key).decode("ascii").split()
    masters = [decoded(text, "ASSISTANT_MASTER_KEY" if named else str(data_dir / MASTER_KEY_FILE)) for text in texts]
    if environment.get("ASSISTANT_INDEX_KEY"):
        return KeyRing(masters=masters, index_key=decoded(environment["ASSISTANT_INDEX_KEY"], "ASSISTANT_INDEX_KEY"))
    pinned = data_dir / INDEX_KEY_FILE
    if pinned.exists():
        return KeyRing(masters=masters, index_key=decoded(pinned.read_text("ascii").strip(), str(pinned)))
    return KeyRing(masters=masters, index_key=index_key_of(masters))


def index_key_of(masters: Sequence[bytes]) -> bytes:
    """Return the index key of a deployment that was given none: made from its oldest master key.

    It must be pinned before that one goes (see bot.master_keys), or nobody is found again.
    """
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"blind index").derive(masters[-1])


def fresh_key() -> bytes:
    """Return a new key as a line of a key file."""
    return b64encode(os.urandom(KEY_BYTES)) + b"\n"


def decoded(text: str, entry: str) -> bytes:
    """Return the key that `entry` gives as base64. Raises ConfigurationFault, which never quotes it."""
    try:
        key = b64decode(text, validate=True)
    except (BadBase64, ValueError) as error:
        raise ConfigurationFault(f"{entry}: not base64; give 32 random bytes as base64") from error
    if len(key) != KEY_BYTES:
        raise ConfigurationFault(f"{entry}: {len(key)} bytes; give 32 random bytes as base64")
    return key


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id\0" + key).hexdigest()[:8]


def _key_place(contact_id: int) -> str:
    return f"person_keys|wrapped|{contact_id}"
