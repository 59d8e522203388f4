"""Files that go to people: how the outbox names one, and what channels do that can carry them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

_MEGABYTE = 1024 * 1024
PICTURES: Mapping[str, str] = {"image/jpeg": "jpg", "image/png": "png"}
PDF = "application/pdf"
_ENDINGS = {**PICTURES, PDF: "pdf"}
PICTURE_BYTES = 10 * _MEGABYTE  # WeChat's and WeCom's limit
DOCUMENT_BYTES = 20 * _MEGABYTE  # WeCom's limit; WeChat's accounts carry none
_NO_NAME = re.compile(r'[\s\x00-\x1f\x7f<>:"/\\|?*\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+')
_LONGEST_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in the outbox: where its content lies sealed, and how it is called. With `as_link` the row's text leads to
    it and is all that is sent."""

    file: str
    name: str
    media_type: str
    bytes: int
    as_link: bool = False


@dataclass(frozen=True, kw_only=True)
class OutgoingFile:
    """A file as a channel gets it."""

    name: str
    media_type: str
    content: bytes

    @property
    def is_picture(self) -> bool:
        """Whether it can be sent as a picture."""
        return self.media_type in PICTURES


@runtime_checkable
class SendsFiles(Protocol):
    """What a channel that carries files does beside what every channel does."""

    carries: Mapping[str, int]  # media type → the most bytes of one file

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        """Send one file of a type and size in `carries`; `key` is stable over retries.

        Raises RetryLater, GiveUp (this person or channel will not take it) or ConfigurationFault.
        """


def can_carry(channel: object, *, media_type: str, size: int) -> bool:
    """Whether a channel can send a file itself; else the person gets a link to it."""
    return isinstance(channel, SendsFiles) and size <= channel.carries.get(media_type, 0)


def file_name(given: str, media_type: str) -> str:
    """Return a name as every phone shows it: without folders or control characters, with the ending of its type."""
    plain = _NO_NAME.sub(" ", given.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem = plain.rpartition(".")[0] or plain
    return f"{stem[:_LONGEST_NAME].strip() or '文件'}.{_ENDINGS[media_type]}"
