"""The inbox as values: which conversations stand in which queue, in which order, and each one's row.

What many pages ask for after one change is read once for all of them, whoever looks; only then it is seen by somebody:
the accounts that they may see, and which of the conversations are theirs.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.keys import KeyRing, Unreadable
from bot.messages import Inbound, Kind, Owner
from bot.store import encoding
from bot.store.people import cipher_of
from bot.store.schema import conversations
from care import staff
from console import inbox_queries as queries
from console.live import Mark
from console.office import Office
from console.shared_reading import Current, Remembered, Together
from console.who import who_of

Accounts = Collection[str] | None  # None: all

QUEUES = {"waiting": "等待接入", "mine": "我的", "others": "同事的", "bot": "机器人", "closed": "已结束"}
OPEN_QUEUES = ("waiting", "mine", "others")
PAGE = 200  # rows of a queue on one page
SEARCHED = 2000  # so many of a queue are looked through for words
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
# So long a row stands that was not told to have changed: an offer, a name or a flag may be new beside it.
_STANDS_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class ListedRow:
    """A conversation as the inbox shows it. `words` are the person's last, shortened; `holder` has it in
    their hands."""

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
    holder: int | None

    def seen_by(self, staff_id: int) -> "ListedRow":
        """Return it as one of the staff sees it: what is others' to others is theirs."""
        is_theirs = self.queue == "others" and self.holder == staff_id
        return replace(self, queue="mine") if is_theirs else self


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A page of a queue. `has_more`: there is a page after it, or more than was looked through for words."""

    rows: list[ListedRow]
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class Glance:
    """What an open page is told: the rows it asked for, how many stand in each queue, the order of its own page."""

    rows: list[ListedRow]
    counts: Mapping[str, int]
    order: list[int]
    has_more: bool


@dataclass(frozen=True, kw_only=True)
class _Open:
    id: int
    account: str
    holder: int | None


@dataclass(frozen=True, kw_only=True)
class _Queues:
    """Who waits and whom people look after, in the order of their queues."""

    waiting: Sequence[_Open]
    held: Sequence[_Open]

    def numbers(self, queue: str, staff_id: int, accounts: Accounts) -> list[int]:
        is_mine = queue == "mine"
        return [
            one.id
            for one in (self.waiting if queue == "waiting" else self.held)
            if (accounts is None or one.account in accounts)
            and (queue == "waiting" or (one.holder == staff_id) == is_mine)
        ]

    def counts(self, staff_id: int, accounts: Accounts) -> dict[str, int]:
        return {queue: len(self.numbers(queue, staff_id, accounts)) for queue in OPEN_QUEUES}


@dataclass(frozen=True, kw_only=True)
class _Board:
    """What is shown to all who asked at a time: rows with their account's id, and the queues."""

    rows: Mapping[int, tuple[str, ListedRow]]
    open: _Queues


class Inbox:
    """Reads queues and rows. What was opened once is kept in memory until the conversation changes."""

    def __init__(self, office: Office, *, mark: Callable[[Iterable[int]], Mark | None] = lambda _ids: None) -> None:
        """`mark` tells up to where open pages were told of changes; None: not at all, so that all is read each time."""
        self._office = office
        self._mark = mark
        self._opened = Remembered(_CACHED)
        self._rows: Current[tuple[str, ListedRow]] = Current(_CACHED, seconds=_STANDS_SECONDS)
        self._open: Current[_Queues] = Current(1, seconds=_STANDS_SECONDS)
        self._together = Together(self._board)

    def listed(
        self,
        queue: str,
        *,
        staff_id: int,
        accounts: Accounts = None,
        page: int = 1,
        found: Callable[[ListedRow], bool] | None = None,
    ) -> Listing:
        """Return a page of a queue: who waits longest first, red flags on top; the others by their last change.

        With `found` those of its first SEARCHED rows that are wanted, on one page.
        """
        at_most = PAGE if found is None else SEARCHED
        past = PAGE * (page - 1) if found is None else 0
        with self._office.store.reading() as connection:
            names = staff.names_by_id(connection)
            read = self._queue(connection, queue, staff_id, accounts, at_most=at_most, past=past, is_whole=True)
            rows = [self._row(connection, row, names).seen_by(staff_id) for row in islice(read, at_most)]
        wanted = rows if found is None else [row for row in rows if found(row)]
        return Listing(rows=wanted, has_more=len(read) > at_most)

    def glance(
        self, ids: Sequence[int], queue: str, *, staff_id: int, accounts: Accounts = None, page: int = 1
    ) -> Glance:
        """Return what an open page shows of these conversations and of its page of a queue, as it is now."""
        board = self._together.ask(ids)
        seen = [board.rows[id] for id in ids if id in board.rows]
        past = PAGE * (page - 1)
        if queue in OPEN_QUEUES:
            order = board.open.numbers(queue, staff_id, accounts)[past : past + PAGE + 1]
        else:
            with self._office.store.reading() as connection:
                read = self._queue(connection, queue, staff_id, accounts, at_most=PAGE, past=past, is_whole=False)
            order = [row.id for row in read]
        return Glance(
            rows=[row.seen_by(staff_id) for account, row in seen if accounts is None or account in accounts],
            counts=board.open.counts(staff_id, accounts),
            order=order[:PAGE],
            has_more=len(order) > PAGE,
        )

    def counts(self, *, staff_id: int, accounts: Accounts = None) -> dict[str, int]:
        """Count who waits, who is mine, who is looked after by others."""
        return self._read_open([0])[0].counts(staff_id, accounts)

    def account_of(self, conversation_id: int) -> str | None:
        """Return the account of a conversation, or None where there is no such conversation."""
        with self._office.store.reading() as connection:
            found = select(conversations.c.account).where(conversations.c.id == conversation_id)
            account: str | None = connection.scalar(found)
            return account

    def _queue(
        self,
        connection: Connection,
        queue: str,
        staff_id: int,
        accounts: Accounts,
        *,
        at_most: int,
        past: int,
        is_whole: bool,
    ) -> Sequence[Row[Any]]:
        """Return so many of a queue, and one more where there is one."""
        statement = queries.of_queue(queue, is_whole=is_whole, sees_all=accounts is None)
        values: dict[str, Any] = {"at_most": at_most + 1, "past": past}
        if queue in ("mine", "others"):
            values["staff_id"] = staff_id
        if accounts is not None:
            values["accounts"] = list(accounts)
        return connection.execute(statement, values).all()

    def _board(self, ids: Collection[int]) -> _Board:
        mark = self._mark(ids)  # first: what changes while it is read is told, and read, once more
        return _Board(
            rows=self._rows.current(ids, mark.versions if mark else {}, self._read_rows),
            open=self._open.current([0], {0: str(mark.number)} if mark else {}, self._read_open)[0],
        )

    def _read_open(self, _ids: Collection[int]) -> dict[int, _Queues]:
        with self._office.store.reading() as connection:
            waiting, held = (
                [_Open(id=row.id, account=row.account, holder=row.staff_id) for row in connection.execute(statement)]
                for statement in queries.of_open()
            )
        return {0: _Queues(waiting=waiting, held=held)}

    def _read_rows(self, ids: Collection[int]) -> dict[int, tuple[str, ListedRow]]:
        with self._office.store.reading() as connection:
            names = staff.names_by_id(connection)
            found = connection.execute(queries.of_numbers(), {"ids": sorted(ids)}).all()
            return {row.id: (row.account, self._row(connection, row, names)) for row in found}

    def _row(self, connection: Connection, row: Row[Any], names: dict[int, str]) -> ListedRow:
        keys, account = self._office.store.keys, self._office.accounts.get(row.account)
        words = self._opened.get(
            ("words", row.last_id), lambda: _last_words(connection, keys, row.contact_id, row.last_id)
        )
        who = self._opened.get(
            ("who", row.contact_id, row.version), lambda: who_of(connection, keys, contact_id=row.contact_id)
        )
        return ListedRow(
            id=row.id,
            queue=_queue_of(row),
            holder=row.staff_id if row.owner == Owner.HUMAN else None,
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


def _queue_of(row: Row[Any]) -> str:
    if row.owner == Owner.WAITING:
        return "waiting"
    if row.owner == Owner.HUMAN:
        return "others"
    return "closed" if row.is_closed else "bot"


def _last_words(connection: Connection, keys: KeyRing, contact_id: int, inbound_id: int | None) -> str:
    if inbound_id is None:
        return ""
    [row] = queries.SAID.rows(connection, {"number": inbound_id})
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
