"""Imports an insurer's file of policies: takes what is right, sets aside what is not, and may be repeated at will.

A row is one insured person. The same file again changes nothing; a changed row updates; a person or policy that a
later file leaves out stays as it was (see `care.policy_saving`). Batches are committed one by one, each short, so that
a running service writes in between; an import that was broken off is simply run again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import stamina
from sqlalchemy import Connection

from bot.clock import Clock, in_china
from bot.errors import RetryLater
from bot.store.store import Store
from care import csv_file
from care.gathered_rows import GatheredRows, Row
from care.policy import Policy
from care.policy_rows import COLUMNS, read_policy
from care.policy_saving import Saved, save_all
from care.row_cells import RowRefused

Tell = Callable[[str], None]
Read = Callable[[Mapping[str, str]], Policy]

DEMO_POLICIES = Path(__file__).parent / "demo_policies.csv"  # of made-up people, for the demo only
_BATCH_POLICIES = 200
_TOLD_EVERY_ROWS = 10_000
_IN_USE = "policy_no is that of a policy of another product which people already use; correct it or the product"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: rows taken and refused; policies new, changed and unchanged.

    `unnamed` counts insured persons who stay covered although the file, which has their policy, leaves them out.
    `refused_file` holds the refused rows with the reasons; None when all were taken.
    """

    taken: int
    refused: int
    new: int
    changed: int
    same: int
    unnamed: int
    refused_file: Path | None


def import_policies(
    path: Path, *, store: Store, products: Collection[str], clock: Clock, tell: Tell = lambda line: None
) -> Imported:
    """Import a CSV file (columns: `care.policy_rows`); refused rows go beside it, into <its name>.refused.csv.

    `tell` gets a line now and then about the progress. Raises UserFault when the file as a whole cannot be read
    (nothing is taken then), RetryLater when the database is away (what was taken stays).
    """
    read = partial(read_policy, products=products, today=in_china(clock()).date())
    refused_path = path.with_name(f"{path.stem}.refused.csv")
    with closing(GatheredRows()) as gathered:
        _gather(path, gathered, read=read, tell=tell)
        gathered.refuse_contradictions()
        taken, counts = _take(gathered, store=store, read=read, clock=clock, tell=tell)
        refused = gathered.count_refused()
        listed = ((row.line, row.cells, reason) for row, reason in gathered.refused())
        csv_file.replace_refused(refused_path, listed if refused else None)
    return Imported(
        taken=taken,
        refused=refused,
        new=counts["new"],
        changed=counts["changed"],
        same=counts["same"],
        unnamed=counts["unnamed"],
        refused_file=refused_path if refused else None,
    )


def _gather(path: Path, gathered: GatheredRows, *, read: Read, tell: Tell) -> None:
    """Read the whole file before anything is taken."""
    for count, (line, cells, fault) in enumerate(csv_file.rows(path, COLUMNS), start=1):
        row = Row(line=line, cells=cells)
        try:
            if fault is not None:
                raise RowRefused([fault])
            gathered.add(row, read(cells))
        except RowRefused as refused:
            gathered.add_refused(row, str(refused))
        if count % _TOLD_EVERY_ROWS == 0:
            tell(f"{count} rows read")


def _take(gathered: GatheredRows, *, store: Store, read: Read, clock: Clock, tell: Tell) -> tuple[int, Counter[str]]:
    taken, counts = 0, Counter[str]()
    for batch in _batches(gathered.policies()):
        told = [_joined([read(row.cells) for row in rows]) for rows in batch]
        before = taken
        for rows, saved in zip(batch, _save(store, told, clock), strict=True):
            counts[saved.change] += 1
            counts["unnamed"] += saved.unnamed
            if saved.change == "refused":
                gathered.refuse(rows, _IN_USE)
            else:
                taken += len(rows)
        if taken // _TOLD_EVERY_ROWS > before // _TOLD_EVERY_ROWS:
            tell(f"{taken} rows taken")
    return taken, counts


def _joined(rows: list[Policy]) -> Policy:
    return replace(rows[0], insured=tuple(person for row in rows for person in row.insured))


def _save(store: Store, told: list[Policy], clock: Clock) -> list[Saved]:
    def work(connection: Connection) -> list[Saved]:
        return save_all(connection, store.keys, told, now=clock())

    # A busy service holds SQLite's only place to write now and then.
    for attempt in stamina.retry_context(on=RetryLater, attempts=5, timeout=60, wait_initial=0.2, wait_max=5):
        with attempt:
            return store.write(work)
    raise AssertionError("unreachable")


def _batches(policies: Iterator[list[Row]]) -> Iterator[list[list[Row]]]:
    while batch := list(islice(policies, _BATCH_POLICIES)):
        yield batch
