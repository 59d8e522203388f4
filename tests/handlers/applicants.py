"""An applicant in front of the counter: answers whatever is asked, in any words and any order, as people do.

Mistakes are made and mended, questions come in between, pauses too. Whatever the counter notes must have been said: a
value that nobody gave, a dialog that gets nowhere and a reply that fails are `Wrong`. It is long because one person's
habits belong together.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from bot.dialog.questions import invites_questions
from bot.forms import Question, holds
from tests.handlers.counters import PHOTO, Counter
from tests.handlers.truths import Oracle, Truth
from tests.handlers.wordings import answer, statement, volunteered

MOST_MESSAGES = 100
MOST_PUT = 7  # times that one question is put without getting on
_VERIFYING = {"consent", "verify", "pick_policy"}
_LOOSE = {"text", "name", "hospital", "drug"}
_PLAIN = {"date", "phone", "card", "hospital", "text", "number"}  # values that say by themselves what they are
_UNRELATED = ("在吗", "你好", "哈哈", "谢谢")
_CHATTER = (*_UNRELATED, "今天天气不错", "等我戴一下眼镜", "有人敲门，等等")
_PAUSES = ("等一下", "稍后再说", "晚点再填", "我去找一下", "先不填了")
_YES = ("确认", "确认提交", "没问题，提交", "好的", "对的", "可以，确认", "是的")


class Wrong(AssertionError):
    """The counter did what it must not; says what, with the whole conversation."""


@dataclass
class Applicant:
    """One person with a truth, some habits (`rng`) and questions of their own to ask in between (`asides`)."""

    truth: Truth
    counter: Counter
    oracle: Oracle
    rng: Random
    opening: str
    asides: Sequence[str]
    slips: dict[str, list[Any]] = field(default_factory=dict)  # slot → what was ever said of it by mistake
    mending: str | None = None  # the slot that is being put right
    said: list[str] = field(default_factory=list)
    just_slipped: str | None = None
    put: int = 0
    has_begun: bool = False

    def apply(self) -> str:
        """Apply to the end; return the last reply. Raises Wrong."""
        reply = self._say(self._opening())
        for _ in range(MOST_MESSAGES):
            task = self.counter.task
            if task is None:
                return reply
            before, slipped = _standing(task), self.just_slipped
            reply = self._say(self._next(task, reply))
            self.just_slipped = self.just_slipped if self.just_slipped != slipped else None
            after = self.counter.task
            self.put = self.put + 1 if after is not None and _standing(after) == before else 0
            if self.put >= MOST_PUT:
                raise self.wrong("the same question again and again")
        raise self.wrong("no end in sight")

    # What to say next

    def _opening(self) -> str:
        """Ask for the service, sometimes with what else comes to mind: 我想申请住院垫付，给儿子办，在儿科医院."""
        said = [self.opening]
        if "insured" in self.truth.answers and self.rng.random() < 0.25:
            who = self._question("insured")
            assert who is not None
            said.append(f"给{statement(who, self._known('insured'), today=self._today, rng=self.rng)}办")
        more = self._more({"answers": {}}, "") if self.rng.random() < 0.25 else None
        return "，".join([*said, *([more] if more else [])])

    def _next(self, task: Mapping[str, Any], reply: str) -> str:
        dialog = task["dialog"]
        match dialog["phase"]:
            case "leaving":
                return self.rng.choice(("继续", "不取消，继续填"))
            case "restarting":
                return "不"
            case "picking":
                return self._pick(dialog)
        if task["kind"] in _VERIFYING:
            return self._verify(dialog["asked"], reply)
        return self._confirm(dialog, reply) if dialog["phase"] == "confirming" else self._answer(dialog)

    def _pick(self, dialog: Mapping[str, Any]) -> str:
        wanted = self.mending or next(iter(self._amiss(dialog)), None)
        for at, pick in enumerate(dialog["picks"], start=1):
            key, value, _ = pick
            if key == wanted if value is None else value == self._known(key):
                return str(at)
        return self._in_words(dialog["asked"] or dialog["picks"][0][0])

    def _verify(self, slot: str, reply: str) -> str:
        policy, rng = self.truth.policy, self.rng
        match slot:
            case "agree":
                return rng.choice(("同意", "同意的", "好的，同意"))
            case "product":
                return self._line_with(reply, self.oracle.short(policy.product))
            case "policy":
                return self._line_with(reply, policy.number[-4:])
            case "number":
                number, identity = policy.number, policy.holder_id_number
                return rng.choice((number, number.lower(), f"保单号{number}", identity, identity.lower()))
            case "insured_name":
                name = rng.choice(policy.insured).name
                return rng.choice((name, f"叫{name}", f"被保险人是{name}"))
        four = policy.holder_phone[-4:]
        return rng.choice((four, f"尾号{four}", policy.holder_phone, " ".join(four)))

    def _line_with(self, reply: str, words: str) -> str:
        line = re.search(rf"^(\d+)\. .*{re.escape(words)}", reply, re.MULTILINE)
        if line is None:
            raise self.wrong(f"no numbered line names {words}")
        return line[1]

    def _answer(self, dialog: Mapping[str, Any]) -> str:
        slot, amiss = dialog["asked"], self._amiss(dialog)
        if slot == self.mending:
            return self._in_words(slot)
        if amiss and amiss[0] == self.just_slipped and self._kind(amiss[0]) in _PLAIN and self.rng.random() < 0.5:
            return self._take_back(amiss[0], dialog)
        if amiss and (self.rng.random() < 0.4 or not self._is_asked(slot)):
            return self._mend(amiss[0])
        beside = self._beside(dialog)
        if beside is not None:
            return beside
        if slot not in dialog["answers"] and self.rng.random() < 0.1:
            return self._slip(slot)
        more = self._more(dialog, slot) if self.rng.random() < 0.2 and self._known(slot) is not None else None
        return f"{self._in_words(slot)}，{more}" if more else self._in_words(slot)

    def _beside(self, dialog: Mapping[str, Any]) -> str | None:
        """Sometimes say something that is no answer."""
        question, chance = self._question(dialog["asked"]), self.rng.random()
        is_loose = question is not None and question.kind in _LOOSE
        if chance < 0.03 and dialog["trail"]:
            return self.rng.choice(("上一步", "返回上一步"))
        if chance < 0.05:
            return self.rng.choice(_UNRELATED if is_loose else _CHATTER)
        if chance < 0.08:
            return self._pause()
        if chance < 0.10:
            return self.rng.choice(("取消", "重来", "我填了什么", PHOTO))
        if chance < 0.14 and question is not None and not invites_questions(question):
            return self.rng.choice(self.asides)
        return None

    def _pause(self) -> str:
        if self.rng.random() < 0.6:
            self._say(self.rng.choice(_PAUSES))
        self.counter.wait(hours=self.rng.choice((0.2, 1, 5, 26)))
        return self.rng.choice(("继续", "我回来了"))

    def _confirm(self, dialog: Mapping[str, Any], reply: str) -> str:
        amiss = self._amiss(dialog)
        if amiss:
            return self._mend(amiss[0], reply)
        chance = self.rng.random()
        if chance < 0.08:
            return self.rng.choice(self.asides)
        if chance < 0.12:
            return self._pause()
        return "上一步" if chance < 0.14 else self.rng.choice(_YES)

    # Saying a value

    def _in_words(self, slot: str) -> str:
        question, value = self._question(slot), self._known(slot)
        if question is None:
            raise self.wrong(f"{slot} is asked, which this service does not ask for")
        if value is None:
            return self.rng.choice(("跳过", "跳过", "不填", "不知道"))
        return answer(question, value, today=self._today, rng=self.rng)

    def _slip(self, slot: str) -> str:
        """Say something that is possible, but wrong; it will be put right."""
        question, known = self._question(slot), self._known(slot)
        if question is None or known is None or slot == "medical":
            return self._in_words(slot)
        value = self.oracle.value(question, self.truth.policy)
        if value in (None, known) or self.truth.would_end(self.counter.now, **{slot: value}):
            return self._in_words(slot)
        self.slips.setdefault(slot, []).append(value)
        self.just_slipped = slot
        return answer(question, value, today=self._today, rng=self.rng)

    def _take_back(self, slot: str, dialog: Mapping[str, Any]) -> str:
        """Put the last answer right without a name for it."""
        question = self._question(slot)
        assert question is not None
        self.mending, today = slot, self._today
        new = statement(question, self._known(slot), today=today, rng=self.rng)
        forms = ["不对，是{new}", "说错了，是{new}", "打错了，应该是{new}"]
        if question.kind != "text":
            forms.append("不是{old}，是{new}")
        old = statement(question, dialog["answers"][slot], today=today, rng=self.rng)
        return self.rng.choice(forms).format(new=new, old=old)

    def _mend(self, slot: str, reply: str = "") -> str:
        self.mending, name = slot, self._name(slot)
        line = re.search(rf"^(\d+)\. {re.escape(name)}：", reply, re.MULTILINE)
        if line is not None and self.rng.random() < 0.4:
            return self.rng.choice((f"改第{line[1]}项", line[1], f"第{line[1]}项错了"))
        if self.rng.random() < 0.25:
            return self.rng.choice((f"改一下{name}", f"{name}写错了", f"{name}不对"))
        question = self._question(slot)
        assert question is not None
        value = statement(question, self._known(slot), today=self._today, rng=self.rng)
        form = ("{}错了，应该是{}", "{}改成{}", "不对，{}是{}", "{}应该是{}")
        return self.rng.choice(form).format(name, value)

    def _more(self, dialog: Mapping[str, Any], slot: str) -> str | None:
        """Another slot that is still open and can be told by its name."""
        known = [
            one
            for one in self.truth.questions
            if one.kind in ("date", "phone", "hospital")
            and one.slot not in (*dialog["answers"], slot)
            and holds(one.when, dialog["answers"])
            and (dialog["answers"] or one.kind != "phone")  # 联系电话 beside a service asks for the service's own
            and self._known(one.slot) is not None
        ]
        if not known:
            return None
        question = self.rng.choice(known)
        return volunteered(question, self._known(question.slot), today=self._today, rng=self.rng)

    # What is known

    def _known(self, slot: str) -> Any:
        return self.truth.answers.get(slot)

    def _question(self, slot: str) -> Question | None:
        return next((one for one in self.truth.questions if one.slot == slot), None)

    def _kind(self, slot: str) -> str:
        question = self._question(slot)
        return question.kind if question else ""

    def _name(self, slot: str) -> str:
        question = self._question(slot)
        return question.short if question else slot

    def _is_asked(self, slot: str) -> bool:
        question = self._question(slot)
        return question is not None and holds(question.when, self.truth.answers)

    def _amiss(self, dialog: Mapping[str, Any]) -> list[str]:
        """The slots whose noted answers are not the truth, as far as they count."""
        counting = _counting(self.truth, dialog).items()
        return [slot for slot, value in counting if value != self._known(slot) and self._kind(slot) != "files"]

    @property
    def _today(self) -> date:
        return self.counter.now.date()

    # Speaking, and watching what is noted

    def _say(self, text: str) -> str:
        self.said.append(f"{self.counter.now:%m-%d %H:%M} 👤 {text}")
        reply = self.counter.hear(text, is_spoken=text != PHOTO and self.rng.random() < 0.1)
        self.said.append(f"            🤖 {reply}")
        if not reply:
            raise self.wrong("no reply")
        self._watch()
        return reply

    def _watch(self) -> None:
        task = self.counter.task
        if task is None or task["kind"] != "apply":
            return
        about, dialog = task["about"], task["dialog"]
        if (about["product"], about["service"]) != (self.truth.policy.product, self.truth.flow.service):
            raise self.wrong(f"another service was begun: {about['product']}/{about['service']}")
        if not self.has_begun:
            # The service's name may be that of one of its kinds, too: 住院垫付 of 追加垫付 and others.
            self.slips.update({slot: [value] for slot, value in dialog["answers"].items()})
            self.has_begun = True
        for slot, value in dialog["answers"].items():
            is_right = value == self._known(slot) or self._kind(slot) == "files"
            if not is_right and value not in self.slips.get(slot, ()):
                raise self.wrong(f"noted {slot} = {value!r}; the truth is {self._known(slot)!r}")
        if self.mending and self.mending not in self._amiss(dialog):
            self.mending = None

    def wrong(self, what: str) -> Wrong:
        """Return the complaint with the whole conversation."""
        return Wrong("\n".join([what, f"truth: {dict(self.truth.answers)}", f"slips: {self.slips}", *self.said]))


def _counting(truth: Truth, dialog: Mapping[str, Any]) -> dict[str, Any]:
    """Return the noted answers of questions that are asked under them."""
    answers = dialog["answers"]
    asked = {one.slot for one in truth.questions if holds(one.when, answers)}
    return {slot: value for slot, value in answers.items() if slot in asked}


def _standing(task: Mapping[str, Any]) -> tuple[Any, ...]:
    dialog = task["dialog"]
    return task["kind"], dialog["phase"], dialog["asked"], len(dialog["answers"])
