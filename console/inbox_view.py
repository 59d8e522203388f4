"""The inbox as values: which conversations stand in which queue, in which order, and each one's row."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, or_, select

from bot.keys import KeyRing, Unreadable
from bot.messages import Inbound, Kind, Owner
from bot.store import encoding
from bot.store.people import cipher_of
from bot.store.schema import conversations, inbound, outbox
from care import staff
from care.hand_over_tables import hand_overs
from console.office import Office
from console.who import who_of

T = TypeVar("T")
Accounts = Collection[str] | None  # None: all

QUEUES = {"waiting": "等待接入", "mine": "我的", "others": "同事的", "bot": "机器人", "closed": "已结束"}
_LONGEST_QUEUE = 200
_WORDS = 60  # characters of the last words that a row shows
_WORDS_OF_KIND = {
    Kind.IMAGE: "［图片］",
    Kind.VOICE: "［语音］",
    Kind.VIDEO: "［视频］",
    Kind.FILE: "［文件］",
    Kind.LOCATION: "［位置］",
    Kind.LINK: "［链接］",
    Kind.UNKNOWN: "［其他消息］",
}
_CACHED = 4000


@dataclass(frozen=True, kw_only=True)
class ListedRow:
    """A conversation as the inbox shows it. `words` are the person's last, shortened."""

    id: int
    queue: str
    account: str
    who: str
    words: str
    said_at: datetime | None
    waiting_since: datetime | None
    reason: str | None
    is_red: bool
    staff_name: str | None
    offered_name: str | None
    is_unanswered: bool
    product: str | None
    updated_at: datetime
    version: int


class Inbox:
    """Reads queues and rows. What was opened once is kept in memory until the conversation changes."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._opened = _Remembered(_CACHED)

    def listed(self, queue: str, *, staff_id: int, accounts: Accounts = None) -> list[ListedRow]:
        """Return a queue: who waits longest first, red flags on top; the others by their last change."""
        with self._office.store.reading() as connection:
            found = connection.execute(_within(_of_queue(queue, staff_id), accounts)).all()
            return self._rows(connection, found, staff_id)

    def order(self, queue: str, *, staff_id: int, accounts: Accounts = None) -> list[int]:
        """Return the numbers of a queue in its order."""
        with self._office.store.reading() as connection:
            numbers = _of_queue(queue, staff_id, of=select(conversations.c.id).select_from(_joined()))
            return list(connection.scalars(_within(numbers, accounts)))

    def rows(self, ids: Sequence[int], *, staff_id: int, accounts: Accounts = None) -> list[ListedRow]:
        """Return the rows of these conversations."""
        if not ids:
            return []
        with self._office.store.reading() as connection:
            found = connection.execute(_within(_states().where(conversations.c.id.in_(ids)), accounts)).all()
            return self._rows(connection, found, staff_id)

    def counts(self, *, staff_id: int, accounts: Accounts = None) -> dict[str, int]:
        """Count who waits, who is mine, who is looked after by others."""
        is_mine = hand_overs.c.staff_id == staff_id
        queue = case((conversations.c.owner == Owner.WAITING, "waiting"), (is_mine, "mine"), else_="others")
        query = (
            select(queue.label("queue"), func.count().label("count"))
            .select_from(_joined())
            .where(conversations.c.owner != "bot")
            .group_by(queue)
        )
        with self._office.store.reading() as connection:
            counted = {row.queue: int(row[1]) for row in connection.execute(_within(query, accounts))}
        return {"waiting": 0, "mine": 0, "others": 0} | counted

    def account_of(self, conversation_id: int) -> str | None:
        """Return the account of a conversation, or None where there is no such conversation."""
        with self._office.store.reading() as connection:
            found = select(conversations.c.account).where(conversations.c.id == conversation_id)
            account: str | None = connection.scalar(found)
            return account

    def _rows(self, connection: Connection, found: Iterable[Row[Any]], staff_id: int) -> list[ListedRow]:
        names = staff.names_by_id(connection)
        return [self._row(connection, row, names, staff_id) for row in found]

    def _row(self, connection: Connection, row: Row[Any], names: dict[int, str], staff_id: int) -> ListedRow:
        keys, account = self._office.store.keys, self._office.accounts.get(row.account)
        words = self._opened.get(
            ("words", row.last_id), lambda: _last_words(connection, keys, row.contact_id, row.last_id)
        )
        who = self._opened.get(
            ("who", row.contact_id, row.version), lambda: who_of(connection, keys, contact_id=row.contact_id)
        )
        return ListedRow(
            id=row.id,
            queue=_queue_of(row, staff_id),
            account=account.name if account else row.account,
            who=who,
            words=words,
            said_at=row.said_at,
            waiting_since=row.waiting_since,
            reason=row.hand_over_reason or row.reason,
            is_red=bool(row.is_red) or (row.owner != Owner.BOT and row.paged_at is not None),
            staff_name=names.get(row.staff_id) if row.owner == Owner.HUMAN else None,
            offered_name=names.get(row.offered_to) if row.owner == Owner.WAITING else None,
            is_unanswered=bool(
                row.owner == Owner.HUMAN and row.said_at and (row.answered_at is None or row.said_at > row.answered_at)
            ),
            product=self._product(row.product),
            updated_at=row.updated_at,
            version=row.version,
        )

    def _product(self, product: str | None) -> str | None:
        known = product in self._office.library.handbooks
        return self._office.library.product(product).short if known and product else None


def _within(query: Select[Any], accounts: Accounts) -> Select[Any]:
    return query if accounts is None else query.where(conversations.c.account.in_(accounts))


def _queue_of(row: Row[Any], staff_id: int) -> str:
    if row.owner == Owner.WAITING:
        return "waiting"
    if row.owner == Owner.HUMAN:
        return "mine" if row.staff_id == staff_id else "others"
    return "closed" if row.is_closed else "bot"


def _joined() -> Any:
    is_open = and_(hand_overs.c.conversation_id == conversations.c.id, hand_overs.c.ended_at.is_(None))
    return conversations.outerjoin(hand_overs, is_open)


def _states() -> Select[Any]:
    c, h = conversations.c, hand_overs.c
    last_id = (
        select(inbound.c.id)
        .where(inbound.c.conversation_id == c.id, inbound.c.kind != Kind.EVENT)
        .order_by(inbound.c.id.desc())
        .limit(1)
        .correlate(conversations)
        .scalar_subquery()
    )
    last = inbound.alias("last")
    answered_at = (
        select(func.max(outbox.c.created_at))
        .where(outbox.c.conversation_id == c.id, outbox.c.owner == Owner.HUMAN)
        .where(outbox.c.state.not_in(("dead", "dropped")))  # what never arrived answers nothing
        .correlate(conversations)
        .scalar_subquery()
    )

    return select(
        c.id,
        c.account,
        c.contact_id,
        c.owner,
        c.version,
        c.updated_at,
        c.waiting_since,
        c.hand_over_reason,
        c.paged_at,
        h.staff_id,
        h.offered_to,
        h.is_red,
        h.reason,
        h.product,
        _closed().label("is_closed"),
        last.c.id.label("last_id"),
        last.c.received_at.label("said_at"),
        answered_at.label("answered_at"),
    ).select_from(_joined().outerjoin(last, last.c.id == last_id))


def _of_queue(queue: str, staff_id: int, *, of: Select[Any] | None = None) -> Select[Any]:
    """Return the rows of a queue in its order; `of`: what to select of them instead of all that a row shows."""
    c, h = conversations.c, hand_overs.c
    is_red = case((or_(c.paged_at.is_not(None), h.is_red.is_(True)), 0), else_=1)
    found = (_states() if of is None else of).limit(_LONGEST_QUEUE)
    if queue == "waiting":
        return found.where(c.owner == Owner.WAITING).order_by(is_red, c.waiting_since, c.id)
    if queue == "mine":
        return found.where(c.owner == Owner.HUMAN, h.staff_id == staff_id).order_by(is_red, c.updated_at.desc(), c.id)
    if queue == "others":
        is_others = or_(h.staff_id != staff_id, h.staff_id.is_(None))
        return found.where(c.owner == Owner.HUMAN, is_others).order_by(is_red, c.updated_at.desc(), c.id)
    closed = _closed()
    if queue == "closed":
        return found.where(c.owner == Owner.BOT, closed).order_by(c.updated_at.desc(), c.id)
    # Of whom nothing ever came there is nothing to see: members of the staff who get cards in WeCom.
    came = select(inbound.c.id).where(inbound.c.conversation_id == c.id)
    return found.where(c.owner == Owner.BOT, ~closed, came.exists()).order_by(c.updated_at.desc(), c.id)


def _closed() -> ColumnElement[bool]:
    """Whether a conversation was closed, and nothing was said in it since."""
    ended, later = hand_overs.alias("closed"), hand_overs.alias("later")
    is_last = ~select(later.c.id).where(later.c.conversation_id == conversations.c.id, later.c.id > ended.c.id).exists()
    said = select(inbound.c.id).where(
        inbound.c.conversation_id == conversations.c.id, inbound.c.received_at > ended.c.ended_at
    )
    return (
        select(ended.c.id)
        .where(ended.c.conversation_id == conversations.c.id, ended.c.how == "closed", is_last, ~said.exists())
        .exists()
    )


def _last_words(connection: Connection, keys: KeyRing, contact_id: int, inbound_id: int | None) -> str:
    if inbound_id is None:
        return ""
    row = connection.execute(select(inbound).where(inbound.c.id == inbound_id)).one()
    try:
        plain = cipher_of(connection, keys, contact_id).open(
            row.body, place=f"inbound|body|{row.account}|{row.message_key}"
        )
    except Unreadable:
        return "（已应本人要求删除）"
    return short_words(encoding.inbound_from(plain))


def short_words(message: Inbound) -> str:
    """Return what somebody said, in a few words; what is no text by its kind."""
    text = " ".join(message.text.split())
    words = f"{_WORDS_OF_KIND.get(message.kind, '')}{text}"
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"


class _Remembered:
    """What costs something to open, by a key that changes when it does."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under the key; it is made if nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: T = self._kept[key]
                return kept
        made = make()
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made
