"""One conversation with everything its page shows: the exchange, who has it, what may still be sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.keys import Unreadable
from bot.messages import Conversation, Owner
from bot.store import conversations, quota
from bot.store.quota import Room
from care import hand_overs, staff, typing_signs
from care.hand_overs import HandOver
from care.staff import Member
from console import exchange
from console.canned import Canned, canned_replies, filled
from console.exchange import Exchange
from console.office import Office
from console.rights import User
from console.who import who_of
from handlers.hand_over_packet import Packet
from handlers.handling import may_open, product_of
from handlers.native_service import InPlatform, in_platform


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A conversation's page. `state`: mine | free | others, seen by the current user. `carried`: the types of files
    that the channel sends itself; None where no files can be sent. `in_platform`: who has it in WeCom's own app, where
    alone it can be answered; None: nobody there."""

    id: int
    contact_id: int
    account_id: str
    account: str
    who: str
    owner: Owner
    queue: str
    state: str
    staff_name: str | None
    hand_over: HandOver | None
    waiting_since: datetime | None
    reason: str | None
    is_red: bool
    product_id: str | None
    product: str | None
    exchange: Exchange
    room: Room
    in_platform: InPlatform | None
    carried: frozenset[str] | None
    typing: tuple[str, ...]
    colleagues: tuple[Member, ...]
    canned: tuple[Canned, ...]
    form: Any
    packet: Packet | None
    is_deleted: bool
    may_act: bool


class Conversations:
    """Reads conversations whole."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def find(self, conversation_id: int, *, user: User, before: str, is_whole: bool = True) -> Shown | None:
        """Return a conversation as somebody sees it, or None where there is none. Not whole: without the packet."""
        office, now = self._office, self._office.clock()
        with office.store.reading() as connection:
            row = exchange.header_of(connection, conversation_id)
            if row is None:
                return None
            conversation = self._conversation(connection, row)
            hand_over = hand_overs.open_of(connection, row.id)
            names = staff.names_by_id(connection)
            account = office.accounts.get(row.account)
            who = who_of(connection, office.store.keys, contact_id=row.contact_id)
            product = self._product(conversation, hand_over)
            short = office.library.product(product).short if product else None
            slots = {"管家": user.name, "产品": short or "", "称呼": "您"}
            holder = hand_over.staff_id if hand_over and row.owner == Owner.HUMAN else None
            return Shown(
                id=row.id,
                contact_id=row.contact_id,
                account_id=row.account,
                account=account.name if account else row.account,
                who=who,
                owner=Owner(row.owner),
                queue=_queue(row.owner, holder, user),
                state="free" if row.owner != Owner.HUMAN else "mine" if holder == user.id else "others",
                staff_name=names.get(holder) if holder else None,
                hand_over=hand_over,
                waiting_since=row.waiting_since,
                reason=row.hand_over_reason or (hand_over.reason if hand_over else None),
                is_red=bool(hand_over and hand_over.is_red) or (row.owner != Owner.BOT and row.paged_at is not None),
                product_id=product,
                product=short,
                exchange=exchange.exchange_of(
                    connection,
                    office.store.keys,
                    conversation_id=row.id,
                    contact_id=row.contact_id,
                    explained=office.explained,
                    before=before,
                ),
                room=quota.room(
                    connection,
                    row.id,
                    is_unlimited=row.account in office.windowless,
                    now=now,
                ),
                in_platform=in_platform(connection, row.id),
                carried=self._carried(row.account),
                typing=self._typing(connection, row.id, user, now),
                colleagues=_colleagues(connection, holder, account.products if account else (), office.is_demo),
                canned=tuple(replace(one, text=filled(one.text, slots)) for one in canned_replies()),
                form=self._form(conversation, now) if user.may_act else None,
                packet=self._packet(conversation, hand_over, now) if is_whole else None,
                is_deleted=conversation is None,
                may_act=user.may_act,
            )

    def _conversation(self, connection: Connection, row: Any) -> Conversation | None:
        try:
            return conversations.seen(connection, self._office.store.keys, row.id)
        except Unreadable:
            return None

    def _product(self, conversation: Conversation | None, hand_over: HandOver | None) -> str | None:
        product = (product_of(conversation) if conversation else None) or (hand_over.product if hand_over else None)
        return product if product in self._office.library.handbooks else None

    def _carried(self, account: str) -> frozenset[str] | None:
        files = self._office.handling.files if self._office.handling else None
        return files.carried(account) if files and account in self._office.accounts else None

    def _typing(self, connection: Connection, id: int, user: User, now: datetime) -> tuple[str, ...]:
        return tuple(name for name in typing_signs.current(connection, now=now).get(id, ()) if name != user.name)

    def _packet(self, conversation: Conversation | None, hand_over: HandOver | None, now: datetime) -> Packet | None:
        if conversation is None or self._office.packets is None:
            return None
        return self._office.packets.of(conversation, hand_over, now=now)

    def _form(self, conversation: Conversation | None, now: datetime) -> Any:
        if conversation is None or self._office.handling is None:
            return None
        return self._office.handling.forms.of(conversation, now=now)


def _queue(owner: str, holder: int | None, user: User) -> str:
    if owner == Owner.WAITING:
        return "waiting"
    if owner == Owner.HUMAN:
        return "mine" if holder == user.id else "others"
    return "bot"


def _colleagues(
    connection: Connection, holder: int | None, products: Collection[str], is_demo: bool
) -> tuple[Member, ...]:
    """Return to whom it can be handed: who is on duty and may open it."""
    everybody: Sequence[Member] = staff.everybody(connection)
    return tuple(
        one
        for one in everybody
        if one.is_active
        and one.on_duty
        and one.role in ("manager", "supervisor")
        and one.id != holder
        and may_open(one, products)
        and (is_demo or not one.is_demo)
    )
