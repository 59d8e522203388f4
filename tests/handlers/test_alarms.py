"""What a form asks for is an answer, even where its words are like an alarm; what happens to somebody is none."""

import pytest

from bot.forms import Choice, Question
from bot.messages import Outcome, Reply
from handlers.alarms import is_answer, warned
from intents.danger import SELF_HARM
from intents.match import Match

LIKENESS = Match(decision="emergency", intent="emergency", is_sure=False)
SIGN = Match(decision="emergency", intent="emergency")
DESPAIR = Match(decision="emergency", intent=SELF_HARM)
DESPAIR_BY_LIKENESS = Match(decision="emergency", intent=SELF_HARM, is_sure=False)
DIAGNOSIS = Question(slot="diagnosis", kind="text", short="病情", ask="什么病？")
HOSPITAL = Question(slot="hospital", kind="hospital", short="医院", ask="哪家医院？")
DRUG = Question(slot="drug", kind="drug", short="药品", ask="哪种药？")
COMPLAINT = Question(slot="complaint", kind="text", short="情况", ask="哪里不舒服？", longest=500)
CAUSE = Question(
    slot="cause",
    kind="choice",
    short="原因",
    ask="跟这些有关吗？",
    choices=(
        Choice(id="traffic", label="交通事故", called=("车祸", "电动车")),
        Choice(id="none", label="都没有", called=("生病",)),
    ),
)


@pytest.mark.parametrize(
    ("alarm", "text", "asked"),
    [
        (LIKENESS, "湖南省肿瘤医院", HOSPITAL),
        (LIKENESS, "紫杉醇", DRUG),
        (SIGN, "脑梗", DIAGNOSIS),
        (DESPAIR_BY_LIKENESS, "手臂骨折", DIAGNOSIS),
        (SIGN, "车祸", CAUSE),
        (SIGN, "被电动车撞了", CAUSE),
        (LIKENESS, "孩子咳嗽两个星期了，夜里咳得睡不着，想问要不要拍片", COMPLAINT),
    ],
)
def test_what_was_asked_for_is_an_answer(alarm: Match, text: str, asked: Question) -> None:
    assert is_answer(alarm, text, asked)


@pytest.mark.parametrize(
    ("alarm", "text", "asked"),
    [
        (SIGN, "在肿瘤医院喘不上气", HOSPITAL),
        (LIKENESS, "脸都白了", HOSPITAL),
        (SIGN, "我爸被电动车撞了现在躺在地上叫不醒", CAUSE),
        (SIGN, "昏过去了", CAUSE),
        (SIGN, "我爸胸口疼，疼了快一个小时了，喘不上气", COMPLAINT),
        (DESPAIR, "不想活了", DIAGNOSIS),
        (DESPAIR_BY_LIKENESS, "撑不下去了", DIAGNOSIS),
        (SIGN, "喘不上气", None),
    ],
)
def test_what_happens_to_somebody_is_no_answer(alarm: Match, text: str, asked: Question | None) -> None:
    assert not is_answer(alarm, text, asked)


@pytest.mark.parametrize(("text", "comes_first"), [("被电动车撞了", True), ("车祸", False)])
def test_120_stands_before_the_next_question_unless_the_words_were_offered(text: str, comes_first: bool) -> None:
    said = warned(Outcome(replies=(Reply(text="下一个问题？"),)), SIGN, CAUSE, text)
    assert ("120" in said.replies[0].text) is comes_first
    assert said.page is comes_first


def test_120_stands_first_where_a_complaint_is_only_like_an_alarm() -> None:
    said = warned(Outcome(replies=(Reply(text="有照片吗？"),)), LIKENESS, COMPLAINT, "咳得睡不着")
    assert said.replies[0].text.startswith("人有危险请马上拨打120")
    assert said.page
