"""What the pages of the quality loop show: additions with what they stand for, and trials with what would change."""

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bot.store import asked
from care import knowledge_items, knowledge_replays
from care.knowledge_items import Content, Item, Step
from care.knowledge_replays import Replay
from console.handbook_search import alike
from console.office import Office
from console.reasons import GONE
from handlers.misses import masked
from handlers.replaying import frozen
from knowledge.library import Library

KIND_WORDS = {"phrasing": "说法", "service_name": "服务别名", "drug_name": "药品别名", "entry": "新内容"}
STATE_WORDS = {"draft": "草稿", "approved": "已审核", "published": "已发布", "withdrawn": "已撤回"}
STATE_TONES = {"draft": "warn", "approved": "warn", "published": "good", "withdrawn": ""}
MISS_WORDS = {"no_content": "没有内容", "ambiguous": "没听明白", "out_of_scope": "范围之外", "wrong": "答得不对"}
DECISION_WORDS = {
    "answer": "回答",
    "clarify": "反问",
    "abstain": "答不上来",
    "medical": "请问医生",
    "emergency": "紧急提示",
    "handoff": "转人工",
    "smalltalk": "寒暄",
    "menu": "菜单",
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "kinds": KIND_WORDS,
    "states": STATE_WORDS,
    "tones": STATE_TONES,
    "misses": MISS_WORDS,
    "decisions": DECISION_WORDS,
}
_ACTS = {"written": "写下", "changed": "修改", "approved": "审核通过", "published": "发布", "withdrawn": "撤回"}
_SOURCES = {"recorded": "真实问题", "phrasing": "手册的问法", "frozen": "留作检验的问法"}
_VERDICTS = {"better": ("变对了", "good"), "worse": ("变错了", "bad"), "other": ("变了", "warn")}
_CANDIDATE = "candidate "
_MOST_TARGETS = 8


@dataclass(frozen=True, kw_only=True)
class Target:
    """An entry that a phrasing may stand for. `value` is service/key."""

    value: str
    title: str
    say: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One answer that would change."""

    words: str
    source: str
    old: str
    new: str
    verdict: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial as it is shown. `is_current`: it tried the version that stands there now. `changed` counts alike ones."""

    replay: Replay
    is_current: bool
    is_lost: bool
    changed: tuple[tuple[Changed, int], ...]
    counts: Mapping[str, int]

    @property
    def is_running(self) -> bool:
        return self.replay.state == "running" and not self.is_lost

    @property
    def is_done(self) -> bool:
        return self.replay.state == "done" and self.is_current


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One addition with everything about it."""

    item: Item
    about: Mapping[str, str]
    steps: tuple[tuple[Step, str], ...]
    trial: Trial | None
    read: tuple[int, ...]


def shown(connection: Connection, office: Office, item: Item, *, accounts: Sequence[str] | None) -> Shown:
    """Return an addition as it is shown; `read` are the recorded questions whose words are among it."""
    steps = tuple((step, _ACTS[step.act]) for step in knowledge_items.steps_of(connection, item.id))
    replay = knowledge_replays.latest(connection, item.id)
    trial, read = _trial(connection, office, item, replay, accounts) if replay is not None else (None, ())
    return Shown(item=item, about=about(office.library, item.content), steps=steps, trial=trial, read=read)


def about(library: Library, content: Content) -> dict[str, str]:
    """Return what an addition stands for: product, target and, of an answer, its words and clauses."""
    handbook = library.handbooks.get(content.product)
    if handbook is None:
        return {"product": content.product, "target": "手册已不在", "say": "", "clauses": ""}
    told = {"product": handbook.product.short, "target": "手册里已没有", "say": "", "clauses": ""}
    service = handbook.service(content.service or "")
    if content.kind == "drug_name":
        names = [f"{drug.brand}（{drug.generic}）" for drug in handbook.drugs if drug.no == content.drug_no]
        return told | ({"target": names[0]} if names else {})
    if service is None:
        return told
    if content.kind == "phrasing":
        entry = handbook.find(service.id, content.key or "")
        if entry is None:
            return told
        clauses = "、".join(entry.fact.clause)
        return told | {"target": f"{service.short} · {entry.fact.ask}", "say": entry.fact.say, "clauses": clauses}
    if content.kind == "entry":
        return told | {"target": service.short, "say": content.say or "", "clauses": "、".join(content.clauses)}
    return told | {"target": service.short}


def targets(library: Library, product: str, words: str, reasons: Sequence[str], *, chosen: str = "") -> list[Target]:
    """Return entries that words may ask for: the chosen one, those the router weighed, those that sound alike."""
    handbook = library.handbooks[product]
    weighed = [reason.split()[1] for reason in reasons if reason.startswith(_CANDIDATE)]
    ids = [f"{product}/{chosen}"] if chosen else []
    ids += [*weighed, *(entry.id for entry in alike(library, words, [product]))]
    found = [
        entry for id in dict.fromkeys(ids) if (entry := library.entries.get(id)) and entry.product is handbook.product
    ]
    return [
        Target(
            value=f"{entry.service.id}/{entry.fact.key}",
            title=f"{entry.service.short} · {entry.fact.ask}",
            say=entry.fact.say,
        )
        for entry in found[:_MOST_TARGETS]
    ]


def topic_words(library: Library, additions: Library, ids: Sequence[str]) -> str:
    """Return topics by the questions they answer."""
    entries = [(id, library.entries.get(id) or additions.entries.get(id)) for id in ids]
    return "；".join(f"{entry.service.short} · {entry.fact.ask}" if entry else GONE for _, entry in entries)


def _trial(
    connection: Connection, office: Office, item: Item, replay: Replay, accounts: Sequence[str] | None
) -> tuple[Trial, tuple[int, ...]]:
    ids = [int(change["at"]) for change in replay.changes if change["from"] == "recorded"]
    recorded = asked.numbered(connection, office.store.keys, ids)
    seen = {id: one for id, one in recorded.items() if accounts is None or one.account in accounts}
    rows: Counter[Changed] = Counter()
    for change in replay.changes:
        words = _words(office, change, {id: masked(one.text) for id, one in seen.items()})
        verdict, tone = _VERDICTS[change["verdict"]]
        old, new = (_answer(office, item, change[side]) for side in ("old", "new"))
        source = _SOURCES[change["from"]]
        rows[Changed(words=words, source=source, old=old, new=new, verdict=verdict, tone=tone)] += 1
    counts = {verdict: sum(change["verdict"] == verdict for change in replay.changes) for verdict in _VERDICTS}
    trial = Trial(
        replay=replay,
        is_current=replay.item_version == item.version,
        is_lost=replay.is_lost(office.clock()),
        changed=tuple(rows.items()),
        counts=counts | {"recorded": len(ids)},
    )
    return trial, tuple(seen)


def _words(office: Office, change: Mapping[str, Any], recorded: Mapping[int, str]) -> str:
    if change["from"] == "recorded":
        return recorded.get(int(change["at"]), "（不能看或已删除）")
    product, _, at = str(change["at"]).partition(":")
    handbook = office.library.handbooks.get(product)
    if handbook is None:
        return ""
    rows = handbook.phrasings if change["from"] == "phrasing" else frozen(handbook.home)
    return rows[int(at)].text if int(at) < len(rows) else ""


def _answer(office: Office, item: Item, told: Mapping[str, Any]) -> str:
    decision = DECISION_WORDS.get(told["decision"], told["decision"])
    own = f"{item.content.product}/{item.content.service}/added.{item.id}"
    additions = office.knowing.additions.library if office.knowing else office.library
    topics = [
        item.content.texts[0] if id == own else topic_words(office.library, additions, [id]) for id in told["topics"]
    ]
    doubt = "（不太确定）" if topics and not told["is_sure"] else ""
    return f"{decision}：{'；'.join(topics)}{doubt}" if topics else str(decision)


def one_of(given: str, known: Container[str]) -> str:
    """Return what was given where it is known, else ""."""
    return given if given in known else ""


def products_of(office: Office) -> dict[str, str]:
    """Return what the products are called, by id."""
    return {id: office.library.product(id).short for id in office.library.handbooks}
