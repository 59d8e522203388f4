"""One round of reminding at a given time: what is over expires, what is due is looked at again and sent on its way.

The ways, tried in turn: a message while the person's window is open, a template message, an SMS, a call by a person.
Everything that can be decided in the database is one transaction; a worker that dies leaves its claims to the lease.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, bindparam, select

from bot.errors import AssistantError, GiveUp, RetryLater
from bot.keys import Unreadable
from bot.messages import Owner
from bot.store import outbox, reports
from bot.store.people import person_of
from bot.store.prepared import Prepared
from bot.store.schema import conversations
from bot.store.store import Store
from care import call_tasks, reminder_controls
from care import reminder_ends as ends
from care import reminders as rows
from care.quiet_hours import is_quiet, next_allowed, quiet_from
from care.reminder_ends import End
from care.reminders import Planned, Reminder
from care.tables import call_tasks as calls_table
from handlers.reaching import conversations_of
from handlers.reminder_allowances import has_consented, phone_of, window
from handlers.reminder_brake import Brake
from handlers.reminder_facts import Facts, PlanningHouse
from handlers.reminder_kind import ReminderKind, Words, sentence
from handlers.reminder_ways import NOTICES, External, Ways
from handlers.replanning import facts_of, kinds

log = structlog.get_logger()

AT_ONCE = 20  # one transaction's: SQLite's one writer is free for people's messages again soon
_LOOK_AGAIN, _IN_A_MOMENT = timedelta(minutes=15), timedelta(seconds=20)
_SENDERS = 4
_MESSAGE, _NOTICE, _SMS, _CALL = range(4)
_NEXT_RUNG = {"message": _NOTICE, "template": _SMS, "notice": _SMS, "sms": _CALL}

_OWNER = Prepared(
    lambda _: (
        select(conversations.c.owner).where(conversations.c.id == bindparam("of_id")).with_for_update(skip_locked=True)
    )
)


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How sending one outside the database went: the platform's number of it, or what it raised."""

    one: External
    provider_id: str | None = None
    fault: AssistantError | None = None


@dataclass
class Rounds:
    """Does rounds for one process. `ways` sends what doesn't go through the outbox."""

    store: Store
    house: PlanningHouse
    ways: Ways
    brake: Brake = field(default_factory=Brake)

    def has_due(self, now: datetime) -> bool:
        """Whether a round would do anything. Reads only."""
        with self.store.reading() as connection:
            return rows.has_due(connection, now=now) or ends.has_ended(connection, now=now)

    def once(self, now: datetime, *, limit: int = AT_ONCE) -> Counter[str]:
        """Do one round over at most `limit` reminders; returns what became of how many. Raises RetryLater."""
        done, sending = self.store.write(lambda connection: self._round(connection, now, limit))
        if sending:
            with ThreadPoolExecutor(_SENDERS, thread_name_prefix="reminder") as senders:
                tried = list(senders.map(self._sent, sending))
            done += self.store.write(lambda connection: self._noted(connection, tried, now))
        if self.brake.has_to_stop():
            self.store.write(lambda connection: reminder_controls.pause(connection, until=now + self.brake.pause))
        return +done

    def _round(self, connection: Connection, now: datetime, limit: int) -> tuple[Counter[str], list[External]]:
        done = self._swept(connection, now)
        claimed = self._claimed(connection, now, limit)
        taken, sending = self._taken(connection, claimed, now)
        return done + taken, sending

    def until_done(self, now: datetime) -> Counter[str]:
        """Do rounds until nothing is due at `now` any more."""
        done: Counter[str] = Counter()
        while step := self.once(now):
            done += step
        return done

    def _swept(self, connection: Connection, now: datetime) -> Counter[str]:
        found = ends.ended(connection, now=now)
        done = Counter(released=rows.release_expired(connection, now=now))
        done["delivered"] = ends.arrived(connection, [end.id for end in found if end.reason is None], now=now)
        done["fell_through"] = sum(self._fell_through(connection, end, now) for end in found if end.reason is not None)
        read = [end.report for end in found if end.report is not None]
        if read:
            reports.drop(connection, read, now=now)
        for end in found:
            self.brake.saw(failed=end.is_common)
        done["expired"] = rows.expire(connection, now=now)
        return +done

    def _fell_through(self, connection: Connection, end: End, now: datetime) -> bool:
        """What was dropped on its way (a person took over, its hours were over) is tried again; what failed takes the
        next way."""
        again = end.way == "message" and end.reason == "dropped"
        rung, due_at = (_MESSAGE, now + _LOOK_AGAIN) if again else (_NEXT_RUNG[end.way], now)
        reason = f"{end.way}: {end.reason}"
        return ends.fell_through(connection, end.id, due_at=due_at, rung=rung, reason=reason)

    def _claimed(self, connection: Connection, now: datetime, limit: int) -> list[Reminder]:
        if reminder_controls.paused_until(connection, now=now) is not None:
            return []
        return rows.claim_due(connection, now=now, limit=limit, claim_token=secrets.token_hex(16))

    def _taken(
        self, connection: Connection, claimed: Sequence[Reminder], now: datetime
    ) -> tuple[Counter[str], list[External]]:
        known: dict[str, Facts | None] = {}
        done: Counter[str] = Counter()
        sending: list[External] = []
        for reminder in claimed:
            try:
                with connection.begin_nested():
                    if reminder.subject not in known:
                        known[reminder.subject] = facts_of(connection, self.house, reminder.subject, now=now)
                    ended = self._decided(connection, reminder, known[reminder.subject], now)
            except RetryLater:
                raise
            except Exception as error:  # one broken kind holds up no other reminder
                log.error("reminder failed", reminder=reminder.id, kind=reminder.kind, exc_info=error)
                rows.put_off(connection, reminder, now + timedelta(hours=1), reason="failed")
                ended = "failed"
            if isinstance(ended, External):
                sending.append(ended)
            else:
                done[ended] += 1
        return done, sending

    def _decided(
        self, connection: Connection, reminder: Reminder, facts: Facts | None, now: datetime
    ) -> str | External:
        """Look again whether it is wanted, allowed and possible now, and do what is done in the database."""
        kind = kinds().get(reminder.kind)
        planned = _planned_again(kind, facts, reminder)
        if kind is None or facts is None or planned is None:
            rows.settle(connection, reminder, "dropped", now=now, reason="not wanted any more")
            return "dropped"
        if planned.calls:  # of a case somebody calls who has work to do; of a child only who wants to hear of it
            refused = None if planned.is_work else _refused(connection, reminder, kind, now)
            return refused or self._call(connection, reminder, planned, now)
        if is_quiet(now):
            rows.put_off(connection, reminder, next_allowed(now, seed=str(reminder.id)), reason="quiet hours")
            return "put_off"
        refused = _refused(connection, reminder, kind, now)
        if refused is not None:
            return refused
        places = conversations_of(connection, reminder.contact_id, reminder.conversation_id)
        found = [row.owner for one in places for row in _OWNER.rows(connection, {"of_id": one})]
        if len(found) < len(places):  # a turn is being taken: neither of the two waits for the other
            rows.put_off(connection, reminder, now + _IN_A_MOMENT, reason="a turn is being taken")
            return "put_off"
        if Owner.HUMAN in found:
            rows.put_off(connection, reminder, now + _LOOK_AGAIN, reason="a person has the conversation")
            return "put_off"
        words = kind.compose(facts, planned)
        return self._on_its_way(connection, reminder, kind, facts, planned, words, places, now)

    def _on_its_way(
        self, connection: Connection, reminder: Reminder, kind: ReminderKind, facts: Facts, planned: Planned,
        words: Words, places: Sequence[int], now: datetime,
    ) -> str | External:  # fmt: skip
        """Take the first way that is open; each way is looked for in all of the person's channels before the next."""
        for place in places if reminder.rung <= _MESSAGE else ():
            there = replace(reminder, conversation_id=place)
            closes_at = window(connection, there, kind, now, windowless=self.ways.windowless)
            if closes_at is not None:
                return self._message(connection, there, words, now, closes_at)
        try:
            person, *others = [person_of(connection, self.store.keys, place) for place in places]
        except Unreadable:
            rows.settle(connection, reminder, "dropped", now=now, reason="the person was deleted")
            return "dropped"
        for one in (person, *others) if reminder.rung <= _NOTICE else ():
            notice = self.ways.notice(connection, one, reminder, words)
            if notice is not None:
                return notice
        phone = phone_of(connection, self.house, facts)
        if reminder.rung <= _SMS and phone and self.ways.sms is not None:
            return External(reminder=reminder, way="sms", phone=phone, words=words, person=person)
        return self._call(connection, reminder, planned, now, unreached=True)

    def _message(
        self, connection: Connection, reminder: Reminder, words: Words, now: datetime, closes_at: datetime
    ) -> str:
        key = f"{reminder.way_key}-{reminder.tries + 1}"
        outbox.add(
            connection,
            self.store.keys,
            conversation_id=reminder.conversation_id,
            kind="reminder",
            text=f"{words.text}\n\n{sentence('footer')}",
            key=key,
            now=now,
            # A platform that is away for hours must not make it ring at night, or late.
            expires_at=min(reminder.until_at, quiet_from(now), closes_at),
        )
        ends.hand_on(connection, reminder, "message", provider_id=key, now=now)
        return "messages"

    def _call(
        self, connection: Connection, reminder: Reminder, planned: Planned, now: datetime, *, unreached: bool = False
    ) -> str:
        """Note a call; somebody who isn't reached time after time gets one call, not one for each reminder."""
        open_one = (
            calls_table.c.subject == reminder.subject,
            calls_table.c.kind == reminder.kind,
            calls_table.c.done_at.is_(None),
        )
        is_waiting = unreached and connection.execute(select(calls_table.c.id).where(*open_one)).first() is not None
        if not is_waiting:
            call_tasks.add(
                connection, self.store.keys, kind=reminder.kind, subject=reminder.subject,
                contact_id=reminder.contact_id, due_at=reminder.until_at, now=now, occurrence=reminder.occurrence,
                detail={"about": str(planned.detail.get("about", "")), "unreached": unreached},
            )  # fmt: skip
        rows.settle(connection, reminder, "called", now=now, reason="not reached" if unreached else None)
        return "calls"

    def _sent(self, one: External) -> Tried:
        """Send outside the database."""
        try:
            return Tried(one=one, provider_id=self.ways.send(one))
        except AssistantError as fault:
            return Tried(one=one, fault=fault)

    def _noted(self, connection: Connection, tried: Sequence[Tried], now: datetime) -> Counter[str]:
        """Note how sending outside the database ended. Who dies before this sends again, under the same key."""
        return Counter(self._ended(connection, each.one, each.provider_id, each.fault, now) for each in tried)

    def _ended(
        self, connection: Connection, one: External, provider_id: str | None, fault: AssistantError | None,
        now: datetime,
    ) -> str:  # fmt: skip
        # That this person will not take it says nothing about all the others.
        self.brake.saw(failed=fault is not None and not isinstance(fault, GiveUp))
        if fault is None:
            if ends.hand_on(connection, one.reminder, one.way, provider_id=provider_id, now=now):
                self.ways.spent(connection, one)
            return NOTICES.get(one.way, one.way)
        if isinstance(fault, RetryLater):
            wait = timedelta(seconds=fault.wait_seconds or 300)
            rows.put_off(connection, one.reminder, now + wait, reason="busy")
            return "put_off"
        log.warning("reminder not taken", reminder=one.reminder.id, way=one.way, code=fault.code)
        self.ways.refused(connection, one, fault)
        rows.put_off(connection, one.reminder, now, rung=_NEXT_RUNG[one.way], reason=f"{one.way} refused")
        return "fell_through"


def _refused(connection: Connection, reminder: Reminder, kind: ReminderKind, now: datetime) -> str | None:
    """End what the person opted out of, or has not agreed to; None where neither stands against it."""
    if rows.has_opted_out(connection, contact_id=reminder.contact_id, kind=reminder.kind):
        rows.settle(connection, reminder, "opted_out", now=now)
        return "opted_out"
    if not has_consented(connection, reminder, kind):
        rows.settle(connection, reminder, "dropped", now=now, reason="no consent")
        return "dropped"
    return None


def _planned_again(kind: ReminderKind | None, facts: Facts | None, reminder: Reminder) -> Planned | None:
    if kind is None or facts is None:
        return None
    key = (reminder.occurrence.removesuffix(rows.LATER), reminder.contact_id)
    again = next((one for one in kind.plan(facts) if one.kind == reminder.kind and one.key == key), None)
    return again if again is not None and kind.still_wanted(facts, again) else None
