"""The platform's signature and cipher, with every check that wechatpy leaves out. It does no I/O."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from wechatpy.crypto.base import WeChatCipher

from bot.errors import ConfigurationFault, RefusedInput

_BLOCK = 32  # the platform pads to 32 bytes although AES blocks have 16
_RANDOM = 16
_HEADER = _RANDOM + 4
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
# The platform's retries repeat signature, timestamp and nonce within seconds, so there is no nonce filter: a repeated
# message is recognised by its key. The window is our own policy against replays of old callbacks.
_WINDOW_SECONDS = 300
_NONCE = re.compile(r"[!-~]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,12}")


def sign(token: str, *parts: str) -> str:
    """Return the platform's signature: the hexadecimal SHA-1 of the sorted and joined strings."""
    joined = "".join(sorted((token, *parts)))
    # The algorithm is the platform's choice; it is keyed by the token and compared in constant time.
    return hashlib.sha1(joined.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def is_signed(given: str, token: str, *parts: str) -> bool:
    """Tell, in constant time, whether `given` is the signature of the parts. Any string may be given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), sign(token, *parts).encode())


def fresh(query: Mapping[str, str], now: datetime) -> tuple[str, str]:
    """Return timestamp and nonce of a callback's address. Raises RefusedInput when they are missing or too old."""
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not _NUMBER.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise RefusedInput("timestamp or nonce is missing")
    if abs(now.timestamp() - int(timestamp)) > _WINDOW_SECONDS:
        raise RefusedInput("the timestamp is outside the window")
    return timestamp, nonce


class Sealer:
    """Seals and opens messages of one receiver under one EncodingAESKey.

    The layout is the platform's: 16 random bytes, length (4 bytes, big endian), message, receiver; padded by PKCS7
    to 32; AES-256-CBC whose IV is the key's first half. wechatpy's cipher object does the AES; its framing is not
    used because it checks neither padding nor lengths and leaks foreign exceptions.
    """

    def __init__(self, encoding_aes_key: str, receiver: str) -> None:
        """Take the 43 characters of the platform's page. Raises ConfigurationFault when they are no key."""
        if not _KEY.fullmatch(encoding_aes_key):
            raise ConfigurationFault("encoding_aes_key: must have 43 letters and digits; copy it from the platform")
        key = base64.b64decode(encoding_aes_key + "=")
        cipher = WeChatCipher(key)
        self._encrypt = cast(Callable[[bytes], bytes], cipher.encrypt)
        self._decrypt = cast(Callable[[bytes], bytes], cipher.decrypt)
        self._receiver = receiver.encode()

    def seal(self, message: bytes) -> str:
        """Return the message encrypted for the platform, as base64."""
        plain = b"".join(
            (secrets.token_urlsafe(12).encode(), len(message).to_bytes(4, "big"), message, self._receiver),
        )
        fill = _BLOCK - len(plain) % _BLOCK
        return base64.b64encode(self._encrypt(plain + bytes((fill,)) * fill)).decode()

    def open(self, sealed: str) -> bytes:
        """Return the message inside. Raises RefusedInput for whatever was not sealed under this key and receiver."""
        try:
            cipher_text = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            raise RefusedInput("the cipher text is not base64") from None
        if not cipher_text or len(cipher_text) % _BLOCK:
            raise RefusedInput("the cipher text has no whole blocks")
        return self._unframe(self._decrypt(cipher_text))

    def _unframe(self, plain: bytes) -> bytes:
        fill = plain[-1]
        if not 1 <= fill <= _BLOCK or plain[-fill:] != bytes((fill,)) * fill:
            raise RefusedInput("the padding is wrong")
        content = plain[_HEADER:-fill]
        length = int.from_bytes(plain[_RANDOM:_HEADER], "big")
        if length > len(content):
            raise RefusedInput("the sealed length is wrong")
        if not hmac.compare_digest(content[length:], self._receiver):
            raise RefusedInput("sealed for another receiver")
        return content[:length]
