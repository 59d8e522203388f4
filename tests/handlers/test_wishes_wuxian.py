"""People with 臻爱无限 ask for its services in their own words, by voice and with slips; questions stay questions."""

import re

import pytest

from tests.assistants import WUXIAN
from tests.handlers.test_wishes import first_message
from tests.service_desk import ServiceDesk

WISHES = {
    "inpatient-advance": """
        帮我申请住院垫付  我想办住院垫付  住院垫付，帮我办一下  我妈住院了交不起钱，想申请垫付
        给我爸申请一下住院垫付呗
        那个啥我要弄那个住院垫付  俺老头子住院嘞想办个垫付  申请住院电付  我要住院垫付  我住院了，帮我先垫一下钱
        请帮我垫付住院费  马上要住院了，麻烦帮我提交垫付申请  想追加垫付  钱不够了帮我追加垫付  帮我办出院手续
        我明天出院，帮我代办出院  在不？我想走一下住院垫付  你好，我要给孩子办住院垫付
    """,
    "inpatient-fast-track": """
        帮我申请住院绿通  我要约住院绿通  我想办绿色通道住院  帮我安排住院  给我妈安排个床位
        我确诊了乳腺癌，想申请住院绿通
        绿通，给我办一个  帮我老伴申请一下绿通  住院录通我要申请  我想走绿通住院  麻烦帮我约一下住院
        没床位，帮我申请绿通安排住院  申请重疾住院绿通  俺要那个绿通  我要用绿通
    """,
    "international-second-opinion": """
        帮我申请国际二诊  我要申请国际二次诊疗  我想找国外专家看看，帮我申请二诊  给我爸约个国际二诊  我要做国际二诊
        预约海外二诊  申请二次诊疗  帮我安排国外专家会诊  想申请一个国际会诊  国际二诊申请  二诊我要办
        帮我妈办个国际二诊吧  我要国际2诊  帮我启动国际二诊服务  给我儿子做个国际二次诊疗
    """,
    "specialty-drug": """
        帮我申请特药  我要买特药  医生开了泰瑞沙，帮我预约购药  我要预约购药  预约送药上门  帮我妈申请特药
        给我配一下奥希替尼
        我想买赫赛汀，帮我办一下  申请恶性肿瘤特药服务  俺要买那个抗癌药，帮我弄一下  特要服务我要申请
        我要做药品咨询
        我想申请用药咨询  药房没药，帮我申请特药购药  帮我约一下特药
    """,
    "text-consultation": """
        帮我申请图文咨询  我要图文咨询  我想咨询医生  帮我约个医生咨询一下  我要在线问诊  帮我找个医生
        给孩子约个在线咨询
        开通图文咨询  我想做个健康咨询  发起图文咨询  帮我问问医生  图文咨询我要用一下  我想在线问医生
        老头子要问医生，帮我弄下图文咨询  我要图文资询
    """,
}
QUESTIONS = """
    住院垫付怎么申请  住院垫付能申请吗  申请住院垫付要多久  怎么办住院绿通  我能申请国际二诊吗
    国际二诊多久出报告  特药怎么买
    我想问一下特药怎么申请  申请垫付需要什么材料  要申请住院垫付得先交钱吗  我妈住院了能垫付吗  我要买特药需要处方吗
    图文咨询几点到几点  我想知道绿通能安排床位吗  我申请了垫付可以取消吗  申请绿通后多久能住院
    想问住院垫付可以申请几次
    办住院垫付的流程  我办了垫付自己还要付钱吗  出院要提前几天通知  我要出院了要做什么  申请特药被拒绝了咋办
    国庆期间住院绿通办不办
    臻爱无限负责给我垫钱的那位，手机号给我一个呗  申请特药要那些资枓
    才买十天就查出癌，想立马找国外专家二诊，给不给办
    第一回用线上问大夫，一步一步教教我呗  国际二诊我想一年做两三次没问题吧  取消预约
    绿通住院能自己挑医生不 我想找某个主任  二诊的片子是要我自己送去哇 我腿脚不方便  想给我妈申请特药 在网上纳里提教
"""


def several(text: str) -> list[str]:
    """Return what stands two blanks or a line apart."""
    return [one.strip() for one in re.split(r"\s{2,}|\n", text) if one.strip()]


@pytest.mark.parametrize(
    ("service", "wish"), [(name, wish) for name, wishes in WISHES.items() for wish in several(wishes)]
)
def test_a_wish_begins_the_service_that_is_meant(service_desk: ServiceDesk, service: str, wish: str) -> None:
    assert first_message(service_desk, wish, product=WUXIAN) == service


@pytest.mark.parametrize("text", several(QUESTIONS))
def test_a_question_about_a_service_goes_to_the_handbook(service_desk: ServiceDesk, text: str) -> None:
    assert first_message(service_desk, text, product=WUXIAN) is None
