"""The pump of one service point: fetches what the callback only announces, page by page, and begins the turns.

The right to fetch is a lease in the database, so one process pumps at a time; the cursor moves in the transaction that
stores the page. A callback that got lost costs minutes at most: the pump also looks without being called.
"""

import random
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import OperationalError

from bot.errors import AssistantError, ConfigurationFault, GiveUp, RetryLater
from bot.fetching import Begin, Begun
from bot.kf import cursors, items
from bot.kf.account import KfAccount
from bot.kf.items import Item
from bot.kf.sessions import WITH_PEOPLE
from bot.kf.taking import Fetched, Looked, Taking, sessions_to_look_at
from bot.messages import Inbound

log = structlog.get_logger()

_UNCALLED_SECONDS = 120.0  # without a callback's token the platform limits how often one may ask
_TOKEN_LIVES = timedelta(minutes=9)
_BUSY_SECONDS = 0.2  # another process has the lease
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 60.0
_CONFIGURATION_SECONDS = 300.0
_LOOKED_AT = 20  # sessions asked for before a page is taken; the others are asked for when somebody is answered
_LOOKS_AGAIN = timedelta(minutes=2)  # at the session of somebody who writes while people have it
_TURNS_SECONDS = 30.0
_BAD_TOKEN = 95007
_REFUSED_OFTEN = 3


class Pump:
    """Fetches one service point. Call `start` in the serving process; `notify` at each callback."""

    def __init__(self, account: KfAccount, open_kfid: str, taking: Taking) -> None:
        self._account = account
        self._open_kfid = open_kfid
        self._taking = taking
        self._store = account.store
        self._api = account.api
        self._clock = account.clock
        self._holder = secrets.token_hex(16)
        self._called = threading.Event()
        self._stopping = threading.Event()
        self._token: tuple[str, datetime] | None = None
        self._seen_with_people: dict[str, datetime] = {}
        self._begin: Begin | None = None
        self._wake_outbox: Callable[[], None] = lambda: None
        self._thread: threading.Thread | None = None

    def start(self, *, begin: Begin, wake_outbox: Callable[[], None]) -> None:
        """Begin to fetch, with what came while nobody did."""
        self._begin, self._wake_outbox = begin, wake_outbox
        self._thread = threading.Thread(target=self._run, name=f"kf-{self._open_kfid[-6:]}", daemon=True)
        self._called.set()
        self._thread.start()

    def notify(self, token: str) -> None:
        """Something is there; the token lets it be fetched without limit for ten minutes."""
        if token:
            self._token = (token, self._clock() + _TOKEN_LIVES)
        self._called.set()

    def stop(self, *, within_seconds: float) -> None:
        """Fetch no further page. What was stored has its turns by whoever starts next."""
        self._stopping.set()
        self._called.set()
        if self._thread is not None:
            self._thread.join(within_seconds)

    def fetch(self, begin: Begin) -> int | None:
        """Fetch all that is there; returns how many messages were new, or None while another process fetches.

        Raises RetryLater, GiveUp or ConfigurationFault.
        """
        mine = {"account": self._account.id, "open_kfid": self._open_kfid, "holder": self._holder}
        cursor = self._store.write(
            lambda connection: cursors.take(connection, **mine, now=self._clock(), is_alone=self._store.embedded)
        )
        if cursor is None:
            return None
        try:
            return self._fetch_from(cursor, begin)
        finally:
            self._store.write(lambda connection: cursors.release(connection, **mine))

    def _fetch_from(self, cursor: str, begin: Begin) -> int:
        count, before = 0, list[Begun]()
        while not self._stopping.is_set():
            page = self._api.sync(self._open_kfid, cursor=cursor, token=self._good_token())
            read = [self._read(line) for line in page.lines]
            found = [item for item in read if item is not None]
            if len(found) < len(read):
                log.warning("items not understood", account=self._account.id, count=len(read) - len(found))
            looked = self._looked_at(found, is_last_page=not page.has_more)
            if found or page.cursor != cursor:
                taken = Fetched(
                    account=self._account.id,
                    open_kfid=self._open_kfid,
                    holder=self._holder,
                    cursor=cursor,
                    following=page.cursor,
                    items=found,
                    looked=looked,
                )
                messages = self._stored(taken)
                # No more than two pages of turns wait in memory.
                for begun in before:
                    begun.wait(_TURNS_SECONDS)
                before = [begin(message) for message in messages]
                count += len(messages)
                self._wake_outbox()
            if not page.has_more:
                break
            if page.cursor == cursor:
                raise RetryLater("the platform says that there is more, and goes no further")
            cursor = page.cursor
        return count

    def _stored(self, fetched: Fetched) -> list[Inbound]:
        """Store a page: whole, or where something in it stops it, one item after the other without what does."""
        page = partial(self._taking.page, fetched=fetched, now=self._clock())
        try:
            return self._store.write(page)
        except (AssistantError, OperationalError):
            raise
        except Exception as error:
            log.error("page taken one by one", account=self._account.id, exc_info=error)
            return self._store.write(partial(page, one_by_one=True))

    def _read(self, line: object) -> Item | None:
        of = {"account": self._account.id, "open_kfid": self._open_kfid}
        return items.read(line, **of, open_kfids=self._account.open_kfids)

    def _looked_at(self, found: list[Item], *, is_last_page: bool) -> dict[str, Looked]:
        """Ask for the sessions that begin with this page, and for those that may have left people's hands unheard.

        Who cannot be asked about now is when they are answered, or when they write again.
        """
        now = self._clock()
        seen = self._seen_with_people = {
            one: at for one, at in self._seen_with_people.items() if now - at < _LOOKS_AGAIN
        }
        with self._store.reading() as connection:
            chosen = sessions_to_look_at(
                connection, self._store.keys, found, limit=_LOOKED_AT, is_last_page=is_last_page, seen_with_people=seen
            )
        looked: dict[str, Looked] = {}
        for contact, before in chosen.items():
            customer, open_kfid = self._account.customer_of(contact)
            try:
                state, servicer = self._api.state(customer=customer, open_kfid=open_kfid)
            except (RetryLater, GiveUp):
                continue
            looked[contact] = Looked(state=state, servicer=servicer, before=before)
            if state in WITH_PEOPLE:
                seen[contact] = now
        return looked

    def _good_token(self) -> str:
        token = self._token
        return token[0] if token is not None and token[1] > self._clock() else ""

    def _run(self) -> None:
        wait_seconds, failures = 0.0, 0
        while not self._stopping.is_set():
            # After a failure nobody's call shortens the wait: a platform in trouble is not asked more often.
            (self._stopping if failures else self._called).wait(wait_seconds)
            self._called.clear()
            if self._stopping.is_set() or self._begin is None:
                return
            try:
                wait_seconds = _UNCALLED_SECONDS if self.fetch(self._begin) is not None else _BUSY_SECONDS
                failures = 0
            except Exception as fault:
                failures += 1
                wait_seconds = self._failed(fault, failures)

    def _failed(self, fault: Exception, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        if isinstance(fault, ConfigurationFault):
            log.error("fetching needs configuration", account=self._account.id, reason=str(fault))
            return _CONFIGURATION_SECONDS
        if isinstance(fault, GiveUp) and fault.code == _BAD_TOKEN and self._token is not None:
            self._token = None
            return 0.0
        if isinstance(fault, GiveUp) and failures >= _REFUSED_OFTEN:
            self._start_anew()
        if not isinstance(fault, AssistantError):
            log.error("fetching failed", account=self._account.id, exc_info=fault)
        elif failures == _REFUSED_OFTEN:
            log.warning("fetching fails", account=self._account.id, reason=str(fault), code=fault.code)
        asked = fault.wait_seconds if isinstance(fault, RetryLater) else None
        ceiling = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2.0 ** min(failures, 10))
        return asked or random.uniform(ceiling / 2, ceiling)  # noqa: S311 - spreads processes, no secret

    def _start_anew(self) -> None:
        log.error("the platform refuses the cursor: fetching starts anew", account=self._account.id)
        mine = {"account": self._account.id, "open_kfid": self._open_kfid}
        try:
            self._store.write(lambda connection: cursors.start_anew(connection, **mine))
        except RetryLater:
            return
