"""What a platform tells of its own accord: a notice did not arrive, a person agreed to subscription messages.

These events are nobody's words: they get no answer, and count whoever has the conversation.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from bot.messages import Committing, Effect, Inbound
from bot.store import reports
from care import subscriptions

_Fields = Mapping[str, str]


def effect_of(inbound: Inbound) -> Effect | None:
    """Return what an event changes, or None for an event that is somebody's act (a click, a follow)."""
    noting = _NOTED.get(inbound.event)
    if noting is None:
        return None

    def note(connection: Connection, turn: Committing) -> None:
        for item in _items(inbound.fields):
            noting(connection, turn, inbound, item)

    return note


def _items(fields: _Fields) -> list[_Fields]:
    """Return the leaves that stand together: an event tells of one notice, or of a list."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for path, value in fields.items():
        parent, _, name = path.rpartition(".")
        found[parent][name] = value
    return list(found.values())


def _template_ended(connection: Connection, turn: Committing, inbound: Inbound, item: _Fields) -> None:
    status = item.get("Status", "")
    _ended(connection, turn, inbound, item, None if status == "success" else status or "failed")


def _subscribed_ended(connection: Connection, turn: Committing, inbound: Inbound, item: _Fields) -> None:
    code = item.get("ErrorCode", "0")
    _ended(connection, turn, inbound, item, None if code == "0" else item.get("ErrorStatus") or f"failed: {code}")


def _ended(connection: Connection, turn: Committing, inbound: Inbound, item: _Fields, reason: str | None) -> None:
    number = item.get("MsgID") or item.get("MsgId") or ""
    if 0 < len(number) <= _LONGEST_NUMBER:
        reports.record(connection, account=inbound.account, provider_id=number, reason=reason, now=turn.now)


def _agreed(connection: Connection, turn: Committing, inbound: Inbound, item: _Fields) -> None:
    template, answer = item.get("TemplateId", ""), item.get("SubscribeStatusString", "")
    if not 0 < len(template) <= _LONGEST_NUMBER:
        return
    if answer == "accept":
        subscriptions.grant(connection, turn.contact_id, template)
    elif answer == "reject" and inbound.event == "subscribe_msg_change_event":  # taken back; else only not given
        subscriptions.end(connection, turn.contact_id, template)


_LONGEST_NUMBER = 64
_NOTED: Mapping[str, Callable[[Connection, Committing, Inbound, _Fields], None]] = {
    "templatesendjobfinish": _template_ended,
    "subscribe_msg_sent_event": _subscribed_ended,
    "subscribe_msg_popup_event": _agreed,
    "subscribe_msg_change_event": _agreed,
}
