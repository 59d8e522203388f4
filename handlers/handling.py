"""What health managers do to conversations: take, reply, hand on, note, fill in, give back, close.

Each act is one transaction under the conversation's lock, with its row in the audit trail. Nothing is sent here: what
is said goes through the outbox. An act that is not allowed raises UserFault, in Chinese, and changes nothing.
It is long because the acts are best seen beside each other.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from bot.errors import UserFault
from bot.keys import Unreadable
from bot.messages import Conversation, Owner
from bot.store import conversations, outbox, quota
from bot.store.conversations import Held
from bot.store.store import Store
from bot.texts import split
from care import audit, hand_overs, notes, staff
from care.hand_overs import HandOver
from care.staff import Member
from handlers import ratings
from handlers.native_service import is_in_platform
from handlers.open_form import OpenForms
from handlers.staff_files import StaffFiles, draft_of
from handlers.wording import say

T = TypeVar("T")

# Why a conversation was closed: what managers choose from.
CLOSE_REASONS: Mapping[str, str] = {
    "solved": "问题已解决",
    "by_phone": "已转电话或线下处理",
    "no_answer": "用户没有再回复",
    "not_ours": "不属于我们的服务",
    "other": "其他",
}
_LONGEST = 6000  # characters of one answer
_MAY_TAKE_PART = ("manager", "supervisor")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How taking a conversation went: whether it is the taker's, who has it, and since when."""

    is_mine: bool
    staff_id: int
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Handling:
    """The acts, joined with what they need. `max_bytes` tells how long one text of an account may be; `windowless`:
    accounts whose people can always be written to; `wake` looks into the outbox at once; `serves` tells the products
    of an account (None: all). Without `files` none can be sent."""

    store: Store
    forms: OpenForms
    max_bytes: Callable[[str], int] = lambda _account: 2048
    windowless: frozenset[str] = frozenset()
    wake: Callable[[], None] = field(default=lambda: None)
    files: StaffFiles | None = None
    serves: Callable[[str], Collection[str] | None] = lambda _account: None

    def take(self, conversation_id: int, *, by: Member, now: datetime) -> Taken:
        """Take a conversation over, waiting or not; of two who race one gets it, and the other is told who has it."""

        def work(connection: Connection) -> Taken:
            held = self._held(connection, conversation_id)
            _allow(by)
            _refuse_in_wecom(connection, conversation_id)
            hand_over = hand_overs.open_of(connection, conversation_id)
            has_it = hand_over.staff_id if held.conversation.owner is Owner.HUMAN and hand_over else None
            if hand_over is not None and has_it is not None and hand_over.held_since is not None:
                return Taken(is_mine=has_it == by.id, staff_id=has_it, since=hand_over.held_since)
            conversations.take_over(connection, conversation_id, now=now)
            taken = hand_over or self._begun(connection, held, now)
            hand_overs.hold(connection, taken, staff_id=by.id, kind="taken", actor=staff.actor(by.name), now=now)
            self._record(connection, by, "conversation taken", conversation_id, now)
            return Taken(is_mine=True, staff_id=by.id, since=now)

        return self.store.write(work)

    def reply(self, conversation_id: int, *, by: Member, text: str, request_key: str, now: datetime) -> bool:
        """Say something to the person; False when `request_key` (of the form) was used before."""
        words = text.strip()
        if not words:
            raise UserFault("回复是空的")
        if len(words) > _LONGEST:
            raise UserFault(f"回复太长了（{len(words)}字），请分几次发")

        def work(connection: Connection) -> bool:
            held, hand_over = self._mine(connection, conversation_id, by)
            _refuse_in_wecom(connection, conversation_id)
            account = held.conversation.account
            parts = split(words, self.max_bytes(account))
            room = quota.room(connection, conversation_id, is_unlimited=account in self.windowless, now=now)
            added = [
                outbox.add(
                    connection, self.store.keys, conversation_id=conversation_id, kind="human", text=part,
                    key=_key(conversation_id, request_key, number), now=now,
                )
                for number, part in enumerate(parts)
            ]  # fmt: skip
            if all(added):
                _refuse_too_many(len(parts), room)
                self._answered(connection, held, hand_over, by, now, "conversation answered")
            return all(added)

        return self._sent(self.store.write(work))

    def send_file(
        self, conversation_id: int, *, by: Member, content: bytes, name: str, request_key: str, now: datetime
    ) -> bool:
        """Send a picture or a PDF to the person; False when `request_key` was used before."""
        files = self.files
        if files is None:
            raise UserFault("这里现在不能发文件")
        draft = draft_of(content, name)
        file = files.folder.write(draft.content)

        def work(connection: Connection) -> bool:
            held, hand_over = self._mine(connection, conversation_id, by)
            _refuse_in_wecom(connection, conversation_id)
            key = _key(conversation_id, f"file {request_key}", 0)
            is_new = files.queue(connection, self.store.keys, held.conversation, draft, file, key=key, now=now)
            if is_new:
                self._answered(connection, held, hand_over, by, now, "file sent")
            return is_new

        try:
            is_new = self.store.write(work)
        except UserFault:
            files.folder.delete(file)
            raise
        if not is_new:
            files.folder.delete(file)
        return self._sent(is_new)

    def _answered(
        self, connection: Connection, held: Held, hand_over: HandOver, by: Member, now: datetime, action: str
    ) -> None:
        hand_overs.replied(connection, hand_over, actor=staff.actor(by.name), now=now)
        hand_overs.seen(connection, hand_over.id, kinds=("unanswered", "danger"), by=by.id, now=now)
        conversations.change(connection, self.store.keys, held.conversation, now=now)
        self._record(connection, by, action, held.conversation.id, now)

    def hand_to(self, conversation_id: int, *, by: Member, to: Member, now: datetime) -> None:
        """Hand a conversation to a colleague who may open it, on duty and with room (danger needs none); they have it
        at once, and what was written leaves all the same."""

        def work(connection: Connection) -> None:
            held, hand_over = self._mine(connection, conversation_id, by, or_supervisor=True)
            _allow(to)
            if not to.is_active or not to.on_duty:
                raise UserFault(f"{to.name}现在不在岗，请转给别的同事")
            if to.id == hand_over.staff_id:
                raise UserFault(f"这个会话已经在{to.name}手上")
            if not may_open(to, self.serves(held.conversation.account)):
                raise UserFault(f"{to.name}不负责这个账号的产品，打不开这个会话，请转给别的同事")
            if not hand_over.is_red and hand_overs.count_held(connection, to.id) >= to.capacity:
                raise UserFault(f"{to.name}手上的会话已满（最多{to.capacity}个），请转给别的同事")
            hand_overs.hold(connection, hand_over, staff_id=to.id, kind="handed", actor=staff.actor(by.name), now=now)
            conversations.change(connection, self.store.keys, held.conversation, now=now)
            self._record(connection, by, "conversation handed on", conversation_id, now, to=to.name)

        self.store.write(work)

    def fill(self, conversation_id: int, *, by: Member, slot: str, text: str, now: datetime) -> None:
        """Fill in an answer of the form under way for the person; it stays filled when the bot goes on."""

        def work(connection: Connection) -> None:
            held, _ = self._mine(connection, conversation_id, by)
            state = self.forms.filled(held.conversation, slot, text, now=now)
            conversations.change(connection, self.store.keys, held.conversation, now=now, state=state)
            self._record(connection, by, "form filled in", conversation_id, now, slot=slot)

        self.store.write(work)

    def note(self, conversation_id: int, *, by: Member, text: str, request_key: str, now: datetime) -> bool:
        """Add a private note; False when `request_key` was used before. Whoever has the conversation, or none."""
        words = text.strip()
        if not words:
            raise UserFault("备注是空的")

        def work(connection: Connection) -> bool:
            held = self._held(connection, conversation_id)
            _allow(by)
            actor, keys = staff.actor(by.name), self.store.keys
            of_it = conversation_id
            if not notes.add(
                connection, keys, conversation_id=of_it, actor=actor, text=words, key=request_key, now=now
            ):
                return False
            conversations.change(connection, keys, held.conversation, now=now)
            self._record(connection, by, "note added", conversation_id, now)
            return True

        return self.store.write(work)

    def give_back(self, conversation_id: int, *, by: Member, now: datetime, step: str | None = None) -> str:
        """Give a conversation back: the bot says a short word and goes on at `step` (a slot of the form under way), or
        at the question that is open. Returns what it says; empty when the platform would not take it any more."""

        def work(connection: Connection) -> str:
            held, hand_over = self._mine(connection, conversation_id, by, or_supervisor=True)
            resumed = self.forms.resumed(held.conversation, now=now, step=step)
            words = say("given_back_form", question=resumed.question) if resumed.question else say("given_back")
            return self._ended(
                connection, held, hand_over, by, now=now, how="given_back", words=words, state=resumed.state,
                rates=not resumed.question,
            )  # fmt: skip

        return self._sent(self.store.write(work))

    def close(self, conversation_id: int, *, by: Member, reason: str, now: datetime) -> None:
        """Close a conversation that waits or that somebody has, with one of CLOSE_REASONS. A form under way waits
        until the person wants to go on with it."""
        if reason not in CLOSE_REASONS:
            raise UserFault(f"请选一个结束的原因：{'、'.join(CLOSE_REASONS.values())}")

        def work(connection: Connection) -> str:
            held = self._held(connection, conversation_id)
            if held.conversation.owner is Owner.HUMAN:
                held, hand_over = self._mine(connection, conversation_id, by, or_supervisor=True)
            elif held.conversation.owner is Owner.WAITING:
                _allow(by)
                hand_over = self._begun(connection, held, now)
            else:
                raise UserFault("这个会话已经结束了")
            state = self.forms.paused(held.conversation, now=now)
            return self._ended(
                connection, held, hand_over, by, now=now, how="closed", words="", state=state,
                rates=hand_over.first_reply_at is not None, reason=reason,
            )  # fmt: skip

        self._sent(self.store.write(work))

    def _ended(
        self, connection: Connection, held: Held, hand_over: HandOver, by: Member, *, now: datetime, how: str,
        words: str, state: Mapping[str, Any], rates: bool, reason: str | None = None,
    ) -> str:  # fmt: skip
        conversation = held.conversation
        is_unlimited = conversation.account in self.windowless
        can_tell = quota.room(connection, conversation.id, is_unlimited=is_unlimited, now=now).is_open
        asks = rates and can_tell and hand_over.first_reply_at is not None
        if asks:
            words = "\n\n".join(part for part in (words, ratings.question()) if part)
        ends = conversations.give_back if conversation.owner is Owner.HUMAN else conversations.stop_waiting
        ends(connection, conversation.id, now=now)
        after = ratings.asked(state, hand_over.id) if asks else ratings.over(state)
        conversations.change(connection, self.store.keys, conversation, now=now, state=after)
        hand_overs.end(
            connection, hand_over, how=how, actor=staff.actor(by.name), now=now, reason=reason, asks_rating=asks
        )
        hand_overs.seen(connection, hand_over.id, kinds=("untaken", "unanswered", "danger"), by=by.id, now=now)
        if words and can_tell:
            outbox.add(
                connection, self.store.keys, conversation_id=conversation.id, kind="resume", text=words,
                key=_key(conversation.id, f"{how} {hand_over.id}", 0), now=now,
            )  # fmt: skip
        action = "conversation given back" if how == "given_back" else "conversation closed"
        self._record(connection, by, action, conversation.id, now)
        return words if can_tell else ""

    def _sent(self, result: T) -> T:
        self.wake()
        return result

    def _held(self, connection: Connection, conversation_id: int) -> Held:
        try:
            held = conversations.hold(connection, self.store.keys, conversation_id)
        except Unreadable:
            raise UserFault("这个人已经删除了自己的信息") from None
        if held is None:
            raise UserFault("没有这个会话")
        return held

    def _begun(self, connection: Connection, held: Held, now: datetime) -> HandOver:
        conversation = held.conversation
        return hand_overs.begin(
            connection, conversation.id, asked_at=held.waiting_since, reason=held.hand_over_reason,
            product=product_of(conversation), now=now,
        )  # fmt: skip

    def _mine(
        self, connection: Connection, conversation_id: int, by: Member, *, or_supervisor: bool = False
    ) -> tuple[Held, HandOver]:
        held = self._held(connection, conversation_id)
        _allow(by)
        hand_over = hand_overs.open_of(connection, conversation_id)
        if held.conversation.owner is not Owner.HUMAN or hand_over is None or hand_over.staff_id is None:
            raise UserFault("请先接管这个会话")
        if hand_over.staff_id != by.id and not (or_supervisor and by.role == "supervisor"):
            has_it = staff.names_by_id(connection).get(hand_over.staff_id, "")
            raise UserFault(f"这个会话现在由{has_it}负责")
        return held, hand_over

    def _record(
        self, connection: Connection, by: Member, action: str, conversation_id: int, now: datetime, **detail: str
    ) -> None:
        subject = f"conversation:{conversation_id}"
        actor = staff.actor(by.name)
        audit.append(
            connection, self.store.keys, actor=actor, action=action, subject=subject, now=now, detail=detail or None
        )


def product_of(conversation: Conversation) -> str | None:
    """Return the product a conversation is about, as far as it was told."""
    product = conversation.state.get("product")
    return str(product) if product else None


def may_open(member: Member, products: Collection[str] | None) -> bool:
    """Whether somebody may open the conversations of an account that serves these products (None: all): a manager
    only with one of theirs among them."""
    if member.role != "manager" or member.products is None or products is None:
        return True
    return not set(member.products).isdisjoint(products)


def _allow(member: Member) -> None:
    if member.role not in _MAY_TAKE_PART or not member.is_active:
        raise UserFault("只有健康管家和主管可以处理会话")


def _refuse_too_many(parts: int, room: quota.Room) -> None:
    # One that finds no room waits, or fails as a whole; of several the rest would be missing.
    if parts > 1 and not room.is_unlimited and parts > room.left:
        raise UserFault(f"这条回复太长，要分成{parts}条发，平台现在只能再发{room.left}条，没有发出，请缩短后再发")


def _refuse_in_wecom(connection: Connection, conversation_id: int) -> None:
    if connection.execute(select(is_in_platform(conversation_id))).scalar():
        raise UserFault("这个会话在企业微信的排队或接待中，这里发不出消息，请在企业微信里接待")


def _key(conversation_id: int, request_key: str, number: int) -> str:
    # 32 hexadecimal digits: the strictest platform (WeCom KF) takes up to 32 of 0-9a-zA-Z_- as a message id.
    return hashlib.sha256(f"human\0{conversation_id}\0{request_key}\0{number}".encode()).hexdigest()[:32]
