"""Asks the platforms by which unionid they know a contact, in the background: one person is one in all channels.

Asked for are who wrote lately, and, where the platform speaks of everybody, whoever was never asked for. Several
processes may do it at once: what one has noted is asked for by no other again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.store.people import platform_ids
from bot.store.store import Store
from bot.unionids import MOST_AT_ONCE
from care import unionids
from handlers.reminder_facts import PlanningHouse
from handlers.replanning import replan_person

log = structlog.get_logger()

Ask = Callable[[Sequence[str]], Mapping[str, str]]  # as bot.unionids.TellsUnionids

_LATELY = timedelta(hours=48)  # so far back WeCom speaks of a customer
_OVERLAP = timedelta(minutes=1)  # a turn may commit later than the time that it carries
_PAUSE = timedelta(minutes=1)
_LONG_PAUSE = timedelta(days=1)  # the account lacks a permission, or is bound to nothing: nobody changes it by the hour


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


class Unionids:
    """The rounds of one process: each asks once an account, for at most 100 people."""

    def __init__(self, *, store: Store, house: PlanningHouse, sources: Iterable[Source]) -> None:
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
            log.warning("nobody has a unionid: the account is bound to no open platform", account=account)
            place.paused_until = now + _LONG_PAUSE
            return False
        self._note(account, {contact: told.get(name, "") for contact, name in names.items()}, now)
        return True

    def _has_told_any(self, account: str) -> bool:
        with self._store.reading() as connection:
            return unionids.has_any(connection, account)

    def _note(self, account: str, told: Mapping[int, str], now: datetime) -> None:
        without = [contact for contact, unionid in told.items() if not unionid]
        self._store.write(lambda connection: unionids.note_none(connection, without, now=now))
        joined = 0
        for contact, unionid in told.items():
            if unionid:
                joined += self._store.write(partial(self._noted, contact_id=contact, unionid=unionid, now=now))
        log.info("unionids asked for", account=account, asked=len(told), without=len(without), joined=joined)

    def _noted(self, connection: Connection, *, contact_id: int, unionid: str, now: datetime) -> bool:
        is_joined = unionids.note(connection, self._store.keys, contact_id, unionid, now=now)
        if is_joined:
            replan_person(connection, self._house, contact_id, now=now)  # each reminder of the person once
        return is_joined
