"""Passwords of staff: how they are kept (argon2id), compared, and made up."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARACTERS = 8
_MOST_CHARACTERS = 200
# 19 MiB and two rounds: about 25 ms. More memory would be a lever for overload on a small machine; so would be many
# at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_A_TIME = threading.BoundedSemaphore(2)
_WITHOUT_LOOKALIKES = "abcdefghjkmnpqrstuvwxyz23456789"


def hashed(password: str) -> str:
    """Return what is stored in place of a password."""
    with _AT_A_TIME:
        return _HASHER.hash(password)


_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$FnsMHsFV2XEjB5yQJNqmCqBZs7DeITASwHe9YKSPAQk"


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password is the stored one. Nobody's (None) takes as long to compare as anybody's."""
    if len(password) > _MOST_CHARACTERS:
        return False
    with _AT_A_TIME:
        try:
            return _HASHER.verify(stored or _NOBODYS, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def fault_of(password: str) -> str | None:
    """Return in Chinese why a new password will not do, or None."""
    if len(password) < LEAST_CHARACTERS:
        return f"密码至少要 {LEAST_CHARACTERS} 个字符。"
    if len(password) > _MOST_CHARACTERS:
        return f"密码最多 {_MOST_CHARACTERS} 个字符。"
    if len(set(password)) < 4:
        return "密码太简单了，请多用几种不同的字符。"
    return None


def made_up() -> str:
    """Return a first password that can be read out: four groups of four characters, some 79 bits."""
    return "-".join("".join(secrets.choice(_WITHOUT_LOOKALIKES) for _ in range(4)) for _ in range(4))
