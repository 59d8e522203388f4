"""What `kf/sync_msg` lists, as our values. It does no I/O; an item that makes no sense becomes None, never an error.

Source: the platform's page "读取消息" (WeChat customer service, receiving messages and events).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from bot.channels.envelope import make_safe
from bot.kf.people import contact_of, servicer_of
from bot.messages import Inbound, Kind

_PRINTABLE = re.compile(r"[!-~]{1,128}")
_ID = re.compile(r"[!-~]{1,64}")
_MOST_FIELDS = 64
_FIELD_CHARACTERS = 2000
_LAST_YEAR = 9000  # there must be room for what is reckoned from a time

_KINDS = {
    "text": Kind.TEXT,
    "voice": Kind.VOICE,
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
    "event": Kind.EVENT,
}


class Origin(IntEnum):
    """Who made an item."""

    CUSTOMER = 3
    SYSTEM = 4
    SERVICER = 5


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of the platform's list. `inbound.contact` is empty for an event that concerns nobody in particular."""

    origin: Origin
    open_kfid: str
    inbound: Inbound
    servicer: str = ""

    @property
    def fields(self) -> Mapping[str, str]:
        """The platform's remaining values by their own names."""
        return self.inbound.fields


def read(line: object, *, account: str, open_kfid: str, open_kfids: tuple[str, ...]) -> Item | None:
    """Return one line of a page; None for what cannot be understood, or belongs to another customer service account."""
    if not isinstance(line, Mapping):
        return None
    name = _word(line.get("msgtype")).lower()
    part = line.get(name) if name else None
    body: Mapping[str, Any] = part if isinstance(part, Mapping) else {}
    is_event = name == "event"
    # Events carry their people inside; the outer copies are there in newer versions only.
    of = line.get("open_kfid") or body.get("open_kfid") or open_kfid
    customer = line.get("external_userid") or body.get("external_userid") or ""
    sent_at = _time(line.get("send_time"))
    origin = _origin(line.get("origin"), is_event=is_event)
    if not name or of != open_kfid or sent_at is None or origin is None:
        return None
    if not isinstance(customer, str) or (customer and not _ID.fullmatch(customer)):
        return None
    event = _word(body.get("event_type")).lower() if is_event else ""
    # The system speaks in events only: other words of it are nobody's, and must not stand as the customer's.
    is_said = bool(customer) and origin is not Origin.SYSTEM
    if (is_event and not event) or (not is_event and not is_said):
        return None
    kind = _KINDS.get(name, Kind.UNKNOWN)
    inbound = Inbound(
        account=account,
        contact=contact_of(customer, open_kfid, open_kfids) if customer else "",
        key=_key(line),
        kind=kind,
        sent_at=sent_at,
        text=_text(kind, body),
        event=event,
        event_key=_string(body.get("menu_id", "")) if kind is Kind.TEXT else "",
        media_id=_string(body.get("media_id", "")),
        fields=_fields(kind, name, body),
    )
    servicer = servicer_of(line.get("servicer_userid") or body.get("servicer_userid"))
    return Item(origin=origin, open_kfid=open_kfid, inbound=inbound, servicer=servicer)


def _key(line: Mapping[str, Any]) -> str:
    given = line.get("msgid")
    if isinstance(given, str) and _PRINTABLE.fullmatch(given):
        return given
    return hashlib.sha256(repr(sorted(line.items(), key=lambda pair: str(pair[0]))).encode()).hexdigest()


def _origin(value: object, *, is_event: bool) -> Origin | None:
    if is_event:
        return Origin.SYSTEM
    try:
        return Origin(int(str(value)))
    except ValueError:
        return None


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year < _LAST_YEAR else None


def _text(kind: Kind, body: Mapping[str, Any]) -> str:
    return make_safe(_string(body.get("content", ""))) if kind is Kind.TEXT else ""


def _word(value: object) -> str:
    """Return a name of the platform's as it can be stored; empty for what is no name."""
    return make_safe(_string(value))


def _string(value: object) -> str:
    # JSON can spell halves of surrogate pairs, which no UTF-8 store would take.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _fields(kind: Kind, name: str, body: Mapping[str, Any]) -> dict[str, str]:
    plain = _plain(body)
    if kind is Kind.UNKNOWN:
        return {"msgtype": name, **plain}
    if kind is Kind.LOCATION:
        # A place is told as Official Accounts and applications tell it: in one `Label`.
        label = " ".join(plain[part] for part in ("name", "address") if plain.get(part))
        return {**plain, **({"Label": label} if label else {})}
    return plain


def _plain(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the plain values: nested ones are no business of the machine, long ones are cut."""
    plain: dict[str, str] = {}
    for name, value in body.items():
        if name in ("content", "menu_id", "media_id", "event_type") or len(plain) >= _MOST_FIELDS:
            continue
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            plain[str(name)[:64]] = make_safe(_string(str(value)))[:_FIELD_CHARACTERS]
    return plain
