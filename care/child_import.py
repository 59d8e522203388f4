"""Imports a file of children: takes what is right, sets aside what is not, and may be repeated at will.

A row is a child that a policy here insures. The same file again changes nothing; cells that are filled in change the
profile, doses are added. What a later file leaves out stays. The record counts as whole from then on (a dose that is
not in it was not given) unless the row calls it unknown. Batches are committed one by one, so that a running service
writes in between.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import stamina
from sqlalchemy import Connection

from bot.clock import Clock, in_china
from bot.errors import RetryLater
from bot.keys import KeyRing
from bot.store.store import Store
from care import child_records, children, csv_file, policies
from care.child import Child, Dose, fault_of_dose
from care.child_rows import COLUMNS, ChildRow, read_child_row
from care.gathered_rows import GatheredRows, Row
from care.names import same_name
from care.policy import Insured, Policy
from care.row_cells import RowRefused
from care.vaccination.rule_files import load

Tell = Callable[[str], None]
Replan = Callable[[Connection, Child], Any]

_BATCH_ROWS = 50
_TOLD_EVERY_ROWS = 1000
_BY = "command"
_FAULTS = {"same_day": "doses: two products for the same disease on one day; correct one of them"}


@dataclass(frozen=True, kw_only=True)
class ImportedChildren:
    """What an import did: rows taken and refused; of the taken ones how many children were new, changed, the same.

    `refused_file` holds the refused rows with the reasons; None when all were taken.
    """

    taken: int
    refused: int
    new: int
    changed: int
    same: int
    doses: int
    refused_file: Path | None


def import_children(
    path: Path,
    *,
    store: Store,
    products: Collection[str],
    replan: Replan,
    clock: Clock,
    tell: Tell = lambda line: None,
) -> ImportedChildren:
    """Import a CSV file (columns: `care.child_rows`); refused rows go beside it, into <its name>.refused.csv.

    `products`: those that remind of vaccinations. `replan` plans a child's reminders anew, in the transaction that
    changed it. Raises UserFault when the file as a whole cannot be read (nothing is taken then), RetryLater when the
    database is away (what was taken stays).
    """
    for _ in csv_file.rows(path, COLUMNS):
        pass  # the whole file reads before anything is taken
    refused_path = path.with_name(f"{path.stem}.refused.csv")
    counts: Counter[str] = Counter()
    taking = _Taking(store=store, products=products, replan=replan, clock=clock)
    with closing(GatheredRows()) as aside:
        found = csv_file.rows(path, COLUMNS)
        done = 0
        while batch := list(islice(found, _BATCH_ROWS)):
            for row, outcome in taking.batch(batch):
                counts[outcome.change] += 1
                counts["doses"] += outcome.doses
                if outcome.change == "refused":
                    aside.add_refused(row, outcome.reason)
            done += len(batch)
            if done % _TOLD_EVERY_ROWS == 0:
                tell(f"{done} rows read")
        listed = ((row.line, row.cells, reason) for row, reason in aside.refused())
        csv_file.replace_refused(refused_path, listed if counts["refused"] else None)
    return ImportedChildren(
        taken=counts["new"] + counts["changed"] + counts["same"],
        refused=counts["refused"],
        new=counts["new"],
        changed=counts["changed"],
        same=counts["same"],
        doses=counts["doses"],
        refused_file=refused_path if counts["refused"] else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    change: str  # new | changed | same | refused
    doses: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class _Taking:
    """Takes rows into the tables."""

    store: Store
    products: Collection[str]
    replan: Replan
    clock: Clock

    def batch(self, found: Sequence[tuple[int, csv_file.Cells, str | None]]) -> Iterator[tuple[Row, _Outcome]]:
        """Take some rows in one transaction; yields each with what was done."""
        rows = [Row(line=line, cells=cells) for line, cells, _ in found]
        told = [self._read(cells, fault) for _, cells, fault in found]

        def work(connection: Connection) -> list[_Outcome]:
            known = self._policies(connection, [one for one in told if isinstance(one, ChildRow)])
            return [self._take(connection, one, known) for one in told]

        yield from zip(rows, _written(self.store, work), strict=True)

    def _read(self, cells: csv_file.Cells, fault: str | None) -> ChildRow | RowRefused:
        try:
            return RowRefused([fault]) if fault else read_child_row(cells, today=in_china(self.clock()).date())
        except RowRefused as refused:
            return refused

    def _policies(self, connection: Connection, told: Sequence[ChildRow]) -> dict[bytes, Policy]:
        keys = self.store.keys
        return policies.by_numbers(connection, keys, {one.policy_no for one in told})

    def _take(self, connection: Connection, told: ChildRow | RowRefused, known: Mapping[bytes, Policy]) -> _Outcome:
        try:
            if isinstance(told, RowRefused):
                raise told
            policy, person = self._insured(told, known)
            return self._store(connection, told, policy, person)
        except RowRefused as refused:
            return _Outcome(change="refused", reason=str(refused))

    def _store(self, connection: Connection, told: ChildRow, policy: Policy, person: Insured) -> _Outcome:
        keys, now = self.store.keys, self.clock()
        before = children.child_of_insured(connection, keys, person.id or 0)
        _refuse_impossible(told, before.doses if before else (), now=now)
        since = None if told.is_whole else in_china(now).date()
        child = before or children.add_insured_child(
            connection, keys, policy, person, record_since=since, now=now, **told.profile
        )
        if child is None:
            raise RetryLater("another process has just made this child's profile")
        doses = _record(connection, keys, child, told, now=now)
        after = children.child_with_id(connection, keys, child.id)
        if after is None or after == before:
            return _Outcome(change="same")
        self.replan(connection, after)
        return _Outcome(change="changed" if before else "new", doses=doses)

    def _insured(self, told: ChildRow, known: Mapping[bytes, Policy]) -> tuple[Policy, Insured]:
        policy = known.get(policies.number_index(self.store.keys, told.policy_no))
        if policy is None:
            raise RowRefused(["policy_no is no policy here; import the policies first"])
        if policy.product not in self.products:
            raise RowRefused(["policy_no is of a product that does not remind of vaccinations"])
        named = [one for one in policy.insured if one.birth == told.birth and same_name(one.name, told.name)]
        if not named:
            raise RowRefused(["insured_name and insured_birth are of nobody whom this policy insures"])
        if told.sex and told.sex != named[0].sex:
            raise RowRefused(["insured_sex is not the policy's"])
        return policy, named[0]


def _refuse_impossible(told: ChildRow, known: Sequence[Dose], *, now: datetime) -> None:
    """What is refused is refused before anything of its row is written."""
    standing = list(known)
    for dose in told.doses:
        if any((one.on, one.vaccine) == (dose.on, dose.vaccine) for one in standing):
            continue
        fault = fault_of_dose(dose, birth=told.birth, others=standing, today=in_china(now).date(), programme=load())
        if fault is not None:
            raise RowRefused([_FAULTS.get(fault, fault)])
        standing.append(dose)


def _record(connection: Connection, keys: KeyRing, child: Child, told: ChildRow, *, now: datetime) -> int:
    changes = {**told.profile, **({"record_since": None} if told.is_whole else {})}
    if "options" in changes:
        changes["options"] = {**child.profile.options, **changes["options"]}
    if replace(child.profile, **changes) != child.profile:
        children.change_child(connection, keys, child, by=_BY, now=now, **changes)
    new = child_records.add_doses(connection, keys, child, told.doses, by=_BY, now=now)
    for growth in told.growth:
        child_records.add_growth(connection, keys, child, growth, by=_BY, now=now)
    for check_up in told.check_ups:
        child_records.add_check_up(connection, keys, child, check_up, by=_BY, now=now)
    for event in told.events:
        child_records.add_event(connection, keys, child, event, by=_BY, now=now)
    return len(new)


def _written(store: Store, work: Callable[[Connection], list[_Outcome]]) -> list[_Outcome]:
    # A busy service holds SQLite's only place to write now and then.
    for attempt in stamina.retry_context(on=RetryLater, attempts=5, timeout=60, wait_initial=0.2, wait_max=5):
        with attempt:
            return store.write(work)
    raise AssertionError("unreachable")
