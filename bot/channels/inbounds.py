"""Fields of a platform's callback as an Inbound. WeChat and WeCom name them alike. It does no I/O."""

import hashlib
import re
from datetime import UTC, datetime

from bot.channels.envelope import make_safe
from bot.errors import RefusedInput
from bot.messages import Inbound, Kind

_PRINTABLE = re.compile(r"[!-~]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,12}")

_KINDS = {
    "text": Kind.TEXT,
    "voice": Kind.VOICE,
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "shortvideo": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
    "event": Kind.EVENT,
}
_TEXT_FIELD = {Kind.TEXT: "Content", Kind.VOICE: "Recognition"}
_CONSUMED = frozenset(
    ("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Recognition", "MediaId", "Encrypt")
)
_CONSUMED_OF_EVENTS = _CONSUMED | {"Event", "EventKey"}
_TELLING = ("msgid", "taskid", "responsecode", "jobid")  # ends of the names of fields that tell events apart


def inbound_of(account: str, fields: dict[str, str]) -> Inbound:
    """Return the message or event that the fields describe. Raises RefusedInput when they describe none."""
    contact = fields.get("FromUserName", "")
    name = fields.get("MsgType", "").lower()
    if not _PRINTABLE.fullmatch(contact) or not name:
        raise RefusedInput("sender or type is missing")
    kind = _KINDS.get(name, Kind.UNKNOWN)
    event = fields.get("Event", "").lower() if kind is Kind.EVENT else ""
    if kind is Kind.EVENT and not event:
        raise RefusedInput("the event has no name")
    consumed = _CONSUMED_OF_EVENTS if event else _CONSUMED
    return Inbound(
        account=account,
        contact=contact,
        key=_key(kind, fields),
        kind=kind,
        sent_at=sent_at(fields.get("CreateTime", "")),
        text=make_safe(fields.get(_TEXT_FIELD.get(kind, ""), "")),
        event=event,
        # The platform marks a scan that led to following; the scene itself is the same as in SCAN.
        event_key=fields.get("EventKey", "").removeprefix("qrscene_") or fields.get("bizmsgmenuid", ""),
        media_id=fields.get("MediaId", ""),
        fields={name: value for name, value in fields.items() if name not in consumed},
    )


def _key(kind: Kind, fields: dict[str, str]) -> str:
    if kind is Kind.EVENT:
        # The delivery reports of two notices in one second differ in nothing but the notice's id, the clicks on two
        # cards in nothing but the cards' task ids or the clicks' response codes.
        notices = [fields[name] for name in sorted(fields) if name.lower().endswith(_TELLING)]
        return _digest(fields, "FromUserName", "CreateTime", "Event", "EventKey", extra=notices)
    key = fields.get("MsgId", "")
    if _PRINTABLE.fullmatch(key):
        return key
    if key or kind is not Kind.UNKNOWN:
        raise RefusedInput("the message id is missing")
    return _digest(fields, *sorted(fields))


def _digest(fields: dict[str, str], *names: str, extra: list[str] | None = None) -> str:
    parts = [fields.get(name, "") for name in names] + (extra or [])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def sent_at(seconds: str) -> datetime:
    """Return a platform's time, seconds since 1970 in digits. Raises RefusedInput for anything else."""
    if not _NUMBER.fullmatch(seconds):
        raise RefusedInput("the creation time is missing")
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise RefusedInput("the creation time is out of range") from None
