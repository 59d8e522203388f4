"""One round of reminding at a given time: what is over expires, what is due is looked at again and sent on its way.

The ways, tried in turn: a message while the person's window is open, a template message, an SMS, a call by a person.
Everything that can be decided in the database is one transaction; a worker that dies leaves its claims to the lease.
"""

import secrets
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, String, cast, literal, select

from bot.errors import AssistantError, RetryLater
from bot.keys import Unreadable
from bot.messages import Owner
from bot.store import outbox, quota
from bot.store.people import person_of
from bot.store.schema import conversations
from bot.store.schema import outbox as outbox_table
from bot.store.store import Store
from care import call_tasks, consents, reminder_controls
from care import reminders as rows
from care.consents import ConsentKind
from care.policies import by_id
from care.quiet_hours import is_quiet, next_allowed
from care.reminders import Planned, Reminder
from care.tables import call_tasks as calls_table
from care.tables import reminders as reminders_table
from handlers.reminder_facts import CaseFacts, Facts, PlanningHouse, PolicyFacts
from handlers.reminder_kind import ReminderKind, Words, sentence
from handlers.reminder_ways import External, Ways
from handlers.replanning import facts_of, kinds

log = structlog.get_logger()

AT_ONCE = 50
_WINDOW = timedelta(hours=48)
_QUOTA, _KEPT_BACK = 5, 1  # one is kept for handing over and for what is urgent
_LOOK_AGAIN = timedelta(minutes=15)
_TELLS_LATER = timedelta(hours=1)  # a template message of which nothing bad was heard by then arrived
_MESSAGE, _TEMPLATE, _SMS, _CALL = range(4)
_JUDGED, _FEWEST, _BAD_SHARE = 100, 20, 0.3
_PAUSE = timedelta(minutes=15)


@dataclass
class Rounds:
    """Does rounds for one process. `ways` sends what doesn't go through the outbox."""

    store: Store
    house: PlanningHouse
    ways: Ways
    _ended: deque[bool] = field(default_factory=lambda: deque(maxlen=_JUDGED))

    def has_due(self, now: datetime) -> bool:
        """Whether a round would do anything. Reads only."""
        with self.store.reading() as connection:
            return rows.has_due(connection, now=now)

    def once(self, now: datetime, *, limit: int = AT_ONCE) -> Counter[str]:
        """Do one round over at most `limit` reminders; returns what became of how many. Raises RetryLater."""
        done: Counter[str] = Counter()
        done += self.store.write(lambda connection: self._swept(connection, now))
        token = secrets.token_hex(16)
        claimed = self.store.write(lambda connection: self._claimed(connection, now, limit, token))
        if claimed:
            taken, sending = self.store.write(lambda connection: self._taken(connection, claimed, now))
            done += taken
            for one in sending:
                done[self._sent(one, now)] += 1
        return +done

    def until_done(self, now: datetime) -> Counter[str]:
        """Do rounds until nothing is due at `now` any more."""
        done: Counter[str] = Counter()
        while step := self.once(now):
            done += step
        return done

    def _swept(self, connection: Connection, now: datetime) -> Counter[str]:
        released = rows.release_expired(connection, now=now)
        delivered, fallen = self._settled(connection, now)
        expired = rows.expire(connection, now=now)
        return Counter(released=released, delivered=delivered, fell_through=fallen, expired=expired)

    def _settled(self, connection: Connection, now: datetime) -> tuple[int, int]:
        """Learn how what was handed on ended: delivered, or the next way is due."""
        table = reminders_table
        key = literal("reminder-") + cast(table.c.id, String) + literal("-") + cast(table.c.tries, String)
        ended = (
            select(table.c.id, outbox_table.c.state)
            .join(outbox_table, outbox_table.c.idempotency_key == key)
            .where(table.c.state == "handed", table.c.way == "message")
            .where(outbox_table.c.state.in_(("sent", "dead", "dropped")))
            .limit(500)
        )
        found = connection.execute(ended).all()
        quiet_enough = (table.c.state == "handed", table.c.way != "message", table.c.settled_at <= now - _TELLS_LATER)
        later = list(connection.scalars(select(table.c.id).where(*quiet_enough).limit(500)))
        arrived = [row.id for row in found if row.state == "sent"] + later
        if arrived:
            rows.arrived(connection, arrived, now=now)
        for row in found:
            if row.state != "sent":
                # What was dropped because a person took over is tried again; what died takes the next way.
                rung, due_at = (_TEMPLATE, now) if row.state == "dead" else (_MESSAGE, now + _LOOK_AGAIN)
                rows.fell_through(connection, row.id, due_at=due_at, rung=rung, reason=f"message {row.state}")
                self._ended.append(row.state != "dead")
        self._ended.extend([True] * len(arrived))
        return len(arrived), len(found) - (len(arrived) - len(later))

    def _claimed(self, connection: Connection, now: datetime, limit: int, token: str) -> list[Reminder]:
        if reminder_controls.paused_until(connection, now=now) is not None:
            return []
        return rows.claim_due(connection, now=now, limit=limit, claim_token=token)

    def _taken(
        self, connection: Connection, claimed: Sequence[Reminder], now: datetime
    ) -> tuple[Counter[str], list[External]]:
        known: dict[str, Facts | None] = {}
        done: Counter[str] = Counter()
        sending: list[External] = []
        for reminder in claimed:
            if not rows.is_held(connection, reminder):
                continue
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
        if planned.calls:
            return self._call(connection, reminder, planned, now)
        if is_quiet(now):
            rows.put_off(connection, reminder, next_allowed(now, seed=str(reminder.id)), reason="quiet hours")
            return "put_off"
        if rows.has_opted_out(connection, contact_id=reminder.contact_id, kind=reminder.kind):
            rows.settle(connection, reminder, "opted_out", now=now)
            return "opted_out"
        if not _has_consented(connection, reminder, kind):
            rows.settle(connection, reminder, "dropped", now=now, reason="no consent")
            return "dropped"
        owner = connection.scalar(
            select(conversations.c.owner).where(conversations.c.id == reminder.conversation_id).with_for_update()
        )
        if owner == Owner.HUMAN:
            rows.put_off(connection, reminder, now + _LOOK_AGAIN, reason="a person has the conversation")
            return "put_off"
        words = kind.compose(facts, planned)
        return self._on_its_way(connection, reminder, kind, facts, planned, words, now)

    def _on_its_way(
        self, connection: Connection, reminder: Reminder, kind: ReminderKind, facts: Facts, planned: Planned,
        words: Words, now: datetime,
    ) -> str | External:  # fmt: skip
        if reminder.rung <= _MESSAGE and _window_is_open(connection, reminder, kind, now):
            return self._message(connection, reminder, words, now)
        try:
            person = person_of(connection, self.store.keys, reminder.conversation_id)
        except Unreadable:
            rows.settle(connection, reminder, "dropped", now=now, reason="the person was deleted")
            return "dropped"
        if reminder.rung <= _TEMPLATE:
            template = self.ways.template(connection, person, reminder, words, now=now)
            if template is not None:
                return template
        phone = _phone(connection, self.house, facts)
        if reminder.rung <= _SMS and phone and self.ways.sms is not None:
            return External(reminder=reminder, rung=_SMS, phone=phone, words=words, person=person)
        return self._call(connection, reminder, planned, now, unreached=True)

    def _message(self, connection: Connection, reminder: Reminder, words: Words, now: datetime) -> str:
        outbox.add(
            connection,
            self.store.keys,
            conversation_id=reminder.conversation_id,
            kind="reminder",
            text=f"{words.text}\n\n{sentence('footer')}",
            key=f"reminder-{reminder.id}-{reminder.tries + 1}",
            now=now,
        )
        rows.hand_on(connection, reminder, "message", now=now)
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

    def _sent(self, one: External, now: datetime) -> str:
        """Send outside the database, and note how it ended."""
        reminder = one.reminder
        try:
            provider_id = self.ways.send(one)
        except RetryLater as fault:
            self._judge(False, now)
            wait = timedelta(seconds=fault.wait_seconds or 300)
            self.store.write(lambda connection: rows.put_off(connection, reminder, now + wait, reason="busy"))
            return "put_off"
        except AssistantError as fault:
            log.warning("reminder not taken", reminder=reminder.id, rung=one.rung, code=fault.code)
            self._judge(False, now)
            self.store.write(
                lambda connection: rows.put_off(connection, reminder, now, rung=one.rung + 1, reason="refused")
            )
            return "fell_through"
        self._judge(True, now)
        way = "template" if one.rung == _TEMPLATE else "sms"
        self.store.write(lambda connection: rows.hand_on(connection, reminder, way, provider_id=provider_id, now=now))
        return f"{way}s" if way == "template" else "sms"

    def _judge(self, succeeded: bool, now: datetime) -> None:
        """Pause all reminding when too much fails: something is wrong that people should look at first."""
        self._ended.append(succeeded)
        failed = self._ended.count(False)
        if len(self._ended) >= _FEWEST and failed > _BAD_SHARE * len(self._ended):
            log.error("reminders paused", failed=failed, of=len(self._ended))
            self.store.write(lambda connection: reminder_controls.pause(connection, until=now + _PAUSE))
            self._ended.clear()


def _planned_again(kind: ReminderKind | None, facts: Facts | None, reminder: Reminder) -> Planned | None:
    if kind is None or facts is None:
        return None
    key = (reminder.occurrence.removesuffix(rows.LATER), reminder.contact_id)
    again = next((one for one in kind.plan(facts) if one.kind == reminder.kind and one.key == key), None)
    return again if again is not None and kind.still_wanted(facts, again) else None


def _has_consented(connection: Connection, reminder: Reminder, kind: ReminderKind) -> bool:
    """Personal data may be used; a child's too, unless the guardian took that back."""
    standing = consents.standing(connection, reminder.contact_id)
    if ConsentKind.PERSONAL not in standing:
        return False
    if kind.about != "child" or ConsentKind.GUARDIAN in standing:
        return True
    return all(one.kind is not ConsentKind.GUARDIAN for one in consents.history(connection, reminder.contact_id))


def _window_is_open(connection: Connection, reminder: Reminder, kind: ReminderKind, now: datetime) -> bool:
    wrote_at = quota.last_message_at(connection, reminder.conversation_id)
    if wrote_at is None or now - wrote_at >= _WINDOW:
        return False
    used = quota.sent_since(connection, reminder.conversation_id, min(wrote_at, now))
    return used < _QUOTA - (0 if kind.urgent else _KEPT_BACK)


def _phone(connection: Connection, house: PlanningHouse, facts: Facts) -> str:
    """Return where an SMS goes: the number given with the application, else the policyholder's."""
    if isinstance(facts, CaseFacts):
        return str(facts.case.answers.get("phone", ""))
    policy_id = facts.policy.id if isinstance(facts, PolicyFacts) else getattr(facts, "policy_id", None)
    policy = by_id(connection, house.keys, policy_id) if policy_id is not None else None
    return policy.holder_phone if policy else ""
