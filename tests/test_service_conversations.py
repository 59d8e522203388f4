"""Plays every transcript in tests/conversations/services: what people do, what they are told, what is stored of it.

A transcript is a YAML document with 对话 (its title) and 步骤; if wanted
- 现在: the frozen clock, China time; each message comes a minute later (without: 2026-11-23 10:00, a Monday)
- 账号: as in test_conversations
- 保单: policies that the insurer knows, in the shape of `tests.families`
- 已绑定: whether 甲, who writes, has verified them and agreed to the use of personal data (without: true)
- 尚缺: why it still fails

A step does one thing
- 用户 (a text), 语音, 图片, 文件, 事件, 点击; 谁 names another person who writes (乙)
- 过去: time passes (26小时, 3天, 10分钟); with a message: before it
- 提醒: the clock is set to this time, and what is due then is reminded of
- 移到: the newest case is moved to a step; cancelled: withdrawn for its person
- 改版: a newer form is deployed: {服务: product/service, 去掉: slots, 加上: questions}, or without the
  service: {服务: product/service, 撤下: true}
and tells what must follow
- 决定 (also 办理), 应答含, 应答不含, 引用, 归属, 呼叫, 无应答: as in test_conversations; 最长: characters
- 通知含, 无通知: what the step put into the outbox
- 受理: the newest case by 产品, 服务, 步骤, 被保险人, 答案 and 显示 (some slots' values and labels), 材料 (papers by
  id, 未分: not sorted), 期限 (promise: day), 次数 (held, spent, released, or 无)
- 受理数, 无受理: how many cases there are
- 孩子: what is recorded of a child, by name: 针 (product and day, ~ for an estimated one), 身高, 体重, 情况, 体检
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clock import CHINA, in_china
from bot.forms import Question
from bot.messages import Inbound, Kind, Owner
from tests.assistants import ACCOUNTS
from tests.families import policy
from tests.service_desk import Heard, ServiceDesk, span, with_flow, without_flow
from tests.test_conversations import DECISIONS, OWNERS, inbound_of, listed

TRANSCRIPTS = Path(__file__).parent / "conversations" / "services"
HEADS = {"对话", "现在", "账号", "保单", "已绑定", "尚缺", "步骤"}
SAYS = {"用户", "语音", "图片", "文件", "事件", "点击"}
DOES = SAYS | {"谁", "过去", "提醒", "移到", "改版"}
OF_REPLY = {"决定", "应答含", "应答不含", "引用", "归属", "呼叫", "无应答", "最长"}
OF_CASE = {"产品", "服务", "步骤", "被保险人", "答案", "显示", "材料", "期限", "次数"}
EXPECTS = OF_REPLY | {"通知含", "无通知", "受理", "受理数", "无受理", "孩子"}
DECIDED = {**DECISIONS, "办理": "dialog"}
NOON = "2026-11-23 10:00"
WRITER = "甲"


def transcripts() -> Iterator[Any]:
    for path in sorted(TRANSCRIPTS.glob("*.yaml")):
        for transcript in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            still_fails = [pytest.mark.xfail(strict=True, reason=transcript["尚缺"])] if "尚缺" in transcript else []
            yield pytest.param(transcript, id=f"{path.stem}: {transcript['对话']}", marks=still_fails)


@pytest.mark.parametrize("transcript", list(transcripts()))
def test_an_application_goes_as_its_transcript_says(service_desk: ServiceDesk, transcript: Mapping[str, Any]) -> None:
    desk = service_desk
    assert set(transcript) <= HEADS
    prepare(desk, transcript)
    for number, step in enumerate(transcript["步骤"], start=1):
        assert set(step) <= DOES | EXPECTS, step
        played = play(desk, step, account=transcript.get("账号", "all"))
        wrong = list(complaints(desk, step, played))
        reply = "\n".join(said.text for said in played.heard.outcome.replies) if played.heard else ""
        assert not wrong, f"step {number} {step}: {wrong}; the reply was {reply!r}, notices {played.notices}"


def prepare(desk: ServiceDesk, transcript: Mapping[str, Any]) -> None:
    now = datetime.fromisoformat(str(transcript.get("现在", NOON))).replace(tzinfo=CHINA)
    desk.clock.now = now.astimezone(UTC)
    account, rows = transcript.get("账号", "all"), transcript.get("保单", [])
    assert account in ACCOUNTS
    products = list(desk.library.handbooks)
    told = [policy(row, place=at, products=products, today=now.date()) for at, row in enumerate(rows, start=1)]
    desk.know(told, bound_to=(account, WRITER) if transcript.get("已绑定", True) and told else None)


@dataclass(frozen=True, kw_only=True)
class Played:
    """What came of a step. `heard` is None where nobody said anything."""

    heard: Heard | None
    notices: list[str]
    owner: Owner | None


def play(desk: ServiceDesk, step: Mapping[str, Any], *, account: str) -> Played:
    if "过去" in step:
        desk.clock.now += span(step["过去"])
    if "提醒" in step:
        desk.clock.now = datetime.fromisoformat(str(step["提醒"])).replace(tzinfo=CHINA).astimezone(UTC)
        desk.remind()
    if "改版" in step:
        deploy(desk, step["改版"])
    if "移到" in step:
        desk.move(desk.cases()[-1], step["移到"])
    heard, contact = None, step.get("谁", WRITER)
    if SAYS & set(step):
        desk.clock.move(minutes=1)
        heard = desk.take(replace(message_of(step, account=account, at=desk.clock()), contact=contact))
    return Played(
        heard=heard,
        notices=desk.new_notices(),
        owner=desk.owner(account=account, contact=contact) if heard else None,
    )


def message_of(step: Mapping[str, Any], *, account: str, at: datetime) -> Inbound:
    message = inbound_of({"图片": True} if "文件" in step else step, account=account, at=at)
    return replace(message, kind=Kind.FILE) if "文件" in step else message


def deploy(desk: ServiceDesk, change: Mapping[str, Any]) -> None:
    product, service = change["服务"].split("/")
    if change.get("撤下"):
        desk.deploy(without_flow(desk.library, product, service))
        return
    flow = desk.library.handbooks[product].flows[service]
    kept = [question for question in flow.questions if question.slot not in listed(change.get("去掉"))]
    added = [Question.model_validate(question) for question in change.get("加上", [])]
    desk.deploy(with_flow(desk.library, product, service, {"questions": (*kept, *added)}))


def complaints(desk: ServiceDesk, step: Mapping[str, Any], played: Played) -> Iterator[str]:
    """Yield what of a step's expectations does not hold."""
    if played.heard is None:
        assert not set(step) & OF_REPLY, f"nobody spoke in {step}"
    else:
        yield from about_reply(step, played.heard)
    if "归属" in step and played.owner is not OWNERS[step["归属"]]:
        yield f"belongs to {played.owner}"
    notices = "\n".join(played.notices)
    yield from (f"notices lack {word}" for word in listed(step.get("通知含")) if word not in notices)
    if step.get("无通知") and notices:
        yield "there is a notice"
    opened = desk.cases()
    wanted = 0 if step.get("无受理") else step.get("受理数", len(opened))
    if len(opened) != wanted:
        yield f"{len(opened)} cases"
    if "受理" in step:
        yield from about_case(desk, step["受理"])
    if "孩子" in step:
        yield from about_children(desk, step["孩子"])


def about_reply(step: Mapping[str, Any], heard: Heard) -> Iterator[str]:
    outcome = heard.outcome
    reply = "\n".join(said.text for said in outcome.replies)
    if bool(reply) == step.get("无应答", False):
        yield "a reply" if reply else "no reply"
    decision = outcome.understanding.decision if outcome.understanding else None
    if "决定" in step and decision != DECIDED[step["决定"]]:
        yield f"decided {decision}"
    yield from (f"lacks {word}" for word in listed(step.get("应答含")) if word not in reply)
    yield from (f"says {word}" for word in listed(step.get("应答不含")) if word in reply)
    if len(reply) > step.get("最长", len(reply)):
        yield f"has {len(reply)} characters"
    cited = [f"{citation.product} {citation.clause}" for said in outcome.replies for citation in said.citations]
    for wanted in listed(step.get("引用")):
        if not any(place.startswith(wanted) for place in cited):
            yield f"cites {cited}"
    if outcome.page is not step.get("呼叫", False):
        yield "pages somebody" if outcome.page else "pages nobody"


def about_case(desk: ServiceDesk, wanted: Mapping[str, Any]) -> Iterator[str]:
    assert set(wanted) <= OF_CASE, wanted
    opened = desk.cases()
    if not opened:
        yield "no case"
        return
    case = opened[-1]
    stored = desk.row(case)
    found = {
        "产品": case.product,
        "服务": case.service,
        "步骤": case.step,
        "被保险人": stored["insured"],
        "材料": sorted(paper or "未分" for paper in stored["papers"]),
        "次数": "、".join(stored["uses"]) or "无",
    }
    expected = {**wanted, "材料": sorted(listed(wanted["材料"]))} if "材料" in wanted else wanted
    for name, value in found.items():
        if name in expected and expected[name] != value:
            yield f"{name}: {value}"
    for name, told in (("答案", case.answers), ("显示", case.labels), ("期限", due_days(stored["deadlines"]))):
        for slot, value in wanted.get(name, {}).items():
            if plain(told.get(slot)) != plain(value):
                yield f"{name} {slot}: {told.get(slot)!r} of {dict(told)}"


def about_children(desk: ServiceDesk, wanted: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    known = {child.name: child for child in desk.children()}
    for name, expected in wanted.items():
        if name not in known:
            yield f"no child {name}"
            continue
        child = known[name]
        last = child.growth[-1] if child.growth else None
        in_order = sorted(child.doses, key=lambda dose: (dose.on, dose.vaccine))
        found = {
            "针": [f"{dose.vaccine} {'~' if dose.is_about else ''}{dose.on}" for dose in in_order],
            "身高": last.height_cm if last else None,
            "体重": last.weight_kg if last else None,
            "情况": child.profile.conditions,
            "体检": [str(one.on) for one in child.check_ups],
        }
        yield from (f"{what} of {name}: {found[what]}" for what in expected if found[what] != expected[what])


def due_days(deadlines: Mapping[str, Any]) -> dict[str, str]:
    return {promise: in_china(one.due_at).date().isoformat() for promise, one in deadlines.items()}


def plain(value: Any) -> Any:
    """Return a value as JSON holds it: YAML reads dates and numbers by itself."""
    return value.isoformat() if isinstance(value, date) else value
