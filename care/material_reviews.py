"""What people judged about papers: taken as they are, or to be sent again for a reason that the sender reads.

A refused paper counts as missing again; its file stays, as the record of what was refused. Statements only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from bot.keys import KeyRing
from care.case_work_tables import material_reviews
from care.media import Material, all_of_case
from care.tables import materials

Verdict = Literal["accepted", "refused"]
BY_PERSON = "by a person"  # in materials.reason: not refused by the checks of files


@dataclass(frozen=True, kw_only=True)
class Review:
    """One judgement of one paper."""

    id: int
    material_id: int
    verdict: Verdict
    actor: str
    at: datetime
    reason: str


def judge(
    connection: Connection, keys: KeyRing, paper: Material, verdict: Verdict, *, actor: str, now: datetime,
    reason: str = "",
) -> int | None:  # fmt: skip
    """Judge a paper whose file is here; returns the judgement's number.

    None, with nothing written, where the paper is judged so already, is not here yet, or was deleted.
    """
    state = "kept" if verdict == "accepted" else "refused"
    # The row of the paper is the lock: of two judgements at once the second sees what the first did.
    row = connection.execute(select(materials).where(materials.c.id == paper.id).with_for_update()).one()
    if row.file is None or row.state not in ("kept", "refused"):
        return None
    before = latest(connection, keys, [paper.id]).get(paper.id)
    if before is not None and before.verdict == verdict and row.state == state:
        return None
    values = {"state": state, "reason": None if verdict == "accepted" else BY_PERSON}
    connection.execute(update(materials).where(materials.c.id == paper.id).values(values))
    said = {"material_id": paper.id, "verdict": verdict, "actor": actor, "at": now}
    id: int = connection.execute(insert(material_reviews).values(said).returning(material_reviews.c.id)).scalar_one()
    if reason:
        sealed = keys.seal(reason.encode(), place=_place(id))
        connection.execute(update(material_reviews).where(material_reviews.c.id == id).values(reason=sealed))
    return id


def latest(connection: Connection, keys: KeyRing, papers: list[int]) -> dict[int, Review]:
    """Return how papers were judged last: the paper's number → its judgement."""
    table = material_reviews
    newest = select(func.max(table.c.id)).where(table.c.material_id.in_(papers)).group_by(table.c.material_id)
    rows = connection.execute(select(table).where(table.c.id.in_(newest))).all()
    return {row.material_id: _review(keys, row) for row in rows}


def reviewed_papers(connection: Connection, keys: KeyRing, case_id: int) -> list[tuple[Material, Review | None]]:
    """Return everything that was sent for a case, also what was refused or deleted, with the last judgement of each."""
    papers = all_of_case(connection, case_id)
    judged = latest(connection, keys, [paper.id for paper in papers])
    return [(paper, judged.get(paper.id)) for paper in papers]


def _review(keys: KeyRing, row: Any) -> Review:
    reason = keys.open(row.reason, place=_place(row.id)).decode() if row.reason else ""
    return Review(
        id=row.id, material_id=row.material_id, verdict=row.verdict, actor=row.actor, at=row.at, reason=reason
    )


def _place(id: int) -> str:
    return f"material_reviews|reason|{id}"
