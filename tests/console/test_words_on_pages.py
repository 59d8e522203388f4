"""No page of the console speaks English to who works there: every route, its refusals, the audit trail, the charts."""

import ast
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask

from care import call_tasks
from care.call_attempts import Outcome
from care.service_hours import ServiceHours
from care.workdays import WorkCalendar
from console.audit_words import AuditWords, words
from console.office import Office
from handlers import draft_warnings
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.knowing import Knowing
from handlers.open_form import OpenForms
from handlers.respond import Assistant
from handlers.staff_files import StaffFiles
from tests.assistants import ACCOUNTS, WUXIAN
from tests.care import papers
from tests.console import desk as staff_side
from tests.console.case_desk import CaseDesk
from tests.console.desk import STAFF, Visitor
from tests.console.talks import delivered
from tests.console.visible import english, visible
from tests.fake_channel import FakeChannel

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ROOT = Path(__file__).parents[2]
# What Chinese offices write in Latin letters: file types, keys, the one-time codes, and the names of this test.
KNOWN = frozenset({"CAR-T", "PDF", "CSV", "TOTP", "App", "APP", "MB", "KB", "Enter", "Ctrl", "Esc", "Shift"})
KNOWN |= {"DEMO-WX", "map.jpg", "new-one"}
NOT_PAGES = {"console.live.stream", "console.papers.file", "console.quality.export"}


@pytest.fixture
def house(store, clock, tmp_path, library, router) -> Iterator[CaseDesk]:
    """A console with everything joined, beside somebody who applied, sent a paper, asked and complained."""
    made = CaseDesk(store, clock, tmp_path, library=library, router=router)
    made.office = _joined(made, library, router)
    made.app = staff_side.app_of(made.office)
    made.visit = staff_side.visitors(made.app)
    yield made
    made.close()


def _joined(made: CaseDesk, library, router) -> Office:
    router = router.with_overlay(router._known.overlay)
    assistant = Assistant(library, router, products={**ACCOUNTS, "demo": tuple(library.handbooks)})
    forms, calendar = OpenForms(made.people.desk), WorkCalendar.load()
    files = StaffFiles(folder=made.people.papers, channel_of=lambda _: FakeChannel(), public_url="https://a.example")
    return replace(
        made.office,
        assistant=assistant,
        knowing=Knowing(store=made.store, library=library, router=router, assistant=assistant),
        handling=Handling(store=made.store, forms=forms, files=files),
        packets=Packets(customers=made.people.desk.customers, forms=forms, hours=ServiceHours(calendar=calendar)),
        warnings=draft_warnings.warnings,
    )


def known_words(library) -> frozenset[str]:
    """Return Latin words that are names: of staff, and whatever the handbooks themselves write (Keytruda, DICOM)."""
    told = [text for book in library for drug in book.drugs for text in (drug.brand, drug.generic, drug.maker)]
    told += [text for entry in library.entries.values() for text in (entry.fact.ask, entry.fact.say)]
    told += [clause.title for book in library for clause in book.clauses]
    return KNOWN | set(STAFF) | {word for text in told for word in re.findall(r"[A-Za-z][A-Za-z_-]+", text)}


def lived_in(house: CaseDesk) -> dict[str, list[object]]:
    """Let things happen, one of each kind, and return values for the variable parts of addresses."""
    case = house.applied()
    people, guan, zhu = house.people, house.visit("guan"), house.visit("zhu")
    people.says("臻爱无限住院垫付等待期多久", "今天天气怎么样", "在线看病能用几次", "我要投诉，你们太慢了，转人工")
    people.says("我想申请特药", contact="o-half")
    _worked(house, guan, case.number)
    at = _added(house, zhu)
    return {
        "conversation_id": [1, 2],
        "contact_id": [1, 999999],
        "number": [case.number, "none"],
        "paper_id": [1, 999999],
        "id": [at, 999999],
        "table": ["overview", "daily", "decisions", "hand-overs", "times", "deadlines", "reminders", "topics"],
        "_rest": ["nowhere"],
    }


def _worked(house: CaseDesk, guan: Visitor, number: str) -> None:
    """A manager works: takes over, answers, sends a file, notes; the case is moved, its paper refused, a call made."""
    at = "/console/conversations/1"
    guan.post(f"{at}/take")
    guan.post(f"{at}/reply", {"text": "您好", "key": "a" * 32})
    data = {"csrf": guan.token(), "key": "b" * 32, "file": (io.BytesIO(papers.photo()), "map.jpg")}
    guan.client.post(f"{at}/file", data=data, content_type="multipart/form-data")
    guan.post(f"{at}/note", {"text": "已核对", "key": "c" * 32})
    delivered(house.store, house.clock, state="dead", error="GiveUp: the platform refuses this call")
    paper = f"/console/cases/{number}/papers/1"
    guan.get(f"{paper}/file")
    guan.post(f"{paper}/refuse", {"reason": "照片模糊，看不清字"})
    guan.post(f"/console/cases/{number}/note", {"note": "已电话"})
    guan.post(f"/console/cases/{number}/assign", {"owner": "guan"})
    guan.post(f"/console/cases/{number}/pause", {"reason": "等原件"})
    guan.post(f"/console/cases/{number}/reveal")
    guan.post("/console/people/1/reveal")
    guan.post("/console/people/1/reminders/stop", {"kind": "all"})
    told = {"kind": "discharge", "contact_id": 1, "due_at": house.clock(), "detail": {"unreached": True}}
    house.store.write(
        lambda connection: call_tasks.add(connection, house.store.keys, subject="case:1", now=house.clock(), **told)
    )
    guan.post("/console/calls/1/phone")
    guan.post("/console/calls/1", {"outcome": "not_reached", "note": "没人接"})
    guan.post(f"{at}/hand", {"to": "2"})


def _added(house: CaseDesk, zhu: Visitor) -> int:
    """A supervisor adds to the handbooks, lets a colleague in and looks at what was done."""
    addition = {"kind": "phrasing", "product": WUXIAN, "texts": "小绿本丢了咋整", "topic": "inpatient-advance/overview"}
    written = zhu.post("/console/quality/items", {**addition, "version": "1"})
    zhu.post("/console/users", {"name": "new-one", "role": "operator"})
    work = {"role": "manager", "capacity": "5", "products": [WUXIAN], "on_duty": "yes"}
    zhu.post("/console/users/1/work", work)
    zhu.get("/console/quality/export")
    zhu.get("/console/figures/daily.csv")
    zhu.get("/console/audit?subject=工单")
    zhu.post("/console/audit/check")
    Visitor(house.app).login("guo", "wrong password")
    return int(re.search(r"/items/(\d+)", written.location)[1])


def addresses(app: Flask, values: dict[str, list[object]]) -> Iterator[str]:
    """Yield every address that can be opened, with each value; a route with a new kind of value fails here."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/console") or "GET" not in rule.methods:
            continue
        if rule.endpoint in NOT_PAGES or rule.endpoint.endswith("static"):
            continue
        found = [""]
        for part in re.split(r"(<[^>]+>)", rule.rule):
            name = part[1:-1].rpartition(":")[2]
            found = [path + str(one) for path in found for one in (values[name] if part[:1] == "<" else [part])]
        yield from found


@on_sqlite
def test_no_page_and_no_refusal_shows_an_english_word(house: CaseDesk, library) -> None:
    values, known = lived_in(house), known_words(library)
    assert english_pages(house, values, known) == {}
    assert english_refusals(house, values, known) == {}
    trail = " ".join(visible(house.visit("zhu").get("/console/audit").get_data(as_text=True)))
    for act in ("接管会话", "回复客户", "发出文件", "材料退回", "导出统计", "登录失败", "查看受保护的内容"):
        assert act in trail, act


def shown(answer) -> list[str]:
    """Return what an answer shows: a page, a chart, a table of figures, or the pieces that a page puts into itself."""
    if answer.is_json:
        return [text for one in answer.json.values() if "<" in str(one) for text in visible(one)]
    text = answer.get_data(as_text=True)
    return [text] if answer.mimetype == "text/csv" else visible(text)


def english_pages(house: CaseDesk, values: dict[str, list[object]], known: frozenset[str]) -> dict[str, list]:
    """Open everything that can be opened; return the English words found, by address."""
    zhu, wrong = house.visit("zhu"), {}
    more = [f"/console/?queue={one}" for one in ("mine", "others", "bot", "closed")]
    more += ["/console/quality?days=90", f"/console/quality/write?product={WUXIAN}&q=等待期", "/console/audit?actor=x"]
    more += [
        "/console/calls?state=done",
        "/console/conversations/1/handbook?q=等待期",
        "/console/conversations/1?q=等待期",
    ]
    pages = [*addresses(house.app, values), *more]
    assert len(pages) > 50
    for path in pages:
        answer = zhu.get(path)
        assert answer.status_code < 500, path
        if answer.status_code == 302 or answer.mimetype == "image/jpeg":
            continue
        if found := sorted(set(english(shown(answer), known=known))):
            wrong[path] = found
    return wrong


def english_refusals(house: CaseDesk, values: dict[str, list[object]], known: frozenset[str]) -> dict[str, list]:
    """Send forms that are refused; return the English words found, by address."""
    zhu, number, wrong = house.visit("zhu"), values["number"][0], {}
    forms = {
        "/console/users": {"name": "!", "role": "manager"},
        "/console/users/1/work": {"capacity": "x"},
        "/console/password": {"old": "x", "new": "short", "again": "short"},
        "/console/account/totp": {"password": "x", "wants": "yes"},
        "/console/quality/items": {"kind": "phrasing", "product": WUXIAN, "texts": "", "topic": "x/y"},
        "/console/quality/test": {"words": "我爸突然倒下叫不醒", "product": ""},
        f"/console/quality/items/{values['id'][0]}/approve": {"version": "1", "checked": "yes"},
        f"/console/quality/items/{values['id'][0]}/publish": {"version": "7"},
        f"/console/cases/{number}/move": {"to": "nowhere", "seen": "1"},
        f"/console/cases/{number}/pause": {"reason": ""},
        f"/console/cases/{number}/assign": {"owner": "nobody"},
        "/console/conversations/1/reply": {"text": "保证赔付，您得了癌症，停药吧", "key": "d" * 32},
        "/console/conversations/1/hand": {"to": "999"},
        "/console/conversations/2/close": {"reason": "nonsense"},
        "/console/conversations/1/fill": {"slot": "nothing", "text": "x"},
        "/console/people/1/unlock": {},
        "/console/people/1/reminders/stop": {"kind": "nonsense"},
        "/console/calls/1": {"outcome": "later", "again_at": "x"},
    }
    for path, data in forms.items():
        answer = zhu.post(path, data)
        assert answer.status_code < 500, path
        assert answer.status_code in (200, 400, 404, 409, 422), (path, answer.status_code)
        if found := sorted(set(english(shown(answer), known=known))):
            wrong[path] = found
    refused = [Visitor(house.app).login("guan", "wrong"), zhu.client.post("/console/users", data={"csrf": "0"})]
    refused += [house.visit("guan").get("/console/users"), Visitor(house.app).get("/console/login?next=/console/audit")]
    for answer in refused:
        wrong |= {answer.request.path: list(english(shown(answer), known=known))}
    return {path: found for path, found in wrong.items() if found}


def test_every_act_of_the_audit_trail_has_its_word(library) -> None:
    written = {act for folder in ("care", "console", "handlers") for act in _acts(ROOT / folder)}
    written |= {f"call {outcome}".replace("_", " ") for outcome in get_args(Outcome)}
    assert len(written) > 60
    whole, begun = {act for act in written if not act.endswith("…")}, {act[:-1] for act in written if act.endswith("…")}
    assert whole - set(words().actions) == set()
    assert [part for part in begun if not any(act.startswith(part) for act in words().actions)] == []
    assert AuditWords(library).action("dose confirmed") == "确认接种记录"


def _acts(folder: Path) -> Iterator[str]:
    """Yield every act that is written in words where a function takes an `action`; "call …" where the end varies."""
    for path in folder.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source if "action" in source or "audited" in source else "")
        defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        places = {node.name: [one.arg for one in node.args.args if one.arg != "self"] for node in defined}
        places |= {"audited": ["office", "action"]}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            given = [one.value for one in call.keywords if one.arg == "action"]
            names = places.get(name, [])
            given += call.args[(at := names.index("action")) : at + 1] if "action" in names else []
            yield from (act for one in given for act in _written(one))


def _written(given: ast.expr) -> Iterator[str]:
    if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value:
        yield given.value
    elif isinstance(given, ast.IfExp):
        yield from (*_written(given.body), *_written(given.orelse))
    elif isinstance(given, ast.JoinedStr) and isinstance(given.values[0], ast.Constant):
        yield f"{given.values[0].value}…"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("客户 12", "contact:12"),
        ("会话：7", "conversation:7"),
        ("人员 guan", "user:guan"),
        ("列表 我的", "queue:mine"),
        ("机器人", "assistant"),
        ("guan", "guan"),
        ("contact:12", "contact:12"),
        ("", ""),
    ],
)
def test_the_trail_is_searched_by_the_words_it_shows(library, typed: str, stored: str) -> None:
    in_words = AuditWords(library)
    assert in_words.stored(typed) == stored
    if ":" in stored:
        assert in_words.stored(in_words.thing(stored)) == stored


def test_details_of_the_trail_are_told_by_their_names(library) -> None:
    detail = {
        "fields": ["answers", "paper 3"],
        "products": [WUXIAN],
        "on_duty": True,
        "slot": "diagnosed_on",
        "to": "guo",
    }
    told = dict(AuditWords(library).details({**detail, "with": "contact:2", "kind": "all"}))
    assert told["内容"] == "填写的内容、材料 3"
    assert told["产品"] == "臻爱无限"
    assert told["在岗"] == "是"
    assert told["交给"] == "guo"
    assert told["和"] == "客户 2"
    assert not re.search("[a-z_]{3,}", told["填的是"])
