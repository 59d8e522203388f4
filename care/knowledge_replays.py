"""Trials of an addition before it is published: how far a trial is, and which answers it would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.errors import UserFault
from care.knowledge_items import Item
from care.knowledge_tables import knowledge_replays

_LOST_AFTER = timedelta(minutes=2)
MOST_CHANGES = 500


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A trial. `changes` are {"from": recorded | phrasing | frozen, "at": …, "old": …, "new": …, "verdict": …}."""

    id: int
    item_version: int
    actor: str
    started_at: datetime
    beat_at: datetime
    state: str
    total: int
    done: int
    touched: int
    changes: tuple[dict[str, Any], ...]

    def is_lost(self, now: datetime) -> bool:
        """Whether the process that ran it is gone."""
        return self.state == "running" and now - self.beat_at > _LOST_AFTER


def latest(connection: Connection, item_id: int) -> Replay | None:
    """Return the newest trial of an item, or None."""
    table = knowledge_replays
    row = connection.execute(
        select(table).where(table.c.item_id == item_id).order_by(table.c.id.desc()).limit(1)
    ).first()
    if row is None:
        return None
    return Replay(
        id=row.id,
        item_version=row.item_version,
        actor=row.actor,
        started_at=row.started_at,
        beat_at=row.beat_at,
        state=row.state,
        total=row.total,
        done=row.done,
        touched=row.touched,
        changes=tuple(row.changes),
    )


def begin(connection: Connection, item: Item, *, actor: str, now: datetime) -> int | None:
    """Begin a trial and return its number; None while another one of this version is under way."""
    before = latest(connection, item.id)
    is_under_way = before is not None and before.state == "running" and not before.is_lost(now)
    if before is not None and is_under_way and before.item_version == item.version:
        return None
    row = {
        "item_id": item.id,
        "item_version": item.version,
        "actor": actor,
        "started_at": now,
        "beat_at": now,
        "state": "running",
        "total": 0,
        "done": 0,
        "touched": 0,
        "changes": [],
    }
    return int(connection.execute(insert(knowledge_replays).values(row).returning(knowledge_replays.c.id)).scalar_one())


def tell(
    connection: Connection,
    id: int,
    *,
    state: str,
    total: int,
    done: int,
    touched: int,
    changes: Sequence[dict[str, Any]],
    now: datetime,
) -> None:
    """Write down how far a trial is."""
    new = {"state": state, "total": total, "done": done, "touched": touched, "beat_at": now}
    kept = {"changes": list(changes)[:MOST_CHANGES]} if state == "done" else {}
    connection.execute(update(knowledge_replays).where(knowledge_replays.c.id == id).values(new | kept))


def require_done(connection: Connection, item: Item) -> None:
    """Raise UserFault unless this version of an item was tried."""
    replay = latest(connection, item.id)
    if replay is None or replay.state != "done" or replay.item_version != item.version:
        raise UserFault("发布前要先试跑这一版，看看哪些回答会变。")
