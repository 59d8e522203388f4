"""Plays every transcript in tests/conversations: what people say, what must and must not come back.

A transcript is a YAML document with 对话 (its title) and 步骤; if wanted 现在 (the frozen clock, China time), 账号
(jdallianz, junlong, or all: an account with every product), 产品 (one named before) and 尚缺 (why it still fails).
A step is what the person does (用户 text, 语音 recognised speech, 图片, 事件, 点击) with what must follow: 决定,
应答含, 应答不含, 引用 (product and the beginning of a clause), 归属 (机器人, 等人工), 呼叫 (somebody is paged), 无应答.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.clock import CHINA
from bot.messages import Conversation, Inbound, Kind, Outcome, Owner, Turn
from handlers.respond import Assistant
from tests.assistants import ACCOUNTS

TRANSCRIPTS = Path(__file__).parent / "conversations"
DECISIONS = {
    "回答": "answer", "反问": "clarify", "不知道": "abstain", "问医生": "medical",
    "急救": "emergency", "转人工": "handoff", "寒暄": "smalltalk", "菜单": "menu",
}  # fmt: skip
OWNERS = {"机器人": Owner.BOT, "等人工": Owner.WAITING}
DOES = {"用户", "语音", "图片", "事件", "点击"}
EXPECTS = {"决定", "应答含", "应答不含", "引用", "归属", "呼叫", "无应答"}
HEADS = {"对话", "现在", "账号", "产品", "尚缺", "步骤"}
NOON = datetime(2026, 9, 30, 12, 0, tzinfo=CHINA)


def transcripts() -> Iterator[Any]:
    for path in sorted(TRANSCRIPTS.glob("*.yaml")):
        for transcript in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            still_fails = [pytest.mark.xfail(strict=True, reason=transcript["尚缺"])] if "尚缺" in transcript else []
            yield pytest.param(transcript, id=f"{path.stem}: {transcript['对话']}", marks=still_fails)


@pytest.mark.parametrize("transcript", list(transcripts()))
def test_a_conversation_goes_as_its_transcript_says(assistant: Assistant, transcript: Mapping[str, Any]) -> None:
    assert set(transcript) <= HEADS
    talk = Talk.of(transcript)
    for number, step in enumerate(transcript["步骤"], start=1):
        assert set(step) <= DOES | EXPECTS, step
        outcome, talk = talk.take(assistant, step)
        wrong = list(complaints(step, outcome, talk))
        reply = "\n".join(said.text for said in outcome.replies)
        assert not wrong, f"step {number} {step}: {wrong}; the reply was {reply!r} ({outcome.understanding})"


@dataclass(frozen=True, kw_only=True)
class Talk:
    """The conversation as the machine keeps it between turns."""

    account: str
    now: datetime
    owner: Owner = Owner.BOT
    state: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, transcript: Mapping[str, Any]) -> "Talk":
        now = transcript.get("现在")
        account = transcript.get("账号", "all")
        assert account in ACCOUNTS
        return cls(
            account=account,
            now=datetime.fromisoformat(str(now)).replace(tzinfo=CHINA) if now else NOON,
            state={"product": transcript["产品"]} if "产品" in transcript else {},
        )

    def take(self, assistant: Assistant, step: Mapping[str, Any]) -> tuple[Outcome, "Talk"]:
        """Take one turn; state goes through JSON and back, as it does through the store."""
        inbound = inbound_of(step, account=self.account, at=self.now.astimezone(UTC))
        conversation = Conversation(id=1, account=self.account, owner=self.owner, epoch=1, state=self.state)
        outcome = assistant.respond(Turn(inbound=inbound, conversation=conversation, now=inbound.sent_at))
        return outcome, replace(
            self,
            now=self.now + timedelta(minutes=1),
            owner=Owner.WAITING if outcome.hand_over else self.owner,
            state=self.state if outcome.state is None else json.loads(json.dumps(outcome.state)),
        )


def inbound_of(step: Mapping[str, Any], *, account: str, at: datetime) -> Inbound:
    message = Inbound(account=account, contact="a-person", key=at.isoformat(), kind=Kind.TEXT, sent_at=at)
    if "用户" in step:
        return replace(message, text=str(step["用户"]))
    if "语音" in step:
        return replace(message, kind=Kind.VOICE, text=step["语音"] or "", media_id="voice")
    if "图片" in step:
        return replace(message, kind=Kind.IMAGE, media_id="picture")
    if "点击" in step:
        return replace(message, kind=Kind.EVENT, event="click", event_key=step["点击"])
    return replace(message, kind=Kind.EVENT, event=step["事件"])


def complaints(step: Mapping[str, Any], outcome: Outcome, after: Talk) -> Iterator[str]:
    """Yield what of a step's expectations does not hold."""
    reply = "\n".join(said.text for said in outcome.replies)
    if bool(reply) == step.get("无应答", False):
        yield "a reply" if reply else "no reply"
    decision = outcome.understanding.decision if outcome.understanding else None
    if "决定" in step and decision != DECISIONS[step["决定"]]:
        yield f"decided {decision}"
    yield from (f"lacks {word}" for word in listed(step.get("应答含")) if word not in reply)
    yield from (f"says {word}" for word in listed(step.get("应答不含")) if word in reply)
    cited = [f"{citation.product} {citation.clause}" for said in outcome.replies for citation in said.citations]
    for wanted in listed(step.get("引用")):
        if not any(place.startswith(wanted) for place in cited):
            yield f"cites {cited}"
    if "归属" in step and after.owner is not OWNERS[step["归属"]]:
        yield f"belongs to {after.owner}"
    if outcome.page is not step.get("呼叫", False):
        yield "pages somebody" if outcome.page else "pages nobody"


def listed(expected: Any) -> list[str]:
    return [] if expected is None else [str(one) for one in (expected if isinstance(expected, list) else [expected])]
