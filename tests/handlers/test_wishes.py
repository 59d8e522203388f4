"""People who want something done say so in their own words; each wish begins the form of the service that is meant."""

from dataclasses import replace

import pytest

from bot.messages import Inbound, Kind
from tests.assistants import GROWTH
from tests.families import policy
from tests.service_desk import ServiceDesk

WISHES = {
    "vaccine-appointment": (
        "帮我约个疫苗",
        "给娃约流感疫苗",
        "帮我给二宝约五联第三针",
        "约疫苗",
        "给我们家宝宝约个疫瞄",
        "宝宝要打预防针了帮我约一下",
    ),
    "special-needs-desk": ("去儿科医院国际部，帮我安排人陪着", "帮我申请特需部住点服务", "我要预约陪诊"),
    "inpatient-advance": ("孩子住院了，帮我垫一下钱", "我要垫钱", "麻烦给娃申请住院店付", "住院没钱交，帮我申请垫付"),
    "family-doctor": ("帮我联系家庭医生", "给孩子建个健康档案", "我想线上看个医生", "帮我设置预防接种提醒"),
    "e-card": ("我要绑卡", "帮我给孩子爸爸也绑上电子卡", "卡灰了帮我处理一下"),
    "online-payment": ("在线支付付不了，帮我处理一下", "我要付自付部分", "找不到支付按钮，帮我看看"),
    "pre-authorisation": ("下周住院，帮我申请授权", "帮我报备一下手术", "做核磁要授权，帮我办", "帮我开担保函"),
    "public-hospital-appointment": ("帮我预约新华医院特需门诊", "给娃挂个号", "我要预约挂号", "麻烦帮我约下周二的儿科"),
    "reimbursement-claim": ("我要报销", "门诊费用帮我报一下", "看病的钱帮我报了", "发票给你们，帮我报销"),
    "vaccine-claim": (
        "我要报疫苗费",
        "我要申请疫苗责任理赔",
        "疫苗费帮我报销",
        "帮我申请儿保体检报销",
        "打疫苗的钱帮我报一下",
    ),
}
NO_WISHES = (
    "可以约哪些疫苗",
    "我约了明天儿童医学中心国际部",
    "疫苗理赔资料",
    "要是垫多了嘞",
    "优享plus电子保险卡绑定失败打哪个号码",
    "不用垫付了",
    "臻爱21 那个约专家门诊的",
    "电子卡怎么绑",
    "帮我约专家号可以吗",
)


def first_message(desk: ServiceDesk, text: str) -> str | None:
    family = policy({"product": GROWTH}, place=1, products=[GROWTH], today=desk.clock().date())
    desk.know([family], bound_to=("jdallianz", "甲"))
    message = Inbound(account="jdallianz", contact="甲", key="", kind=Kind.TEXT, sent_at=desk.clock(), text=text)
    understood = desk.take(replace(message, key="1")).outcome.understanding
    return understood.service if understood is not None and understood.decision == "dialog" else None


@pytest.mark.parametrize(("service", "wish"), [(name, wish) for name, wishes in WISHES.items() for wish in wishes])
def test_a_wish_in_ones_own_words_begins_the_service_meant(service_desk: ServiceDesk, service: str, wish: str) -> None:
    assert first_message(service_desk, wish) == service


@pytest.mark.parametrize("text", NO_WISHES)
def test_what_tells_asks_or_refuses_begins_nothing(service_desk: ServiceDesk, text: str) -> None:
    assert first_message(service_desk, text) is None
