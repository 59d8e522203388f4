"""The bot never speaks over a person, every message is stored once, nothing is lost: a state machine over messages,
files, reminders, take-overs, races, giving back, handing on, closing, time-outs, crashes; on both databases."""

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import Connection, delete, select

from bot.errors import RetryLater, UserFault
from bot.files import OutgoingFile
from bot.messages import Conversation, Inbound, Kind, Outcome, Owner, Reply, Turn
from bot.outbox import LEASE
from bot.sealed_files import SealedFiles
from bot.store import inbox, outbox
from bot.store.outbox import PEOPLE_SAY, Delivery
from bot.store.schema import outbox as outbox_table
from bot.store.store import Store
from care import hand_overs, notes
from care.every_table import metadata
from care.service_hours import ServiceHours
from care.staff import Member
from care.workdays import WorkCalendar
from handlers.assigning import Rota
from handlers.handling import Handling
from handlers.open_form import Resumed
from handlers.reception import Reception
from handlers.staff_files import StaffFiles
from intents.match import Match
from knowledge.library import Library, load
from tests.assistants import GROWTH
from tests.bot.workplace import Workplace
from tests.care import papers
from tests.clocks import FixedClock
from tests.fake_channel import FakeChannel
from tests.handlers.console_staff import hired, owner
from tests.handlers.test_reminders import HOSPITAL, Ward, china

DANGER = "危险"
TEXTS = ("你好", "人工", DANGER, "5", "住院垫付怎么办")
MANAGERS = ("lin", "wang")
# What the channel carries itself, and what it can only link to.
FILES = {"picture": papers.photo(), "document": papers.pdf()}
NO_FILE = b"MZ no picture and no PDF"


def desk(turn: Turn) -> Outcome:
    """Answer at once and once more through the outbox; 人工 and danger ask for a person."""
    text = turn.inbound.text
    replies = (Reply(text=f"答 {turn.inbound.key}"), Reply(text=f"又 {turn.inbound.key}"))
    reason = "handoff" if text == "人工" else "emergency" if text == DANGER else None
    return Outcome(replies=replies, state={"form": text}, hand_over=reason, page=text == DANGER)


class Alarms:
    """A router that knows one word."""

    def alarm(self, text: str, context: object) -> Match | None:
        return Match(decision="emergency", intent="emergency") if text == DANGER else None


class Forms:
    """A form that is always open and takes anything."""

    def of(self, conversation: Conversation, *, now: object) -> None:
        return None

    def filled(self, conversation: Conversation, slot: str, text: str, *, now: object) -> Mapping[str, Any]:
        return {**conversation.state, slot: text}

    def resumed(self, conversation: Conversation, *, now: object, step: str | None = None) -> Resumed:
        return Resumed(question="问" if step else "", state=conversation.state)

    def paused(self, conversation: Conversation, *, now: object) -> Mapping[str, Any]:
        return conversation.state


class Service(RuleBasedStateMachine):
    """One person, two managers and a supervisor; beside them a model of who has the conversation."""

    store: Store
    empty: Callable[[], None]
    library: Library
    folders: Callable[[], Path]

    def __init__(self) -> None:
        super().__init__()
        self.empty()
        self.clock = FixedClock(china("2026-11-23 10:00"))
        self.ward = Ward(self.store, self.clock, self.library)
        hours = ServiceHours(calendar=WorkCalendar.load())
        self.reception = Reception(desk=desk, router=Alarms(), hours=hours, keys=self.store.keys)
        self.rota = Rota(store=self.store, hours=hours)
        self.files = SealedFiles(self.folders(), self.store.keys)
        files = StaffFiles(folder=self.files, channel_of=self._channel, public_url="https://assistant.example")
        self.acts = Handling(store=self.store, forms=Forms(), files=files)
        self.keys = itertools.count()
        self.staff: dict[str, Member] = {}
        self.messages: dict[str, Inbound] = {}
        self.answers: dict[str, str | None] = {}
        self.owed: list[str] = []
        self.holder: str | None = None
        self.warned = False
        self.replies: list[str] = []
        self.sent_files = 0
        self.arrived: list[str] = []
        self.noted = 0
        self.claimed: list[Delivery] = []
        self.spoken_over: list[str] = []
        self.first = 1  # the message by which the person becomes known
        self._restart()

    @initialize()
    def opens(self) -> None:
        for name in MANAGERS:
            self.staff[name] = hired(self.store, self.clock, name)
        self.staff["boss"] = hired(self.store, self.clock, "boss", role="supervisor")
        # One whose last free change is told tomorrow at nine.
        answers = {"wished_on": "2026-11-25", "hospital": HOSPITAL}
        self.ward.opens(GROWTH, "public-hospital-appointment", answers)

    def _restart(self) -> None:
        """Start a new process: what the old one had in its hands is left to the leases."""
        old = self.ward.place
        old.turns.stop(within_seconds=10)
        fresh = Workplace(
            self.store, self.clock, self.reception.respond, while_human=self.reception.while_human, files=self.files
        )
        fresh.channel.sent, fresh.channel.keys = old.channel.sent, old.channel.keys
        send, send_file = fresh.channel.send, fresh.channel.send_file

        def watched(contact: str, text: str, *, key: str) -> None:
            kind = self._kind(key)
            is_the_line = kind == "reply" and "120" in text
            if owner(self.store) is Owner.HUMAN and kind not in PEOPLE_SAY and not is_the_line:
                self.spoken_over.append(text)
            send(contact, text, key=key)
            self.arrived += re.findall(r"管家 \d+", text)

        def watched_file(contact: str, file: OutgoingFile, *, key: str) -> None:
            if owner(self.store) is Owner.HUMAN and self._kind(key) not in PEOPLE_SAY:
                self.spoken_over.append(file.name)
            send_file(contact, file, key=key)
            self.arrived += re.findall(r"管家 \d+", file.name)

        fresh.channel.send, fresh.channel.send_file = watched, watched_file
        self.ward.place = fresh

    def _channel(self, _account: str) -> FakeChannel:
        return self.ward.place.channel

    def _kind(self, key: str) -> str:
        found = select(outbox_table.c.kind).where(outbox_table.c.idempotency_key == key)
        with self.store.reading() as connection:
            return str(connection.execute(found).scalar_one())

    def _message(self, text: str) -> Inbound:
        self.clock.move(seconds=1)
        key = f"m-{next(self.keys)}"
        made = Inbound(account="demo", contact="o-1", key=key, kind=Kind.TEXT, sent_at=self.clock(), text=text)
        self.messages[key] = made
        return made

    def _check(self, key: str, reply: str | None) -> None:
        """Look at what was said to a message: over a person nothing but the 120 line, once."""
        text = self.messages[key].text
        if self.holder is None:
            assert reply is not None
        elif text == DANGER and not self.warned:
            assert reply is None or "120" in reply  # None: it left through the outbox
            self.warned = True
        else:
            assert reply is None

    def _settle_owed(self) -> None:
        for key in self.owed:
            if self.holder is not None and self.messages[key].text == DANGER:
                self.warned = True
            self.answers[key] = None
        self.owed.clear()

    @rule(text=st.sampled_from(TEXTS))
    def the_person_writes(self, text: str) -> None:
        made = self._message(text)
        self._settle_owed()
        self.answers[made.key] = self.ward.place.turns.take(made).text
        self._check(made.key, self.answers[made.key])

    @rule(text=st.sampled_from(TEXTS))
    def a_turn_takes_too_long_and_its_process_dies(self, text: str) -> None:
        made = self._message(text)
        self.store.write(lambda connection: inbox.acknowledge(connection, self.store.keys, made, now=self.clock()))
        self.owed.append(made.key)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def the_platform_repeats(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.answers)))
        assert self.ward.place.turns.take(self.messages[key]).text == self.answers[key]

    @rule()
    def a_process_starts_and_takes_what_is_owed(self) -> None:
        self.ward.place.turns.resume(older_than_seconds=0)
        self._restart()  # waits for the turns begun
        self._settle_owed()
        self.claimed.clear()

    @rule(later=st.sampled_from([{"seconds": 5}, {"minutes": 16}, {"hours": 3}, {"hours": 23}, {"days": 2}]))
    def time_passes(self, later: Mapping[str, float]) -> None:
        self.clock.move(**later)

    @rule()
    def reminders_are_due(self) -> None:
        self.ward.rounds.once(self.clock())

    @rule()
    def the_rota_ticks(self) -> None:
        self.rota.tick(self.clock())

    @rule()
    def a_notice_is_made(self) -> None:
        key = f"notice-{next(self.keys)}"
        self.store.write(
            lambda connection: outbox.add(
                connection,
                self.store.keys,
                conversation_id=1,
                kind="notice",
                text="打包好了",
                key=key,
                now=self.clock(),
            )
        )

    @rule(limit=st.integers(1, 3))
    def the_worker_claims(self, limit: int) -> None:
        self.claimed += self.ward.place.outbox.claim(limit)

    @precondition(lambda self: self.claimed)
    @rule(failure=st.sampled_from([None, None, None, RetryLater("busy")]))
    def the_worker_sends(self, failure: Exception | None) -> None:
        self.ward.place.channel.failures = [] if failure is None else [failure]
        self.ward.place.outbox.deliver(self.claimed.pop(0))
        self.ward.place.channel.failures = []

    @rule()
    def the_worker_sends_everything(self) -> None:
        self.ward.place.outbox.deliver_due()

    @rule()
    def leases_end(self) -> None:
        self.claimed.clear()
        self.clock.move(seconds=LEASE.total_seconds())
        self.ward.place.outbox.release_expired()

    @rule(name=st.sampled_from(MANAGERS))
    def a_manager_takes(self, name: str) -> None:
        taken = self.acts.take(1, by=self.staff[name], now=self.clock())
        self._taken(name, taken.is_mine)

    @rule()
    def both_race(self) -> None:
        now = self.clock()
        both = self.ward.place.in_threads(
            *(lambda name=name: self.acts.take(1, by=self.staff[name], now=now) for name in MANAGERS)
        )
        assert {one.staff_id for one in both} == {both[0].staff_id}
        winners = [name for name, one in zip(MANAGERS, both, strict=True) if one.is_mine]
        assert winners == ([self.holder] if self.holder else winners)
        assert len(winners) <= 1
        if winners:
            self._taken(winners[0], True)

    def _taken(self, name: str, is_mine: bool) -> None:
        assert is_mine == (self.holder in (None, name))
        if self.holder is None:
            self.holder, self.warned = name, False

    @rule(name=st.sampled_from(MANAGERS), twice=st.booleans())
    def a_manager_answers(self, name: str, twice: bool) -> None:
        key, text = f"form-{next(self.keys)}", f"管家 {len(self.replies)}"
        for at in range(1 + twice):
            said = {"by": self.staff[name], "text": text, "request_key": key, "now": self.clock()}
            if self.holder != name:
                with pytest.raises(UserFault):
                    self.acts.reply(1, **said)
            else:
                assert self.acts.reply(1, **said) == (at == 0)
        if self.holder == name:
            self.replies.append(text)

    @rule(name=st.sampled_from(MANAGERS), kind=st.sampled_from(sorted(FILES)), twice=st.booleans())
    def a_manager_sends_a_file(self, name: str, kind: str, twice: bool) -> None:
        key, called = f"form-{next(self.keys)}", f"管家 {len(self.replies)}"
        for at in range(1 + twice):
            said = {"by": self.staff[name], "content": FILES[kind], "name": called, "request_key": key}
            if self.holder != name:
                with pytest.raises(UserFault):
                    self.acts.send_file(1, **said, now=self.clock())
            else:
                assert self.acts.send_file(1, **said, now=self.clock()) == (at == 0)
        if self.holder == name:
            self.replies.append(called)
            self.sent_files += 1

    @rule(name=st.sampled_from(MANAGERS))
    def a_manager_s_file_is_refused(self, name: str) -> None:
        said = {"by": self.staff[name], "content": NO_FILE, "name": "x", "request_key": f"{next(self.keys)}"}
        with pytest.raises(UserFault):
            self.acts.send_file(1, **said, now=self.clock())

    @rule(name=st.sampled_from(MANAGERS))
    def a_manager_notes_and_fills_in(self, name: str) -> None:
        self.acts.note(1, by=self.staff[name], text="备注", request_key=f"{next(self.keys)}", now=self.clock())
        self.noted += 1
        if self.holder == name:
            self.acts.fill(1, by=self.staff[name], slot="phone", text="1", now=self.clock())

    @precondition(lambda self: self.holder)
    @rule(by_boss=st.booleans())
    def it_is_handed_on(self, by_boss: bool) -> None:
        to = next(name for name in MANAGERS if name != self.holder)
        by = self.staff["boss" if by_boss else self.holder or ""]
        self.acts.hand_to(1, by=by, to=self.staff[to], now=self.clock())
        self.holder = to

    @precondition(lambda self: self.holder)
    @rule(step=st.sampled_from([None, "phone"]))
    def it_is_given_back(self, step: str | None) -> None:
        self.acts.give_back(1, by=self.staff[self.holder or ""], now=self.clock(), step=step)
        self.holder = None

    @rule(name=st.sampled_from(MANAGERS))
    def it_is_closed(self, name: str) -> None:
        try:
            self.acts.close(1, by=self.staff[name], reason="solved", now=self.clock())
        except UserFault:
            assert self.holder != name
        else:
            assert self.holder in (None, name)
            self.holder = None

    @invariant()
    def the_bot_has_not_spoken_over_a_person(self) -> None:
        assert self.spoken_over == []

    @invariant()
    def every_message_is_stored_once(self) -> None:
        if self.staff:
            assert self.ward.place.count("inbound") == len(self.messages) + self.first

    @invariant()
    def the_rows_agree_on_who_has_it(self) -> None:
        if not self.staff:
            return
        with self.store.reading() as connection:
            found = hand_overs.open_of(connection, 1)
        has_it = None if found is None or found.staff_id is None else found.staff_id
        assert has_it == (self.staff[self.holder].id if self.holder else None)
        assert (owner(self.store) is Owner.HUMAN) == (self.holder is not None)

    def teardown(self) -> None:
        """Let everything end: what managers wrote and sent arrived once and in order, nothing is owed or missing."""
        if not self.staff:
            return
        self.a_process_starts_and_takes_what_is_owed()
        for _ in range(12):
            self.clock.move(minutes=16)
            self.ward.place.outbox.release_expired()
            self.ward.place.outbox.deliver_due()
        assert list(dict.fromkeys(self.arrived)) == self.replies
        assert len(list(self.files.names())) == self.sent_files  # none of what was refused or sent twice
        assert self.ward.place.count("inbound") == len(self.messages) + self.first
        assert not [row for row in self.ward.place.rows("inbound") if row.reply_state == "acknowledged"]
        assert {row.state for row in self.ward.place.rows("outbox")} <= {"sent", "dropped"}
        with self.store.reading() as connection:
            assert len(notes.notes_of(connection, self.store.keys, 1)) == self.noted
        self._reminded_in_the_end()
        assert self.spoken_over == []
        self.ward.place.turns.stop(within_seconds=10)

    def _reminded_in_the_end(self) -> None:
        """A reminder that waited for a person to finish is not lost: it reached its person, or was rung, or expired."""
        if self.holder is not None:
            self.it_is_given_back(None)
        for _ in range(12):
            self.clock.move(hours=7)
            self.ward.rounds.until_done(self.clock())
            self.ward.place.outbox.deliver_due()
        left = [row.state for row in self.ward.rows() if row.until_at < self.clock()]
        assert set(left) <= {"sent", "called", "expired", "dropped"}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("examples", [6, pytest.param(400, marks=pytest.mark.proof)])
def test_the_bot_never_speaks_over_a_person(store: Store, tmp_path: Path, examples: int) -> None:
    def empty(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            names = ", ".join(table.name for table in metadata.sorted_tables if table.name != "key_checks")
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
            return
        for table in reversed(metadata.sorted_tables):
            if table.name != "key_checks":
                connection.execute(delete(table))

    class OnThisStore(Service):
        pass

    on_postgresql = not store.embedded
    OnThisStore.store = store
    OnThisStore.library = load()
    numbers = itertools.count()
    OnThisStore.folders = staticmethod(lambda: tmp_path / f"media-{next(numbers)}")
    OnThisStore.empty = staticmethod(lambda: store.write(empty))
    run_machine(
        OnThisStore,
        settings=settings(
            max_examples=examples // 3 if on_postgresql else examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
