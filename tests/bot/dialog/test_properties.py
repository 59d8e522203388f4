"""What holds for every dialog: it never fails, loses nothing, and ends with the same answers whatever the order."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialog import Dialog, Kind
from bot.dialog.plan import items
from bot.forms import Form
from bot.slots import kinds
from tests.bot.dialog.stage import FORMS, START, Stage

_WORDS = """
    1 2 第二个 儿子 女儿 本人 儿科医院 测试市中心医院 明天 25号 11月20号 下周 昨天 肺炎 没有 是的 不用
    好的 13800138000 990101199003071237 甲测试 6200000000000000 300元 门诊 住院 陪诊和护工 跳过 上一步
    继续 等会再说 不变 不对 不对，是26号 医院改成测试市儿童医院 电话错了 电话错了，应该是13900139000
    改第2项 不是明天是后天 多久？ 怎么办 我填了什么 你好 给我儿子办，明天住院，在儿科医院 甲药 乙药
    丙药 都不是 还有 发完了 确认 3 改一下医院 肺炎，明天住院
"""
SAYINGS = st.sampled_from(_WORDS.split())
ENDINGS = st.sampled_from(["取消", "重来", "不办了"])
TEXTS = st.one_of(
    SAYINGS, SAYINGS, ENDINGS, st.text(max_size=30), st.text("不对是改成医院日期电话错了上一步，。？ 25号", max_size=12)
)
TURNS = st.lists(
    st.tuples(TEXTS, st.sampled_from([1, 1, 1, 1, 45, 1500]), st.lists(st.sampled_from(["a", "b"]), max_size=1)),
    max_size=14,
)
FORM_IDS = sorted(FORMS)


@pytest.mark.parametrize("form_id", FORM_IDS)
@given(turns=TURNS)
@settings(max_examples=60, deadline=None)
def test_no_message_makes_a_dialog_fail(form_id: str, turns: list[tuple[str, int, list[str]]]) -> None:
    stage = Stage(FORMS[form_id], choosers=True)
    stage.begin()
    for text, minutes, files in turns:
        step = stage.say(text, files=files, after=minutes)
        state = step.dialog.to_state()
        assert Dialog.from_state(json.loads(json.dumps(state, ensure_ascii=False))) == step.dialog
        assert step.say or step.kind is Kind.COMPLETED
        again = stage.engine.repeat(step.dialog, now=stage.now)
        assert again.dialog.answers == step.dialog.answers
        if not step.is_open:
            break


@pytest.mark.parametrize("form_id", FORM_IDS)
@given(turns=st.lists(SAYINGS, max_size=20))
@settings(max_examples=60, deadline=None)
def test_no_answer_is_lost_without_a_wish_to(form_id: str, turns: list[str]) -> None:
    stage = Stage(FORMS[form_id], choosers=True)
    stage.begin()
    had: dict[str, Any] = {}
    for text in turns:
        step = stage.say(text)
        assert set(had) <= set(step.dialog.answers), text
        assert {key for key in had if had[key] != step.dialog.answers[key]} <= set(step.taken), text
        had = dict(step.dialog.answers)
        if not step.is_open:
            break


@pytest.mark.parametrize("form_id", FORM_IDS)
@given(turns=st.lists(st.one_of(SAYINGS, st.just("确认")), min_size=8, max_size=40))
@settings(max_examples=80, deadline=None)
def test_a_completed_dialog_has_every_required_answer_valid(form_id: str, turns: list[str]) -> None:
    stage = Stage(FORMS[form_id], choosers=True)
    stage.begin()
    for text in turns:
        step = stage.say(text)
        if step.kind is not Kind.COMPLETED:
            continue
        for item in items(FORMS[form_id], step.dialog.answers):
            given_one = step.dialog.answers.get(item.key)
            if given_one is None:
                assert item.question.optional
            else:
                assert kinds.is_valid(item.question, given_one, today=stage.now.date())
        break


# Answers as they are asked for, and as somebody names them out of turn.
DIRECT = {
    "who": ("儿子", "给谁改成儿子"),
    "hospital": ("测试市儿童医院", "医院是测试市儿童医院"),
    "admitted_on": ("12月3号", "住院日期是12月3号"),
    "diagnosis": ("支气管肺炎", "诊断：支气管肺炎"),
    "diagnosed_on": ("11月20号", "确诊日期是11月20号"),
    "operated": ("不用", "手术是不用"),
    "phone": ("13800138000", "联系电话是13800138000"),
    "remark": ("只有上午有空", "备注：只有上午有空"),
}
WRONG = {
    "who": "给谁改成女儿",
    "hospital": "医院是测试市中心医院",
    "admitted_on": "住院日期是12月9号",
    "diagnosis": "诊断：感冒",
    "diagnosed_on": "确诊日期是11月2号",
    "phone": "联系电话是13900139000",
}
EXPECTED = {
    "who": "son",
    "hospital": "测试市儿童医院",
    "admitted_on": "2026-12-03",
    "diagnosis": "支气管肺炎",
    "diagnosed_on": "2026-11-20",
    "operated": "no",
    "phone": "13800138000",
    "remark": "只有上午有空",
}


def test_direct_answers_give_the_expected() -> None:
    stage = Stage(FORMS["visit"])
    stage.begin()
    step = stage.say_all(*(direct for direct, _ in DIRECT.values()))
    assert step.kind is Kind.CONFIRM
    assert stage.answers == EXPECTED


@given(order=st.permutations(sorted(DIRECT)), wrong=st.lists(st.sampled_from(sorted(WRONG)), max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_order_with_corrections_gives_the_same_answers(order: list[str], wrong: list[str]) -> None:
    stage = Stage(FORMS["visit"])
    stage.begin()
    for slot in wrong:
        stage.say(WRONG[slot])
    for slot in order:
        stage.say(DIRECT[slot][1])
    assert stage.answers == EXPECTED
    assert stage.say("确认").kind is Kind.COMPLETED


def test_an_hour_of_silence_does_not_lose_answers() -> None:
    stage = Stage(FORMS["visit"])
    stage.begin()
    stage.say_all("儿子", "测试市儿童医院")
    before = dict(stage.dialog.answers)
    step = stage.engine.take(stage.dialog, "今天天气不错", now=START + timedelta(hours=5))
    assert dict(step.dialog.answers) == before


def test_a_deploy_in_the_middle_keeps_what_still_holds_and_asks_what_is_new() -> None:
    old = FORMS["visit"]
    stage = Stage(old)
    stage.begin()
    stage.say_all("儿子", "测试市儿童医院", "12月3号", "支气管肺炎")
    newer = [question.model_dump() for question in old.questions if question.slot != "diagnosis"]
    newer[0]["choices"] = [{"id": "child", "label": "孩子"}]
    newer.insert(1, {"slot": "city", "kind": "text", "ask": "在哪个城市？", "short": "城市"})
    form = Form.model_validate({**old.model_dump(), "version": 2, "questions": newer})
    after = Stage(form, now=stage.now)
    after.step = stage.step
    step = after.say("11月20号")
    assert step.dialog.version == 2
    assert step.dialog.answers == {
        "hospital": "测试市儿童医院", "admitted_on": "2026-12-03", "diagnosed_on": "2026-11-20",
    }  # fmt: skip
    assert step.dialog.former == {"who": "son", "diagnosis": "支气管肺炎"}
    assert step.dialog.asked == "who"
    step = after.say_all("孩子", "测试城", "不用", "13800138000", "跳过")
    assert step.kind is Kind.CONFIRM
    back = Stage(Form.model_validate({**old.model_dump(), "version": 3}), now=after.now)
    assert back.engine.current(step.dialog).answers["diagnosis"] == "支气管肺炎"


def test_the_dialog_of_one_form_does_not_go_on_in_another() -> None:
    stage = Stage(FORMS["visit"])
    stage.begin()
    with pytest.raises(ValueError, match="cannot go on"):
        Stage(FORMS["drug"]).engine.take(stage.dialog, "好", now=START)


def test_what_is_known_already_is_not_asked_unless_it_is_not_valid() -> None:
    stage = Stage(FORMS["person"])
    step = stage.begin(name="甲测试", id_number="990101199003071236", phone="13800138000", unknown="x")
    assert step.dialog.answers == {"name": "甲测试", "phone": "13800138000"}
    assert step.dialog.asked == "id_number"


def test_a_handler_can_set_an_answer_and_go_on() -> None:
    stage = Stage(FORMS["visit"])
    stage.begin()
    step = stage.engine.put(stage.dialog, "who", "son", now=START)
    assert step.dialog.answers == {"who": "son"}
    assert step.dialog.asked == "hospital"
    with pytest.raises(ValueError, match="not asked"):
        stage.engine.put(step.dialog, "who", "uncle", now=START)


def test_answers_are_shown_by_name_and_masked() -> None:
    stage = Stage(FORMS["person"])
    stage.begin(name="甲测试", phone="13800138000")
    assert stage.engine.shown(stage.dialog, now=START) == [("姓名", "甲测试"), ("手机号", "尾号8000")]
    assert stage.engine.shown(stage.dialog, now=START, masked=False)[1] == ("手机号", "13800138000")
