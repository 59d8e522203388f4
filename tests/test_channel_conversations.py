"""The same transcripts on every channel: messages come out of sealed callbacks and lists, replies go back the same way.

Each file's first conversation that a platform can carry is played on one channel after the other; some on all of them;
on WeChat customer service every fourth conversation. `make proof` plays every transcript on every channel.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.messages import Inbound
from bot.store.store import Store
from handlers.respond import Assistant
from tests import kf_line
from tests import test_conversations as answers
from tests import test_service_conversations as services
from tests.clocks import FixedClock
from tests.kf_line import KfAssistant, KfDesk
from tests.service_desk import KEYS, Heard, ServiceDesk
from tests.wires import WIRES, Wire, through

CHANNELS = ("wechat", "wecom", "wecom_kf", "web_chat")
_KF_EVERY = 4
ON_ALL = {"safety", "people", "choices", "consent", "steering", "following"}

SPEECH = "the platform hands over recordings without what was said in them"
UNSPOKEN = "a recording: neither is there recognised speech, nor does the web chat take sound at all"
MENU = "there is no menu of the account that could be tapped"
LEAVING = "nobody is told that somebody left, or what became of a template message"
_ALL_BUT_OFFICIAL, _NO_ACCOUNT_TO_FOLLOW = ("web_chat", "wecom", "wecom_kf"), ("web_chat", "wecom_kf")
# Every transcript that some channel cannot carry: on which it is therefore not played, and why.
OMITTED = {
    "messages: 关注时欢迎，取关时不出声": (_NO_ACCOUNT_TO_FOLLOW, LEAVING),
    "messages: 点菜单就是问那句话": (_NO_ACCOUNT_TO_FOLLOW, MENU),
    "messages: 点菜单不忘记说过的产品": (_NO_ACCOUNT_TO_FOLLOW, MENU),
    "messages: 等人工时点菜单里的人工": (_NO_ACCOUNT_TO_FOLLOW, MENU),
    "messages: 语音没识别出来": (_ALL_BUT_OFFICIAL, UNSPOKEN),
    "safety: 语音里的急事": (_ALL_BUT_OFFICIAL, SPEECH),
    "p1-inpatient-advance: 条件都不利时核对的话也不太长，奶奶替孙子办，医院等级不清楚，摔伤": (
        _ALL_BUT_OFFICIAL,
        SPEECH,
    ),
    "p1-international-second-opinion: 奶奶替孙子办，不同意用病情资料就不提交": (_ALL_BUT_OFFICIAL, SPEECH),
    "p3-family-doctor: 奶奶要建健康档案，接种证照片先发来": (_ALL_BUT_OFFICIAL, SPEECH),
    "p3-public-hospital-appointment: 用语音给娃挂号；中间问能不能约专家": (_ALL_BUT_OFFICIAL, SPEECH),
    "p3-vaccine-appointment: 奶奶用语音约流感疫苗，中间问了一句，约成": (_ALL_BUT_OFFICIAL, SPEECH),
    "people: 奶奶替孙子办，要说关系、知道要带什么": (_ALL_BUT_OFFICIAL, SPEECH),
}


class WiredDesk(ServiceDesk):
    """A desk whose messages and replies go through a channel."""

    wire: Wire

    def take(self, message: Inbound) -> Heard:
        heard = super().take(through(self.wire, message))
        assert self.wire.answered(heard.reply) == heard.reply
        return heard


def spoken(transcript: Mapping[str, Any]) -> Iterator[Inbound]:
    """Yield the messages of a transcript."""
    for step in transcript["步骤"]:
        if services.SAYS & set(step):
            yield services.message_of(step, account="all", at=FixedClock()())


def transcripts_of(path: Path) -> list[Mapping[str, Any]]:
    """Return the transcripts of a file that hold already."""
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if "尚缺" not in one]


def uncarried(transcript: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the channels on which a transcript cannot be played."""
    carrying = {"wecom_kf": kf_line.carries, **{channel: make(FixedClock()).carries for channel, make in WIRES.items()}}
    said = list(spoken(transcript))
    return tuple(channel for channel in sorted(carrying) if not all(carrying[channel](message) for message in said))


def selected(folder: Path, *, whole: bool) -> list[Any]:
    """Return (channel, transcript) of a folder: all of them, or a few of each file."""
    chosen, numbered = [], count()
    for at, path in enumerate(sorted(folder.glob("*.yaml"))):
        transcripts = transcripts_of(path)
        without = {one["对话"]: uncarried(one) for one in transcripts}
        for turn, channel in enumerate(CHANNELS):
            wanted = fit = [one for one in transcripts if channel not in without[one["对话"]]]
            if not whole and channel == "wecom_kf":
                wanted = [one for one in fit if next(numbered) % _KF_EVERY == 0]
            elif not whole:
                wanted = fit[: path.stem in ON_ALL or (at + turn) % len(CHANNELS) == 0]
            chosen += [pytest.param(channel, one, id=f"{channel} {path.stem}: {one['对话']}") for one in wanted]
    return chosen


@pytest.fixture
def desk_on(empty_database, tmp_path, library, router) -> Iterator[Callable[[str], ServiceDesk]]:
    """Open a desk whose messages and replies go through a channel."""
    opened: list[ServiceDesk] = []

    def open_on(channel: str) -> ServiceDesk:
        kind = KfDesk if channel == "wecom_kf" else WiredDesk
        desk = kind(empty_database, tmp_path, library=library, router=router, clock=FixedClock())
        opened.append(desk)
        if isinstance(desk, WiredDesk):
            desk.wire = WIRES[channel](desk.clock)
        return desk

    yield open_on
    for desk in opened:
        desk.close()


@pytest.fixture
def assistant_on(assistant, empty_database, tmp_path) -> Iterator[Callable[[str, answers.Talk], Any]]:
    """Let the assistant answer through a channel."""
    closing: list[Callable[[], None]] = []

    def answer_on(channel: str, talk: answers.Talk) -> Any:
        clock = FixedClock()
        if channel != "wecom_kf":
            return WiredAssistant(assistant, WIRES[channel](clock), clock)
        store = Store(f"sqlite:///{shutil.copy(empty_database, tmp_path / 'assistant.db')}", KEYS)
        lined = KfAssistant(assistant, store, tmp_path, clock=clock, state=talk.state)
        closing.extend((lined.close, store.close))
        return lined

    yield answer_on
    for close in closing:
        close()


def answered(assistant_on: Callable[[str, answers.Talk], Any], channel: str, transcript: Mapping[str, Any]) -> None:
    talk = answers.Talk.of(transcript)
    assistant = assistant_on(channel, talk)
    for number, step in enumerate(transcript["步骤"], start=1):
        outcome, talk = talk.take(assistant, step)
        wrong = list(answers.complaints(step, outcome, talk))
        assert not wrong, f"step {number} {step}: {wrong}"


class WiredAssistant:
    """An assistant whose messages and first replies go through a channel."""

    def __init__(self, assistant: Assistant, wire: Wire, clock: FixedClock) -> None:
        self._assistant, self._wire, self._clock = assistant, wire, clock

    def respond(self, turn):
        self._clock.now = turn.now
        message = through(self._wire, turn.inbound)
        outcome = self._assistant.respond(turn.__class__(inbound=message, conversation=turn.conversation, now=turn.now))
        first = outcome.replies[0].text if outcome.replies else ""
        assert self._wire.answered(first).strip() == first.strip()
        return outcome


def test_no_transcript_is_left_out_of_a_channel_without_a_reason():
    left_out = {
        f"{path.stem}: {one['对话']}": channels
        for folder in (answers.TRANSCRIPTS, services.TRANSCRIPTS)
        for path in sorted(folder.glob("*.yaml"))
        for one in transcripts_of(path)
        if (channels := uncarried(one))
    }
    assert left_out == {name: channels for name, (channels, _) in OMITTED.items()}


@pytest.mark.parametrize(("channel", "transcript"), selected(answers.TRANSCRIPTS, whole=False))
def test_an_answer_is_the_same_on_every_channel(assistant_on, channel, transcript):
    answered(assistant_on, channel, transcript)


@pytest.mark.parametrize(("channel", "transcript"), selected(services.TRANSCRIPTS, whole=False))
def test_an_application_goes_the_same_on_every_channel(desk_on, channel, transcript):
    services.test_an_application_goes_as_its_transcript_says(desk_on(channel), transcript)


@pytest.mark.proof
@pytest.mark.parametrize(("channel", "transcript"), selected(answers.TRANSCRIPTS, whole=True))
def test_every_answer_is_the_same_on_every_channel(assistant_on, channel, transcript):
    answered(assistant_on, channel, transcript)


@pytest.mark.proof
@pytest.mark.parametrize(("channel", "transcript"), selected(services.TRANSCRIPTS, whole=True))
def test_every_application_goes_the_same_on_every_channel(desk_on, channel, transcript):
    services.test_an_application_goes_as_its_transcript_says(desk_on(channel), transcript)
