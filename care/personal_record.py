"""Everything that is stored about one person, gathered for themselves: plain values, in the order of a reader.

Policies are told as their own chat tells them: identity numbers and phones of a policy are masked, because a policy
names more people than the one who asks. What the person wrote and gave themselves is told in full.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from bot.keys import Cipher, KeyRing, Unreadable
from bot.store.people import cipher_of
from bot.store.schema import contacts, conversations, inbound, outbox, questions
from care import audit, children, consents, media, policies, timeline
from care.case_records import Case, cases_of_contact
from care.child import Child, product_name
from care.joins import contacts_of
from care.policy import Policy
from care.promises import deadlines_of
from care.tables import bindings, verification_attempts

Record = dict[str, Any]
_PAGE = 50
_AUDITED = 1000  # the newest entries of the trail


def personal_record(connection: Connection, keys: KeyRing, contact_id: int) -> Record:
    """Return what is stored about a contact: section → value, times aware. Raises Unreadable for a deleted person."""
    cipher = cipher_of(connection, keys, contact_id)
    return {
        "contact": _contact(connection, cipher, contact_id),
        "policies": _policies(connection, keys, contact_id),
        "consents": [
            {"kind": one.kind.value, "version": one.version, "given_at": one.given_at, "withdrawn_at": one.withdrawn_at}
            for one in consents.history(connection, contact_id)
        ],
        "cases": [_case(connection, keys, case) for case in _cases(connection, keys, contact_id)],
        "children": [_child(child) for child in children.children_of_contact(connection, keys, contact_id)],
        "papers": [_paper(one) for one in media.of_contact(connection, contact_id)],
        "messages": list(_messages(connection, cipher, contact_id)),
        "deliveries": list(_deliveries(connection, cipher, contact_id)),
        "understood": list(_understood(connection, cipher, contact_id)),
        "verifications": [
            {"at": row.at, "succeeded": row.succeeded}
            for row in connection.execute(
                select(verification_attempts)
                .where(verification_attempts.c.contact_id == contact_id)
                .order_by(verification_attempts.c.id)
            )
        ],
        "access": _access(connection, keys, contact_id),
    }


def paper_name(number: int, media_type: str | None) -> str:
    """Return the name of a paper's file in the copy."""
    return f"{number}.{(media_type or '').rpartition('/')[2].replace('jpeg', 'jpg') or 'bin'}"


def _contact(connection: Connection, cipher: Cipher, contact_id: int) -> Record:
    row = connection.execute(
        select(contacts, conversations.c.id.label("conversation_id"), conversations.c.owner, conversations.c.state)
        .join(conversations, conversations.c.contact_id == contacts.c.id)
        .where(contacts.c.id == contact_id)
    ).one()
    state = _opened(cipher, row.state, f"conversations|state|{row.conversation_id}") if row.state else None
    return {
        "account": row.account,
        "platform_id": cipher.open(row.platform_id, place=f"contacts|platform_id|{contact_id}").decode(),
        "known_since": row.created_at,
        "answered_by": row.owner,
        "dialog": state,
    }


def _policies(connection: Connection, keys: KeyRing, contact_id: int) -> list[Record]:
    mine = bindings.c.contact_id.in_(contacts_of(connection, contact_id))
    rows = connection.execute(select(bindings).where(mine).order_by(bindings.c.id)).all()
    found = {one.id: one for one in policies.by_ids(connection, keys, [row.policy_id for row in rows])}
    return [
        {
            "bound_at": row.bound_at,
            "ended_at": row.ended_at,
            # Who is not bound any more gets told that they were, and not how the policy stands today.
            **(_policy(found[row.policy_id]) if row.ended_at is None else {}),
        }
        for row in rows
    ]


def _policy(policy: Policy) -> Record:
    return {
        "number": policy.number,
        "product": policy.product,
        "plan": policy.plan,
        "status": policy.status,
        "effective_on": policy.effective_on,
        "expires_on": policy.expires_on,
        "holder_name": policy.holder_name,
        "holder_id_number": _masked(policy.holder_id_number),
        "holder_phone": _masked(policy.holder_phone),
        "insured": [
            {"name": one.name, "relation": one.relation, "id_number": _masked(one.id_number)} for one in policy.insured
        ],
    }


def _masked(number: str) -> str:
    return "*" * max(0, len(number) - 4) + number[-4:]


def _cases(connection: Connection, keys: KeyRing, contact_id: int) -> Iterator[Case]:
    before: int | None = None
    while page := list(cases_of_contact(connection, keys, contact_id, limit=_PAGE, before_id=before)):
        yield from page
        before = page[-1].id


def _case(connection: Connection, keys: KeyRing, case: Case) -> Record:
    return {
        "number": case.number,
        "product": case.product,
        "service": case.service,
        "step": case.step,
        "is_open": case.is_open,
        "opened_at": case.opened_at,
        "changed_at": case.changed_at,
        "answers": dict(case.answers),
        "shown": dict(case.labels),
        "timeline": [
            {"at": one.at, "kind": one.kind, "step": one.step, "told": one.tell, "note": one.note}
            for one in timeline.events_of(connection, keys, case.id)
        ],
        "deadlines": [
            {"promise": one.promise, "started_at": one.started_at, "due_at": one.due_at, "state": one.state}
            for one in deadlines_of(connection, case.id)
        ],
    }


def _child(child: Child) -> Record:
    profile = child.profile
    return {
        "number": child.number,
        "name": profile.name,
        "birth": profile.birth,
        "sex": profile.sex,
        "region": profile.region,
        "conditions": profile.conditions,
        "birth_weight_g": profile.birth_weight_g,
        "mother_hbsag": profile.mother_hbsag,
        "vaccine_options": dict(profile.options),
        "vaccines_selected": list(profile.selected),
        "set_by_manager": list(profile.condition_codes),
        "booked_for": profile.booked_for,
        "put_off_until": profile.put_off_until,
        "doses": [
            {"on": one.on, "vaccine": product_name(one.vaccine), "said": one.product, "source": one.source}
            for one in child.doses
        ],
        "growth": [
            {"on": one.on, "height_cm": one.height_cm, "weight_kg": one.weight_kg, "source": one.source}
            for one in child.growth
        ],
        "check_ups": [{"on": one.on, "months": one.months, "source": one.source} for one in child.check_ups],
        "events": [{"on": one.on, "kind": one.kind, "source": one.source} for one in child.events],
    }


def _paper(one: media.Material) -> Record:
    return {
        "received_at": one.received_at,
        "paper": one.material,
        "media_type": one.media_type,
        "bytes": one.bytes,
        "state": one.state,
        "file": paper_name(one.id, one.media_type) if one.state == "kept" else None,
    }


def _messages(connection: Connection, cipher: Cipher, contact_id: int) -> Iterator[Record]:
    query = (
        select(inbound)
        .join(conversations, conversations.c.id == inbound.c.conversation_id)
        .where(conversations.c.contact_id == contact_id)
        .order_by(inbound.c.id)
    )
    for row in connection.execute(query):
        place = f"{row.account}|{row.message_key}"
        said = _opened(cipher, row.body, f"inbound|body|{place}")
        if said is None:
            continue  # from before the person was deleted and came back: nobody can read it
        answered = _opened(cipher, row.reply, f"inbound|reply|{place}") if row.reply else None
        yield {
            "received_at": row.received_at,
            "kind": row.kind,
            "text": said.get("text") or said.get("event") or "",
            "answers": [reply["text"] for reply in (answered or {}).get("replies", [])],
        }


def _deliveries(connection: Connection, cipher: Cipher, contact_id: int) -> Iterator[Record]:
    query = (
        select(outbox)
        .join(conversations, conversations.c.id == outbox.c.conversation_id)
        .where(conversations.c.contact_id == contact_id)
        .order_by(outbox.c.id)
    )
    for row in connection.execute(query):
        sent = _opened(cipher, row.body, f"outbox|body|{row.idempotency_key}")
        if sent is not None:
            yield {"created_at": row.created_at, "kind": row.kind, "state": row.state, "text": sent["text"]}


def _understood(connection: Connection, cipher: Cipher, contact_id: int) -> Iterator[Record]:
    query = (
        select(questions)
        .join(conversations, conversations.c.id == questions.c.conversation_id)
        .where(conversations.c.contact_id == contact_id)
        .order_by(questions.c.id)
    )
    for row in connection.execute(query):
        detail = _opened(cipher, row.detail, f"questions|detail|{row.id}")
        if detail is not None:
            yield {
                "at": row.asked_at,
                "text": detail["text"],
                "decision": row.decision,
                "product": row.product,
                "service": row.service,
                "reasons": detail["reasons"],
            }


def _access(connection: Connection, keys: KeyRing, contact_id: int) -> list[Record]:
    name = f"contact:{contact_id}"
    about = audit.entries(connection, keys, subject=name, limit=_AUDITED)
    by = audit.entries(connection, keys, actor=name, limit=_AUDITED)
    found = {one.id: one for one in (*about, *by)}
    return [
        {"at": one.at, "actor": one.actor, "action": one.action, "detail": dict(one.detail)}
        for _, one in sorted(found.items())
    ]


def _opened(cipher: Cipher, sealed: bytes, place: str) -> Record | None:
    try:
        record: Record = json.loads(cipher.open(sealed, place=place))
    except Unreadable:
        return None
    return record
