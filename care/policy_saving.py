"""Takes what an insurer tells about policies into the local table. Statements only: the caller owns the transaction.

What a later word leaves out stays: policies and insured persons are never deleted here, because cases and uses hang
on them; whoever is no longer covered is told by the policy's status or dates. A person of the same name and relation
who comes with another identity number, while the old one is no longer told, is the same person with a number put right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Table, bindparam, exists, or_, select, update

from bot.errors import GiveUp
from bot.keys import KeyRing
from bot.store.people import insert_unless_there
from care.names import same_name
from care.policies import identity_index, number_index, policy_columns, sealed_insured, sealed_policy, stored
from care.policy import Insured, Policy
from care.tables import bindings, cases, insured, policies

Change = Literal["new", "changed", "same", "refused"]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What saving did with a policy; `unnamed` counts its insured who stay although they were not told this time.

    "refused": the number belongs to a policy of another product that people already use.
    """

    change: Change
    unnamed: int = 0


def save(connection: Connection, keys: KeyRing, policy: Policy, *, now: datetime) -> Policy:
    """Store one policy and return it as stored, with row numbers. Raises GiveUp where save_all refuses."""
    [saved] = save_all(connection, keys, [policy], now=now)
    if saved.change == "refused":
        raise GiveUp("a policy of another product has this number and is in use")
    [kept] = stored(connection, keys, policies.c.number_index == number_index(keys, policy.number))
    return kept


def save_all(connection: Connection, keys: KeyRing, told: Sequence[Policy], *, now: datetime) -> list[Saved]:
    """Store policies, each number once, and return what was done with each. The same again changes nothing."""
    claimed = _claim(connection, keys, told, now=now)
    which = policies.c.number_index.in_([number_index(keys, policy.number) for policy in told])
    known = {
        number_index(keys, policy.number): policy
        for policy in stored(connection, keys, which & policies.c.id.not_in(claimed.values()), for_update=True)
    }
    writes = _Writes(connection=connection, keys=keys, now=now)
    saved = [_one(writes, policy, claimed=claimed, known=known) for policy in told]
    writes.flush()
    return saved


def _claim(connection: Connection, keys: KeyRing, told: Sequence[Policy], *, now: datetime) -> dict[bytes, int]:
    """Insert the policies that are not there, still without their sealed column; return index → row number."""
    rows = [{**policy_columns(keys, policy), "sealed": b"", "imported_at": now} for policy in told]
    rows.sort(key=lambda row: row["number_index"])  # two imports at once wait for each other in the same order
    adding = insert_unless_there(connection.dialect, policies).returning(policies.c.number_index, policies.c.id)
    return {row.number_index: row.id for row in connection.execute(adding, rows)} if rows else {}


def _one(writes: "_Writes", policy: Policy, *, claimed: dict[bytes, int], known: dict[bytes, Policy]) -> Saved:
    index = number_index(writes.keys, policy.number)
    if index in claimed:
        writes.policy(policy, row=claimed[index])
        writes.add(policy.insured, to=claimed[index])
        return Saved(change="new")
    before = known[index]
    row = before.id or 0
    if before.product != policy.product and _is_used(writes.connection, row):
        return Saved(change="refused")
    altered = replace(policy, insured=(), id=row) != replace(before, insured=())
    if altered:
        writes.policy(policy, row=row)
    added, corrected, unnamed = _compared(writes.keys, policy.insured, before.insured)
    writes.add(added, to=row)
    writes.correct(corrected)
    return Saved(change="changed" if altered or added or corrected else "same", unnamed=unnamed)


def _compared(
    keys: KeyRing, told: Iterable[Insured], before: Iterable[Insured]
) -> tuple[list[Insured], list[Insured], int]:
    """Return who is new, who is changed (with row numbers), and how many are no longer told."""
    silent = {identity_index(keys, person.id_number): person for person in before}
    pairs = [(person, silent.pop(identity_index(keys, person.id_number), None)) for person in told]
    added, corrected = [], []
    for person, known in pairs:
        if known is None:
            index, known = next(
                ((index, one) for index, one in silent.items() if _is_put_right(one, person)), (b"", None)
            )
            silent.pop(index, None)
        if known is None:
            added.append(person)
        elif replace(person, id=known.id) != known:
            corrected.append(replace(person, id=known.id))
    return added, corrected, len(silent)


def _is_put_right(before: Insured, person: Insured) -> bool:
    return before.relation == person.relation and same_name(before.name, person.name)


def _is_used(connection: Connection, row: int) -> bool:
    used = or_(exists().where(bindings.c.policy_id == row), exists().where(cases.c.policy_id == row))
    return bool(connection.scalar(select(used)))


@dataclass(kw_only=True)
class _Writes:
    """Gathers what is to be written, so that each kind is one statement."""

    connection: Connection
    keys: KeyRing
    now: datetime
    _policies: list[dict[str, Any]] = field(default_factory=list)
    _added: list[tuple[int, Insured]] = field(default_factory=list)
    _insured: list[dict[str, Any]] = field(default_factory=list)

    def policy(self, policy: Policy, *, row: int) -> None:
        sealed = sealed_policy(self.keys, policy, row=row)
        columns = policy_columns(self.keys, policy)
        self._policies.append({**columns, "sealed": sealed, "imported_at": self.now, "row": row})

    def add(self, people: Iterable[Insured], *, to: int) -> None:
        self._added += [(to, person) for person in people]

    def correct(self, people: Iterable[Insured]) -> None:
        for person in people:
            row = person.id or 0
            sealed = sealed_insured(self.keys, person, row=row)
            index = identity_index(self.keys, person.id_number)
            self._insured.append({"id_index": index, "relation": person.relation, "sealed": sealed, "row": row})

    def flush(self) -> None:
        self._update(policies, self._policies)
        self._insert_added()
        self._update(insured, self._insured)

    def _insert_added(self) -> None:
        """Sealing needs a row's number: first the rows, then their content."""
        people = {(policy_id, identity_index(self.keys, one.id_number)): one for policy_id, one in self._added}
        rows = [
            {"policy_id": policy_id, "id_index": index, "relation": person.relation, "sealed": b""}
            for (policy_id, index), person in people.items()
        ]
        if not rows:
            return
        adding = insured.insert().returning(insured.c.id, insured.c.policy_id, insured.c.id_index)
        for made in self.connection.execute(adding, rows):
            self.correct([replace(people[made.policy_id, made.id_index], id=made.id)])

    def _update(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            names = [name for name in rows[0] if name != "row"]
            changing = update(table).where(table.c.id == bindparam("row"))
            self.connection.execute(changing.values({name: bindparam(name) for name in names}), rows)
