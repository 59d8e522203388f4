"""Asks the platforms by which unionid they know a contact, in the background: one person is one in all channels.

Asked for are who wrote lately, and, where the platform speaks of everybody, whoever was never asked for. Several
processes may do it at once: what one has noted is asked for by no other again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, select

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.messages import Owner
from bot.store import outbox, quota
from bot.store.conversations import owner_of
from bot.store.people import conversation_of, platform_ids
from bot.store.schema import conversations
from bot.store.store import Store
from bot.unionids import MOST_AT_ONCE
from care import bindings, joins, unionids
from handlers.channels import Channels
from handlers.reaching import conversations_of
from handlers.reminder_facts import PlanningHouse
from handlers.replanning import replan_person
from handlers.wording import say

log = structlog.get_logger()

Ask = Callable[[Sequence[str]], Mapping[str, str]]  # as bot.unionids.TellsUnionids

_LATELY = timedelta(hours=48)  # so far back WeCom speaks of a customer
_OVERLAP = timedelta(minutes=1)  # a turn may commit later than the time that it carries
_JUST_NOW = timedelta(minutes=10)  # who wrote within it is there to be told
_PAUSE = timedelta(minutes=1)
_LONG_PAUSE = timedelta(days=1)  # the account lacks a permission: nobody changes that by the hour
_UNBOUND_PAUSE = timedelta(minutes=10)  # nobody has a unionid: first so long, then twice as long each time, up to a day


@dataclass(frozen=True, kw_only=True)
class Source:
    """An account that is to be asked. `knows_everybody`: it speaks of people who have not written for long, too."""

    account: str
    ask: Ask
    knows_everybody: bool


@dataclass
class _Place:
    """How far an account was asked. `heard_since` and `after` are what is still to be looked at."""

    source: Source
    heard_since: datetime | None = None
    after: int | None = 0
    paused_until: datetime | None = None
    unbound_for: timedelta = timedelta(0)


class Unionids:
    """The rounds of one process: each asks once an account, for at most 100 people."""

    def __init__(
        self,
        *,
        store: Store,
        house: PlanningHouse,
        sources: Iterable[Source],
        channels: Channels | None = None,
        windowless: Collection[str] = (),
    ) -> None:
        """`channels` gives the accounts the names by which people are told of them; `windowless` are those that are
        always open: they are asked for no unionid, but who is joined may be writing in one of them."""
        self._channels = channels or Channels()
        self._windowless = windowless
        self._store = store
        self._house = house
        self._places = [_Place(one, after=0 if one.knows_everybody else None) for one in sources]

    def tick(self, now: datetime) -> None:
        """Do one round. Raises RetryLater while the database is away."""
        for place in self._places:
            if place.paused_until is None or place.paused_until <= now:
                self._round(place, now)

    def _round(self, place: _Place, now: datetime) -> None:
        since = place.heard_since or now - _LATELY
        account = place.source.account
        with self._store.reading() as connection:
            lately = unionids.heard_since(connection, account, since=since, now=now, limit=MOST_AT_ONCE)
            room = MOST_AT_ONCE - len(lately)
            others = (
                unionids.never_asked(connection, account, after=place.after, limit=room)
                if place.after is not None and room
                else []
            )
            names = platform_ids(connection, self._store.keys, [*lately, *others])
        if names and not self._asked(place, names, now):
            return
        if room:
            place.heard_since = now - _OVERLAP
        if room and place.after is not None:
            place.after = others[-1] if len(others) == room else None

    def _asked(self, place: _Place, names: Mapping[int, str], now: datetime) -> bool:
        """Ask for some contacts and note what was answered; False where they are to be asked for again later."""
        account = place.source.account
        try:
            told = place.source.ask(list(names.values()))
        except ConfigurationFault as fault:
            log.warning("unionids need configuration", account=account, code=fault.code, reason=str(fault))
            place.paused_until = now + _LONG_PAUSE
            return False
        except (RetryLater, GiveUp) as fault:
            wait = fault.wait_seconds if isinstance(fault, RetryLater) else None
            log.warning("unionids not told", account=account, code=fault.code)
            place.paused_until = now + max(_PAUSE, timedelta(seconds=wait or 0))
            return False
        if told and not any(told.values()) and not self._has_told_any(account):
            log.warning("nobody has a unionid: the account seems bound to no open platform", account=account)
            place.unbound_for = min(max(2 * place.unbound_for, _UNBOUND_PAUSE), _LONG_PAUSE)
            place.paused_until = now + place.unbound_for
            return False
        self._note(account, {contact: told.get(name, "") for contact, name in names.items()}, now)
        return True

    def _has_told_any(self, account: str) -> bool:
        with self._store.reading() as connection:
            return unionids.has_any(connection, account)

    def _note(self, account: str, told: Mapping[int, str], now: datetime) -> None:
        without = [contact for contact, unionid in told.items() if not unionid]
        self._store.write(lambda connection: unionids.note_none(connection, without, now=now))
        joined = [
            contact
            for contact, unionid in told.items()
            if unionid and self._store.write(partial(self._noted, contact_id=contact, unionid=unionid, now=now))
        ]
        for contact in joined:  # in transactions of their own: a join holds the audit trail, a message the conversation
            self._store.write(partial(self._tell, contact_id=contact, now=now))
        log.info("unionids asked for", account=account, asked=len(told), without=len(without), joined=len(joined))

    def _tell(self, connection: Connection, *, contact_id: int, now: datetime) -> None:
        """Tell who has just been joined where they are writing: nobody is joined behind their back, or woken by it."""
        here = conversation_of(connection, contact_id)
        if here is None or not bindings.of_contact(connection, contact_id):
            return
        for conversation in conversations_of(connection, contact_id, here):
            wrote_at = quota.last_message_at(connection, conversation)
            is_unlimited = self._account_of(connection, conversation) in self._windowless
            room = quota.room(connection, conversation, is_unlimited=is_unlimited, now=now)
            if wrote_at is None or now - wrote_at > _JUST_NOW or not room.is_open:
                continue
            if owner_of(connection, conversation) is not Owner.HUMAN:
                text = say("joined_by_unionid", where=self._elsewhere(connection, contact_id, conversation))
                key = f"unionid-{contact_id}-{now:%Y%m%d%H%M%S}"
                outbox.add(
                    connection, self._store.keys, conversation_id=conversation, kind="notice", text=text, key=key,
                    now=now, expires_at=now + _JUST_NOW,
                )  # fmt: skip
            return

    def _account_of(self, connection: Connection, conversation_id: int) -> str | None:
        return connection.scalar(select(conversations.c.account).where(conversations.c.id == conversation_id))

    def _elsewhere(self, connection: Connection, contact_id: int, conversation_id: int) -> str:
        everywhere = joins.contacts_of(connection, contact_id)
        query = select(conversations.c.account).where(conversations.c.contact_id.in_(everywhere))
        found = connection.scalars(query.where(conversations.c.id != conversation_id).order_by(conversations.c.id))
        return self._channels.named(found)

    def _noted(self, connection: Connection, *, contact_id: int, unionid: str, now: datetime) -> bool:
        is_joined = unionids.note(connection, self._store.keys, contact_id, unionid, now=now)
        if is_joined:
            replan_person(connection, self._house, contact_id, now=now)  # each reminder of the person once
        return is_joined
