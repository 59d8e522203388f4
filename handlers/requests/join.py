"""Joins two channels of one person: a code is shown in the one, and said in the other.

Both must have verified the same policy. That alone is no ground (a husband and a wife may both have), and neither is
saying so in one channel: the code tells that whoever asks has both accounts in hand.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bot.errors import DecideAgain
from bot.keys import Unreadable
from bot.messages import Committing
from bot.store import outbox
from bot.store.people import conversation_of
from care import join_offers, joins
from care.join_offers import Candidate
from handlers.replanning import replan_person
from handlers.scene import Said, Scene
from handlers.wording import say

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Show a code, or join whose code is said. Six digits alone are a code only while one could be meant."""
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", scene.text))
    is_bare = text.isdigit()
    if is_bare and not scene.customer.policies:
        return None
    if not scene.customer.policies or not scene.customer.contact_id:
        return Said(text=say("join_no_policy"), session=scene.session)
    account = scene.turn.inbound.account
    with scene.house.customers.store.reading() as connection:
        among = join_offers.candidates(connection, scene.customer.contact_id, account=account)
        is_meant = join_offers.is_any_open(connection, among, now=scene.now)
    if is_bare and not is_meant:
        return None
    if not among:
        return Said(text=say("join_nobody"), session=scene.session)
    said = _CODE.search(text)
    return _redeemed(scene, among, said[0]) if said else _offered(scene, among)


def _offered(scene: Scene, among: list[Candidate]) -> Said:
    code, keys = join_offers.fresh_code(), scene.house.keys

    def offer(connection: Connection, turn: Committing) -> None:
        join_offers.offer(connection, keys, turn.contact_id, code, now=turn.now)

    where = scene.house.channels.named(one.account for one in among)
    hours = str(join_offers.VALID_FOR // timedelta(hours=1))
    text = say("join_code", where=where, code=code, hours=hours)
    return Said(text=text, session=scene.session, effects=(offer,))


def _redeemed(scene: Scene, among: list[Candidate], code: str) -> Said:
    house, keys = scene.house, scene.house.keys
    with house.customers.store.reading() as connection:
        found = join_offers.offered_by(connection, keys, among, code, now=scene.now)
    if found is None:
        return _missed(scene, among)
    here = house.channels.named([scene.turn.inbound.account])

    def join(connection: Connection, turn: Committing) -> None:
        if not join_offers.take(connection, keys, found, code, now=turn.now):
            raise DecideAgain("the code was used up meanwhile")
        joins.join(connection, keys, turn.contact_id, found.contact_id, ground="code", now=turn.now)
        replan_person(connection, house, turn.contact_id, now=turn.now)
        tell(scene, connection, turn, found.contact_id, say("joined", where=here))

    where = house.channels.named([found.account])
    return Said(text=say("joined", where=where), session=scene.session, effects=(join,), reasons=("joined",))


def _missed(scene: Scene, among: list[Candidate]) -> Said:
    def note(connection: Connection, turn: Committing) -> None:
        join_offers.missed(connection, among, now=turn.now)

    return Said(text=say("join_wrong"), session=scene.session, effects=(note,), reasons=("wrong code",))


def tell(scene: Scene, connection: Connection, turn: Committing, contact_id: int, text: str) -> None:
    """Tell the other channel what was changed in this one: nobody is joined or taken apart behind their back."""
    conversation = conversation_of(connection, contact_id)
    if conversation is None:
        return
    key = f"join-{contact_id}-{turn.key}"[:64]
    try:
        outbox.add(
            connection, scene.house.keys, conversation_id=conversation, kind="notice", text=text, key=key, now=turn.now
        )
    except Unreadable:
        return  # deleted meanwhile
