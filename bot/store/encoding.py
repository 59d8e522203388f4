"""How values are written before they are sealed: JSON, escaped to ASCII so that any text a platform sends survives."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.files import Attachment
from bot.messages import Inbound, Kind, Outcome, Understanding

_dump = json.JSONEncoder(separators=(",", ":")).encode


def inbound_bytes(inbound: Inbound) -> bytes:
    """Write a message whole, so that its turn can be taken again from the record."""
    values = {**inbound.__dict__, "sent_at": inbound.sent_at.isoformat(), "fields": dict(inbound.fields)}
    return _dump({name: value for name, value in values.items() if value}).encode("ascii")


def inbound_from(plain: bytes) -> Inbound:
    """Read what `inbound_bytes` wrote."""
    values = json.loads(plain)
    sent_at = datetime.fromisoformat(values.pop("sent_at"))
    return Inbound(**{**values, "sent_at": sent_at, "kind": Kind(values["kind"])})


def state_bytes(state: Mapping[str, Any]) -> bytes:
    """Write a dialog state. Raises TypeError or ValueError for what JSON cannot hold."""
    return _dump(dict(state)).encode("ascii")


def state_from(plain: bytes) -> Mapping[str, Any]:
    """Read what `state_bytes` wrote."""
    state: Mapping[str, Any] = json.loads(plain)
    return state


def reply_bytes(outcome: Outcome, *, passive: str | None) -> bytes:
    """Write all that was answered, with its citations, and the part that went out as the passive reply."""
    replies = [
        {"text": reply.text, "citations": [[one.product, one.clause] for one in reply.citations]}
        for reply in outcome.replies
    ]
    return _dump({"passive": passive, "replies": replies}).encode("ascii")


def passive_from(plain: bytes) -> str | None:
    """Read the passive reply from what `reply_bytes` wrote."""
    passive: str | None = json.loads(plain)["passive"]
    return passive


def question_bytes(text: str, understanding: Understanding) -> bytes:
    """Write the part of the quality record that may name a person: their words and the reasons."""
    return _dump({"text": text, "reasons": list(understanding.reasons)}).encode("ascii")


def text_bytes(text: str, attachment: Attachment | None = None) -> bytes:
    """Write one text to be sent, or a file with the text that tells of it."""
    return _dump({"text": text, **({"file": attachment.__dict__} if attachment else {})}).encode("ascii")


def text_from(plain: bytes) -> str:
    """Read what `text_bytes` wrote."""
    text: str = json.loads(plain)["text"]
    return text


def attachment_from(plain: bytes) -> Attachment | None:
    """Read the file of what `text_bytes` wrote, or None."""
    told = json.loads(plain).get("file")
    return None if told is None else Attachment(**told)
