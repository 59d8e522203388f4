"""A simulated year: every reminder due went out once, in its window, outside the quiet hours, within the quota; none
after an opt-out, completion or ageing out; with the process killed at random and the API failing."""

import time
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.clock import in_china
from bot.keys import KeyRing
from bot.store.migrate import upgrade
from care.tables import call_tasks
from knowledge.library import Library
from tests.proof import year_oracle as oracle
from tests.proof.year_platform import Arrival, Fate, MortalStore
from tests.proof.year_world import Raised, Year

_WINDOW, _FOR_REMINDERS = timedelta(hours=48), 4  # of five; one is kept back


def _kind_of(arrival: Arrival) -> str:
    words = {"门诊核实": "ask", "接种": "vaccination", "出院": "discharge", "入院": "admission"}
    return next((kind for word, kind in words.items() if word in arrival.about), "other")


class Audit:
    """Holds the phones and the calls against the oracle; `faults` says what is wrong, each in a line."""

    def __init__(self, year: Year) -> None:
        self.year = year
        self.faults: list[str] = []
        self.counted: Counter[str] = Counter()
        self.lateness: list[float] = []
        self.arrivals: dict[str, list[tuple[Arrival, str]]] = defaultdict(list)
        for key, arrival in sorted(year.phones.arrivals.items(), key=lambda one: one[1].at):
            if not key.startswith("case-"):  # what a move of a case tells at once is no reminder
                self.arrivals[arrival.to].append((arrival, _kind_of(arrival)))
        with year.store.reading() as connection:
            self.calls = list(connection.execute(select(call_tasks)).all())
        self.calls_of: dict[int, list[Any]] = defaultdict(list)
        for call in self.calls:
            self.calls_of[call.contact_id].append(call)
        self._people()
        self._children()
        self._stays()

    def _fault(self, what: str, to: str, *more: object) -> None:
        self.faults.append(f"{what}: {to} {' '.join(map(str, more))}")

    def _people(self) -> None:
        for person in self.year.people:
            since_wrote: Counter[datetime] = Counter()
            for arrival, kind in self.arrivals[person.platform_id]:
                self.counted[f"arrived by {arrival.way}"] += 1
                against = oracle.may_be_sent(person, arrival.at)
                if against:
                    self._fault(f"sent {against}", person.platform_id, kind, arrival.at)
                if arrival.way != "message":
                    continue
                wrote = max((at for at in person.wrote if at <= arrival.at), default=None)
                if wrote is None or arrival.at >= wrote + _WINDOW:
                    self._fault("outside the window", person.platform_id, arrival.at)
                    continue
                since_wrote[wrote] += 1
            for wrote, count in since_wrote.items():
                if count > _FOR_REMINDERS:
                    self._fault("over the quota", person.platform_id, wrote, count)

    def _children(self) -> None:
        begin, end = self.year.begin, self.year.end
        for one in self.year.raised:
            history, to = oracle.ChildHistory(one), one.person.platform_id
            free = [arrival for arrival, kind in self.arrivals[to] if kind == "vaccination"]
            wanted = list(history.must(begin, end))
            for must in wanted:
                came = next((one for one in free if must.at <= one.at < must.until), None)
                if came is not None:
                    free.remove(came)
                    self._in_time(must, came.at)
                elif self._was_called(one.person.contact, must.at, must.until):
                    self.counted["told by a call"] += 1
                else:
                    self._fault("not told", to, must.day)
            for (
                arrival
            ) in free:  # not demanded: something stood against it at its time, and went away within its window
                today = in_china(arrival.at).date()
                days = [day for day in (today, today - timedelta(days=1)) if history.may(day)]
                self.counted["told, though it might have been left"] += 1
                if not days or {must.day for must in wanted} >= set(days):
                    self._fault("told without need, or twice", to, arrival.at)
            self._questions(one, history)

    def _questions(self, one: Raised, history: oracle.ChildHistory) -> None:
        """What a clinic has to look at: each is told once and then called about, unless the record was put right."""
        begin, end, to = self.year.begin, self.year.end, one.person.platform_id
        wanted, asked = list(history.must_ask(begin, end)), set[date]()
        for arrival in [arrival for arrival, kind in self.arrivals[to] if kind == "ask"]:
            since = min(history.may_ask(arrival.at) - asked, default=None)
            if since is None:
                self._fault("asked without need, or twice", to, arrival.at)
            else:
                asked.add(since)
                self.counted["asked to have looked at"] += 1
        for must in wanted:
            if must.day not in asked and not self._was_called(one.person.contact, must.at, must.until):
                self._fault("not asked", to, must.day)
        must_call, may_call = history.calls_to_ask(begin, end)
        calls = Counter(
            date.fromisoformat(call.occurrence[:10])
            for call in self.calls_of[one.person.contact]
            if call.occurrence.endswith("/ask/call")
        )
        self.counted["calls about questions"] += calls.total()
        for since in must_call - set(calls):
            self._fault("not called about", to, since)
        for since in set(calls) - may_call:
            self._fault("called without need", to, since)

    def _stays(self) -> None:
        for stay in self.year.stays:
            to = stay.person.platform_id
            for must in oracle.wanted_of_stay(stay, self.year.end):
                came = [one for one, kind in self.arrivals[to] if kind == must.kind and must.at <= one.at < must.until]
                if len(came) == 1:
                    self._in_time(must, came[0].at)
                elif not came and self._was_called(stay.person.contact, must.at, must.until):
                    self.counted["told by a call"] += 1
                else:
                    self._fault(f"told {len(came)} times", to, must.kind, must.day)
            for arrival, kind in self.arrivals[to]:
                if kind in ("admission", "discharge") and not oracle.may_of_stay(stay, kind, arrival.at):
                    self._fault("told without need", to, kind, arrival.at)
            self._calls_of(stay)

    def _calls_of(self, stay: oracle.Stay) -> None:
        calls = [call for call in self.calls_of[stay.person.contact] if call.kind == "discharge"]
        follow_up, late = oracle.calls_of_stay(stay, self.year.calendar, self.year.begin, self.year.end)
        for wanted, name in ((follow_up, "after"), (late, "late")):
            count = sum(call.occurrence.endswith(f"/{name}") for call in calls)
            self.counted["calls"] += count
            if wanted and count != 1:
                self._fault(f"{count} calls {name}", stay.person.platform_id, stay.case.answers["discharged_on"])

    def _was_called(self, contact: int, since: datetime, until: datetime) -> bool:
        """Whether somebody was asked to call, because no way reached the person (one open call is enough)."""
        calls = self.calls_of[contact]
        return any(call.made_at < until and (call.done_at is None or call.done_at > since) for call in calls)

    def _in_time(self, must: oracle.Wanted, at: datetime) -> None:
        self.counted["told as wanted"] += 1
        self.lateness.append((at - must.at).total_seconds())


def _live(tmp_path: Path, url: str, library: Library, **size: Any) -> tuple[Year, Audit]:
    upgrade(url)
    fate = Fate()
    store = MortalStore(url, KeyRing(masters=[b"m" * 32], index_key=b"i" * 32), fate)
    try:
        began, before = time.monotonic(), time.process_time()
        year = Year(store, library, fate, **size)
        filled = time.monotonic()
        year.run()
        ran, spent = time.monotonic(), time.process_time() - before
        audit = Audit(year)
        lateness = sorted(audit.lateness)
        phones = year.phones
        print(f"\n{size}: {dict(audit.counted)}; kills {dict(Counter(fate.kills))}")
        print(f"API calls {phones.calls}, failed {phones.failures}, lost {phones.lost}, repeats {phones.repeats}")
        print(f"late by {lateness[len(lateness) // 2]:.0f} s, {lateness[int(len(lateness) * 0.99)]:.0f} s at 99 %")
        print(f"filled in {filled - began:.0f} s, lived in {ran - filled:.0f} s, {spent:.0f} s of one processor")
        return year, audit
    finally:
        store.close()


@pytest.mark.timeout(3500)
@pytest.mark.parametrize(
    "empty_database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)], indirect=True
)
@pytest.mark.parametrize(
    "size",
    [
        {"children": 24, "inpatients": 8, "kills": 4, "days": 30},
        pytest.param({"children": 10_000, "inpatients": 2_000, "kills": 100}, marks=pytest.mark.proof),
    ],
    ids=["small", "whole"],
)
def test_a_year_of_reminders_is_right(
    tmp_path: Path, empty_database_url: str, library: Library, size: dict[str, int]
) -> None:
    year, audit = _live(tmp_path, empty_database_url, library, seed=4, **size)
    assert audit.faults == []
    assert len(year.fate.kills) >= size["kills"] * 0.5
    assert audit.counted["told as wanted"] > size["children"] / 4
