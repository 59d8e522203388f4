"""The recorded reasons in Chinese: every one that is ever recorded, for every recorded message, without a single id."""

import ast
import csv
import json
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from bot.dialog.steps import Kind as StepKind
from bot.errors import ConfigurationFault
from bot.messages import Understanding
from console import reasons
from console.reasons import GONE, UNTOLD, Explained, phrasebook, read
from handlers import requests, tasks
from handlers.dose_gaps import GapKind
from handlers.parts import parts_of
from handlers.respond import Assistant
from intents import catalogue
from intents.danger import FOLDER as DANGER
from intents.match import Context
from knowledge.vocabulary import attribute_names
from tests.assistants import PRODUCTS, WUXIAN

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests/questions"
EVERY = 8  # of the recorded messages one in so many, of each kind
QUOTED = re.compile("“[^”]*”")  # a person's own words, and questions of the handbooks


@pytest.fixture
def explained(library) -> Explained:
    return Explained(lambda: (library,))


def recorded_messages() -> list[list[str]]:
    """Return the recorded conversations, as what the person says in turn."""
    rows = [
        [turn["user"] for turn in row["turns"]] if "turns" in row else [row["text"]]
        for path in sorted(QUESTIONS.glob("*.jsonl"))
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]
    with (QUESTIONS / "foreign_frozen.csv").open(encoding="utf-8", newline="") as stream:
        return [*rows, *([row["text"]] for row in csv.DictReader(stream))]


def ids(library) -> set[str]:
    """Return everything that is an id somewhere, and may therefore not be shown."""
    services = {service.id for book in library for service in book.services}
    families = {service.family for book in library for service in book.services}
    codes = {code for table in phrasebook().words.values() for code in table}
    return {*library.handbooks, *services, *families, *codes, *attribute_names()} - {"car-t"}


def faults(shown: str, forbidden: set[str]) -> list[str]:
    """Return what is wrong with a shown reason: not put into Chinese, or with an id in it."""
    bare = QUOTED.sub("", shown)
    words = [word for word in re.findall(r"[A-Za-z][A-Za-z_ /-]+", bare) if word.strip() in forbidden or "/" in word]
    missing = [mark for mark in (UNTOLD, GONE) if mark in shown]
    english = [word for word in re.findall(r"[a-z]{2,}", bare) if word not in forbidden]
    return [*words, *missing, *english]


def test_every_reason_of_the_recorded_messages_is_told_in_chinese(library, router, explained) -> None:
    assistant = Assistant(library, router, products={"all": PRODUCTS})
    forbidden, wrong, count = ids(library), {}, 0
    for talk in recorded_messages()[::EVERY]:
        context = Context(products=PRODUCTS)
        for message in talk:
            outcome = assistant.discuss(message, context)
            context = Context.from_state(outcome.state, products=PRODUCTS)
            for reason in outcome.understanding.reasons:
                (shown,) = explained.reasons([reason], outcome.understanding)
                count += 1
                if found := faults(shown, forbidden):
                    wrong[reason] = (shown, found)
    assert count > 1000
    assert wrong == {}


def test_every_reason_that_stands_in_the_code_is_told(explained) -> None:
    said = set()
    for folder in ("handlers", "intents"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                given = node.value if isinstance(node, ast.keyword) and node.arg in ("reasons", "reason") else None
                given = node.value if isinstance(node, ast.Assign) and _names(node) & {"reasons", "reason"} else given
                said |= {part.value for part in _texts(given)}
    assert len(said) > 40
    known_elsewhere = {"a manager skipped it", "consent withdrawn", "deleted", "not wanted any more", "quiet hours"}
    known_elsewhere |= {
        "no consent",
        "a turn is being taken",
        "a person has the conversation",
        "the person was deleted",
    }
    known_elsewhere |= {"failed", "not reached", "busy"}  # of reminders, files and hand-overs
    assert [one for one in sorted(said - known_elsewhere) if UNTOLD in explained.reasons([one])[0]] == []


def _names(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _texts(given: ast.expr | None) -> list[ast.Constant]:
    parts = given.elts if isinstance(given, ast.Tuple) else [given]
    return [one for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value]


def test_every_code_that_a_reason_may_hold_has_its_word(library, explained) -> None:
    words = phrasebook().words
    signs = [yaml.safe_load((DANGER / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("signs", "self_harm")]
    concepts = {name for kind in signs for tier in ("grave", "event", "disease", "part") for name in kind.get(tier, {})}
    fields = set(yaml.safe_load((DANGER / "fields.yaml").read_text(encoding="utf-8"))["telling"])
    assert concepts - set(words["sign"]) == set()
    assert fields - set(words["field"]) == set()
    assert {intent.name for intent in catalogue.load()} - set(words["intent"]) == set()
    assert {*parts_of(tasks), *parts_of(requests)} - set(words["task"]) == set()
    assert set(get_args(GapKind)) - set(words["gap"]) == set()
    checks = re.findall(r'check="(\w+)"', (ROOT / "care/eligibility_checks.py").read_text(encoding="utf-8"))
    assert set(checks) - set(words["check"]) == set()
    for kind in StepKind:
        assert UNTOLD not in explained.reasons([f"dialog {kind.value}"])[0]


def test_a_reason_is_told_with_names_and_with_the_form_it_was_heard_in(explained) -> None:
    about = Understanding(decision="dialog", product=WUXIAN, service="inpatient-advance", attribute="apply")
    told = explained.reasons(
        [
            f"product named: {WUXIAN}",
            "in scope 0.82, foreign 0.03, medical 0.00",
            "dialog asked",
            f"only {WUXIAN} has it; best {WUXIAN}/inpatient-advance/uses 1.90, 0 near it, 1 told",
            "danger: like recorded alarms (+0.34): breath × cold sweat",
            f"name 在线看病 → {WUXIAN}/text-consultation (shape)",
        ],
        about,
    )
    assert told == (
        "提到产品：臻爱无限",
        "像手册问题 0.82，像外部问题 0.03，像医疗问题 0.00",
        "在申请住院垫付的表单里回答了一项",
        f"只有臻爱无限有这项；最接近“{explained.topic(f'{WUXIAN}/inpatient-advance/uses')}”（1.90），没有相近的",
        "像是有危险的话（+0.34），提到：呼吸、冷汗",
        "“在线看病”认作臻爱无限的图文咨询（字形相近）",
    )


def test_what_nobody_has_put_into_chinese_is_said_to_be_so_and_what_is_gone_too(explained) -> None:
    assert explained.reasons(["a new reason"]) == (UNTOLD,)
    assert explained.reasons(["词语：等待期", "词语：等待期"]) == ("词语：等待期",)
    assert explained.topic("gone/gone/gone") == GONE
    assert explained.product("gone") == GONE
    assert explained.attribute("some-request") == UNTOLD


def test_a_braced_word_of_a_person_is_shown_as_it_was_typed(explained) -> None:
    assert explained.reasons([f"name {{where}} → {WUXIAN} (exact)"]) == ("“{where}”认作臻爱无限（一字不差）",)


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("GiveUp: the five messages after the customer's last one are used", "客户上次说话后，能发的几条已用完"),
        ("tried 8 times: RetryLater: the platform did not answer in time", "试了多次都没有发出"),
        ("RetryLater: WeCom answers with HTTP 502", "稍后自动再发"),
        ("not delivered: fail_type 4 (user)", "平台原因 4"),
        ("ConfigurationFault: app_secret: the platform refuses it; copy it again from its page", "请告诉运营"),
        ("SomethingNew", "原因见服务日志"),
    ],
)
def test_a_failed_delivery_tells_why(explained, recorded: str, told: str) -> None:
    shown = explained.failure(recorded)
    assert told in shown
    assert not re.search(r"[A-Za-z]{2,}", shown)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"reasons": [{"when": "(", "say": "坏"}]}, "reasons: entry 1 (()"),
        ({"reasons": [{"when": "x (?P<nothing>.)", "say": "坏"}]}, "group nothing is no kind"),
        ({"reasons": [{"when": "x", "say": "坏{product}"}]}, "is no group of its pattern"),
        ({"reasons": [{"when": "x", "say": "bad"}]}, "'bad' is no Chinese"),
        ({"failures": [{"when": "x", "say": "bad"}]}, "failures: entry 1"),
        ({"words": {"sign": {"down": "down"}}}, "words: sign: down"),
        ({"more": 1}, "more"),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_entry(tmp_path, changed, complaint: str) -> None:
    content = yaml.safe_load(reasons.REASONS.read_text(encoding="utf-8")) | changed
    path = tmp_path / "reasons.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ConfigurationFault, match=re.escape(complaint)) as fault:
        read(path)
    assert str(path) in str(fault.value)


def test_what_was_understood_is_told_whole_for_the_simulators_panel(explained) -> None:
    heard = Understanding(
        decision="answer",
        product=WUXIAN,
        service="inpatient-advance",
        attribute="uses",
        facts=(f"{WUXIAN}/inpatient-advance/uses",),
        reasons=("cues: uses",),
        next_move="moved_on",
    )
    told = explained.understanding(heard)
    assert (told.product, told.service, told.attribute) == ("臻爱无限", "住院垫付", "可用次数")
    assert told.facts[0].startswith("住院垫付 · ")
    assert told.reasons == ("问的像是：可用次数",)
    assert (told.decision, told.next_move) == ("answer", "moved_on")  # the page has its own words for these
