"""Drafts that promise, diagnose or treat are warned about; honest ones are not."""

import pytest

from handlers.draft_warnings import kinds_in, warnings

PROMISES = [
    "您放心，保证赔付",
    "这个一定能赔",
    "肯定会给您报销的",
    "我保证能理赔",
    "100%能报",
    "这次垫付没问题",
    "理赔肯定没问题",
    "全额都能赔给您",
    "放心吧，能赔的",
    "包赔",
    "审核包过",
    "绝对可以通过",
    "一定會賠的",
]
DIAGNOSES = [
    "您这个情况应该是胃炎",
    "孩子多半是手足口病",
    "看症状就是流感",
    "我觉得是良性的肿瘤",
    "他得的是肺炎",
    "听起来像是过敏",
    "可以排除癌",
    "问题不大，不用去医院",
]
TREATMENTS = ["先吃两片布洛芬", "您可以每天吃一次降压药", "把药停了吧", "孩子可以打退烧药"]
HONEST = [
    "能不能赔由保险公司审核决定，以审核结果为准",
    "我们不能保证赔付，请您理解",
    "不保证一定能报销，要看审核",
    "是否能全额报销要看合同",
    "不一定能赔",
    "您好，我是健康管家小林，请问有什么可以帮您",
    "医生诊断您得的是胃炎，请把诊断书发来",
    "请问医生是不是说了是肺炎？",
    "我们不能诊断，请以医生的诊断为准",
    "请按医生的处方用药",
    "手册写明100种重疾，包括恶性肿瘤",
    "材料齐了，我帮您提交，1-3个工作日有结果",
    "如果是骨折，请先去急诊",
    "请勿自行停药，听医生的",
    "住院垫付要先交押金，出院再结算",
    "可以报销的项目在清单里",
    "您的申请已经通过，请留意短信",
    "这个疫苗可以打，请以接种门诊为准",
    "您提交的材料没问题",
]


@pytest.mark.parametrize("draft", PROMISES)
def test_a_promise_is_warned_about(draft: str) -> None:
    assert kinds_in(draft) == ["promise"]
    assert "审核" in warnings(draft)[0]


@pytest.mark.parametrize("draft", DIAGNOSES)
def test_a_diagnosis_is_warned_about(draft: str) -> None:
    assert "diagnosis" in kinds_in(draft)


@pytest.mark.parametrize("draft", TREATMENTS)
def test_advice_on_drugs_is_warned_about(draft: str) -> None:
    assert "treatment" in kinds_in(draft)


@pytest.mark.parametrize("draft", HONEST)
def test_an_honest_draft_is_not(draft: str) -> None:
    assert warnings(draft) == []


def test_one_honest_sentence_does_not_excuse_another() -> None:
    assert kinds_in("我们不能保证赔付。不过您这个一定能赔") == ["promise"]


def test_both_faults_are_told() -> None:
    assert kinds_in("您这个情况应该是胃炎，一定能赔") == ["promise", "diagnosis"]


def test_a_set_reply_with_a_gap_left_is_warned_about() -> None:
    assert kinds_in("您好，您的{产品}可以用视频问诊") == ["gap"]
    assert "{产品}" in warnings("您好，您的{产品}可以用视频问诊")[0]
    assert kinds_in("您好，您的臻爱无限可以用视频问诊") == []
