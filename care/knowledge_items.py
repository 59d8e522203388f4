"""What operators add to the handbooks: written by one, approved by another, published, withdrawn.

Every act is a step that is added and never changed; the count of steps is the version that processes compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from bot.errors import UserFault
from bot.keys import KeyRing
from care import audit
from care.knowledge_tables import knowledge_items, knowledge_steps

KINDS = ("phrasing", "service_name", "drug_name", "entry")
STATES = ("draft", "approved", "published", "withdrawn")


class Refused(UserFault):
    """The act is not possible; the text says why, in Chinese."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is to be known. Which fields are filled hangs on the kind.

    phrasing: texts → the fact product/service/key · service_name: texts are names of product/service · drug_name:
    texts are names of the row `drug_no` · entry: texts[0] is the question of a new fact of product/service, `say` its
    answer, `clauses` what that rests on, the further texts are more ways of asking.
    """

    kind: str
    product: str
    texts: tuple[str, ...]
    service: str | None = None
    key: str | None = None
    drug_no: int | None = None
    say: str | None = None
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """One addition with how far it is."""

    id: int
    content: Content
    question_id: int | None
    state: str
    version: int
    author: str
    edited_by: str
    edited_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    withdrawn_at: datetime | None

    @property
    def writers(self) -> frozenset[str]:
        """Who may not approve it."""
        return frozenset({self.author, self.edited_by})


@dataclass(frozen=True, kw_only=True)
class Step:
    """Who did what to an item."""

    at: datetime
    actor: str
    act: str
    item_version: int


def revision(connection: Connection) -> int:
    """Return a number that is another one after each commit that changed any item."""
    return int(connection.execute(select(func.count()).select_from(knowledge_steps)).scalar_one())


def item_of(connection: Connection, id: int) -> Item | None:
    """Return an item by its number, or None."""
    row = connection.execute(select(knowledge_items).where(knowledge_items.c.id == id)).first()
    return _item(row) if row is not None else None


def items(connection: Connection, *, states: Sequence[str] = STATES, limit: int = 2000) -> list[Item]:
    """Return the items in these states, the newest first."""
    table = knowledge_items
    found = select(table).where(table.c.state.in_(states)).order_by(table.c.id.desc()).limit(limit)
    return [_item(row) for row in connection.execute(found)]


def ever_published(connection: Connection) -> list[Item]:
    """Return the items that are or once were published, the oldest first."""
    table = knowledge_items
    found = select(table).where(table.c.published_at.is_not(None)).order_by(table.c.id)
    return [_item(row) for row in connection.execute(found)]


def steps_of(connection: Connection, id: int) -> list[Step]:
    """Return what was done to an item, the oldest first."""
    table = knowledge_steps
    rows = connection.execute(select(table).where(table.c.item_id == id).order_by(table.c.id))
    return [Step(at=row.at, actor=row.actor, act=row.act, item_version=row.item_version) for row in rows]


def write(
    connection: Connection, keys: KeyRing, content: Content, *, actor: str, now: datetime, question_id: int | None
) -> int:
    """Add an item as a draft and return its number. Raises Refused where others said the same already."""
    _refuse_twice(connection, content, but=None)
    values = _values(content) | {
        "question_id": question_id,
        "state": "draft",
        "version": 1,
        "author": actor,
        "edited_by": actor,
        "edited_at": now,
    }
    added = connection.execute(insert(knowledge_items).values(values).returning(knowledge_items.c.id))
    id = int(added.scalar_one())
    _step(connection, keys, id, 1, act="written", actor=actor, now=now)
    return id


def change(
    connection: Connection, keys: KeyRing, id: int, content: Content, *, seen: int, actor: str, now: datetime
) -> None:
    """Write another version of what is not published yet; it must be approved again. Raises Refused."""
    _refuse_twice(connection, content, but=id)
    new = _values(content) | {"state": "draft", "edited_by": actor, "edited_at": now}
    new |= {"approved_by": None, "approved_at": None}
    _move(connection, id, seen, of=("draft", "approved"), new=new | {"version": seen + 1})
    _step(connection, keys, id, seen + 1, act="changed", actor=actor, now=now)


def approve(connection: Connection, keys: KeyRing, id: int, *, seen: int, actor: str, now: datetime) -> None:
    """Approve what somebody else wrote. Raises Refused."""
    item = item_of(connection, id)
    if item is not None and actor in item.writers:
        raise Refused("自己写的内容要由另一位同事审核。")
    _move(connection, id, seen, of=("draft",), new={"state": "approved", "approved_by": actor, "approved_at": now})
    _step(connection, keys, id, seen, act="approved", actor=actor, now=now)


def publish(connection: Connection, keys: KeyRing, id: int, *, seen: int, actor: str, now: datetime) -> None:
    """Let every process hear it from now on. Raises Refused."""
    _move(connection, id, seen, of=("approved",), new={"state": "published", "published_at": now})
    _step(connection, keys, id, seen, act="published", actor=actor, now=now)


def withdraw(connection: Connection, keys: KeyRing, id: int, *, seen: int, actor: str, now: datetime) -> None:
    """Take it back, or drop a draft. Raises Refused."""
    of = ("draft", "approved", "published")
    _move(connection, id, seen, of=of, new={"state": "withdrawn", "withdrawn_at": now})
    _step(connection, keys, id, seen, act="withdrawn", actor=actor, now=now)


def _move(connection: Connection, id: int, seen: int, *, of: Sequence[str], new: dict[str, Any]) -> None:
    table = knowledge_items
    by = (table.c.id == id, table.c.version == seen, table.c.state.in_(of))
    if connection.execute(update(table).where(*by).values(new)).rowcount != 1:
        raise Refused("这一条刚被别人改动过，没有执行。请看一下现在的内容再操作。")


def _refuse_twice(connection: Connection, content: Content, *, but: int | None) -> None:
    """Two live items of one product may not say the same words: nobody could tell which is meant."""
    said = set(content.texts)
    for other in items(connection, states=("draft", "approved", "published")):
        both = said & set(other.content.texts) if other.content.product == content.product else set()
        if both and other.id != but:
            raise Refused(f"“{min(both)}”已在第 {other.id} 条里。请改那一条，或先撤回它。")


def _step(connection: Connection, keys: KeyRing, id: int, version: int, *, act: str, actor: str, now: datetime) -> None:
    row = {"item_id": id, "item_version": version, "at": now, "actor": actor, "act": act}
    connection.execute(insert(knowledge_steps).values(row))
    detail = {"version": version}
    audit.append(
        connection, keys, actor=actor, action=f"knowledge {act}", subject=f"knowledge:{id}", now=now, detail=detail
    )


def _values(content: Content) -> dict[str, Any]:
    return {
        "kind": content.kind,
        "product": content.product,
        "service": content.service,
        "key": content.key,
        "drug_no": content.drug_no,
        "texts": list(content.texts),
        "say": content.say,
        "clauses": list(content.clauses),
    }


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        content=Content(
            kind=row.kind,
            product=row.product,
            texts=tuple(row.texts),
            service=row.service,
            key=row.key,
            drug_no=row.drug_no,
            say=row.say,
            clauses=tuple(row.clauses),
        ),
        question_id=row.question_id,
        state=row.state,
        version=row.version,
        author=row.author,
        edited_by=row.edited_by,
        edited_at=row.edited_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        published_at=row.published_at,
        withdrawn_at=row.withdrawn_at,
    )
