"""What is done for people outside their turns: fetch the papers they sent, make their copies, clear away what is over.

Runs in the worker every few seconds; every step may be done by several processes at once without harm.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.clock import Clock
from bot.keys import Unreadable
from bot.messages import Owner
from bot.sealed_files import SealedFiles
from bot.store import outbox
from bot.store.conversations import owner_of
from bot.store.people import conversation_of
from bot.store.store import Store
from care import errands, hand_overs, media, notes, personal_export, promises
from care.clearing import clear_away, delete_files
from care.errands import Errand
from care.fetching import Fetch, Fetched, fetch_wanted
from handlers.assigning import Rota
from handlers.reminder_ticks import Ticker
from handlers.staff_cards import StaffCards
from handlers.unionids import Unionids
from handlers.wording import has, say

log = structlog.get_logger()

_HOURLY = timedelta(hours=1)


class Chores:
    """The rounds of one process."""

    def __init__(
        self,
        *,
        store: Store,
        papers: SealedFiles,
        copies: SealedFiles,
        fetch: Fetch,
        public_url: str,
        clock: Clock,
        wake_outbox: Callable[[], None] = lambda: None,
        reminding: Ticker | None = None,
        cards: StaffCards | None = None,
        rota: Rota | None = None,
        unionids: Unionids | None = None,
    ) -> None:
        """`public_url` is what links in messages begin with. `reminding` looks after reminders, where they are on,
        `cards` tells the staff, where they have addresses; `rota` assigns who waits for a person, `unionids` asks
        the platforms who is one person."""
        self._rota = rota
        self._unionids = unionids
        self._reminding = reminding
        self._cards = cards
        self._store = store
        self._papers = papers
        self._copies = copies
        self._fetch = fetch
        self._public_url = public_url
        self._clock = clock
        self._wake_outbox = wake_outbox
        self._cleared_at: datetime | None = None

    def run(self) -> None:
        """Do one round. Raises RetryLater while the database is away."""
        now = self._clock()
        if self._rota is not None:
            self._rota.tick(now)
        if self._cards is not None:
            self._cards.tell(now)
        refused = [ended for ended in fetch_wanted(self._store, self._papers, self._fetch, now=now) if ended.reason]
        if refused:
            self._store.write(lambda connection: self._tell_refused(connection, refused, now))
            self._wake_outbox()
        while (errand := self._store.write(lambda connection: errands.claim(connection, now=now))) is not None:
            self._do(errand, now)
        for overdue in self._store.write(lambda connection: promises.missed(connection, now)):
            log.warning("promise missed", case=overdue.number, promise=overdue.deadline.promise)
        if self._cleared_at is None or now - self._cleared_at >= _HOURLY:
            clear_away(self._store, papers=self._papers, copies=self._copies, now=now)
            self._cleared_at = now
        delete_files(self._store, papers=self._papers, copies=self._copies, now=now)
        if self._reminding is not None and self._reminding.tick(now):
            self._wake_outbox()
        if self._unionids is not None:
            self._unionids.tick(now)

    def _tell_refused(self, connection: Connection, refused: list[Fetched], now: datetime) -> None:
        """Tell each person once why files were not kept: messages that nobody asked for are counted by the platform."""
        told: dict[tuple[int, str], int] = {}
        for ended in refused:
            paper = media.material(connection, ended.id)
            conversation = conversation_of(connection, paper.contact_id) if paper else None
            if conversation is not None:
                sentence = f"paper_{ended.reason}"
                told.setdefault((conversation, sentence if has(sentence) else "paper_refused"), ended.id)
        for (conversation, sentence), id in told.items():
            if owner_of(connection, conversation) is Owner.HUMAN:
                self._note(connection, conversation, say(sentence), key=f"paper-{id}", now=now)
            else:
                self._add(connection, conversation, say(sentence), key=f"paper-{id}", now=now)

    def _note(self, connection: Connection, conversation_id: int, text: str, *, key: str, now: datetime) -> None:
        """Tell who has the conversation what the bot would have told the person."""
        keys, actor = self._store.keys, hand_overs.ASSISTANT
        notes.add(connection, keys, conversation_id=conversation_id, actor=actor, text=text, key=key, now=now)

    def _do(self, errand: Errand, now: datetime) -> None:
        try:
            export = personal_export.make_export(
                self._store, copies=self._copies, papers=self._papers, contact_id=errand.contact_id, now=now
            )
        except Unreadable:  # deleted since
            self._store.write(lambda connection: errands.done(connection, errand))
            return
        link = f"{self._public_url}/exports/{personal_export.token_of(self._store.keys, export)}"

        def finish(connection: Connection) -> None:
            # Not the errand's number: SQLite gives it again, and a second copy's link would count as sent.
            text = say("export_ready", link=link)
            self._add(connection, errand.conversation_id, text, key=f"export-{export.file}", now=now)
            errands.done(connection, errand)

        self._store.write(finish)
        self._wake_outbox()

    def _add(self, connection: Connection, conversation_id: int, text: str, *, key: str, now: datetime) -> None:
        outbox.add(
            connection, self._store.keys, conversation_id=conversation_id, kind="notice", text=text, key=key, now=now
        )
