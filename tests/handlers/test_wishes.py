"""People who want something done say so in their own words; each wish begins the form of the service that is meant."""

from dataclasses import replace

import pytest

from bot.messages import Inbound, Kind
from tests.assistants import GROWTH, ZHENAI21
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
    "reimbursement-claim": (
        "我要报销",
        "门诊费用帮我报一下",
        "那我孙子看病花的钱你帮我报一下吧",
        "发票给你们，帮我报销",
    ),
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

WISHES_OF_21 = {
    "video-consultation": (
        "帮我开通视频问诊",
        "我要申请视频问诊",
        "帮我约个视频医生",
        "想跟医生视频一下",
        "我想在手机上看个医生",
        "给我妈开通一下视频问诊",
        "麻烦帮我约视频问诊",
        "视频问诊过期了，帮我重新开通",
        "申请开通视频问诊",
        "俺想视频看看病",
        "那个视频看病的帮我弄一下",
        "我要找医生视频",
        "帮忙约个医生问诊",
        "办视频问珍",
        "我想用视频问诊",
    ),
    "outpatient-fast-track": (
        "帮我申请重疾门诊绿通",
        "我妈查出肺癌，帮我约个专家",
        "帮我挂个专家号",
        "我要约专家门诊",
        "想给我爸约个主任看看",
        "我要走门诊绿色通道",
        "帮我申请门诊录通",
        "专家号挂不到，帮帮忙挂一个",
        "我老公得了癌，帮我找个好专家",
        "麻烦给约一下肿瘤科的专家",
        "预约重疾专家门诊",
        "帮俺娘挂个大医院的专家",
        "我想预约专家门诊",
        "给外婆约个主任号",
        "申请门诊绿通",
    ),
    "inpatient-fast-track": (
        "帮我申请住院绿通",
        "帮我妈安排住院",
        "医院没床位，帮我排一下",
        "我要约床位",
        "手术排不上，帮我想办法",
        "帮我安排手术",
        "我要申请重疾住院/手术绿通",
        "给我爸约个床位",
        "我老伴要住院开刀，帮忙安排一下",
        "帮忙安排一下住院手术",
        "我想走住院绿色通道",
        "住不进医院，帮帮我",
        "麻烦帮我妈联系住院",
        "办理手术绿通",
        "申请住院绿桶",
    ),
    "gene-test": (
        "帮我申请基因检测",
        "我想给我妈做个基因检测",
        "我要做基因检测",
        "帮我安排肿瘤用药基因检测",
        "我妈肺癌要测基因，帮我申请",
        "麻烦约一下基因检测",
        "想给我妈查查基因",
        "帮我爸做鸡因检测",
        "基因检测帮我办一下",
        "我要申请肿瘤基因检测",
        "给外婆安排基因检测",
        "我想申请用药基因检测",
        "帮我约基因检测取样",
        "俺要做个基因化验",
        "申请基因检测",
    ),
    "second-opinion": (
        "帮我申请二诊",
        "我想找专家再看看",
        "帮我妈申请肿瘤二诊",
        "想请别的专家会诊一下",
        "我要做二次诊疗",
        "想听听别的专家的意见",
        "帮我约个肿瘤二诊",
        "找大医院的专家再看看片子",
        "我要申请二珍",
        "帮我安排专家会诊",
        "麻烦帮我爸办二诊",
        "想换个专家看看",
        "给我妈约二诊",
        "我想要第二诊疗意见",
        "申请二诊",
    ),
    "specialty-drug": (
        "帮我申请特药",
        "我要买靶向药",
        "我想申请赠药",
        "帮我申请援助用药",
        "我妈要用泰瑞沙，帮她申请特药直赔，送到家里",
        "帮我办药品直赔",
        "要拿抗癌药，帮我预约",
        "特药帮我申请一下",
        "麻烦给我爸申请特要",
        "我要领特药",
        "我想申请慈善赠药",
        "帮我把药寄到家里",
        "给外婆买靶向药",
        "我要报案买特药",
        "申请特种药",
    ),
    "car-t": (
        "帮我申请CAR-T",
        "我要做cart",
        "我妈淋巴瘤，想做CAR-T，帮我申请",
        "帮我安排细胞治疗",
        "申请CAR-T治疗",
        "我想约CAR-T面诊",
        "麻烦办一下car t",
        "帮外婆申请卡替",
        "我要申请细胞疗法",
        "CAR-T帮我申请一下",
        "想给我爸做CART治疗",
        "我要用CAR-T",
        "帮忙办卡提",
        "给我妈约CAR-T",
        "办理CAR-T就医服务",
    ),
    "hongai-hospital": (
        "想约弘爱医院的体检",
        "帮我挂弘爱的专家号，看骨科",
        "我要约弘爱医院的门诊",
        "帮我约弘爱陪诊",
        "我要申请弘爱理赔",
        "帮我妈约红爱医院",
        "在厦门看病，帮我约个陪诊",
        "弘爱医院体检帮我约一下",
        "预约厦门弘爱医院",
        "弘爱帮我挂个号",
        "我想在弘爱做个体检",
        "麻烦报一下弘爱的费用",
        "帮我在宏爱约个专家",
        "要去弘爱看病，帮我安排陪诊",
        "申请弘爱协助",
    ),
}
QUESTIONS_OF_21 = (
    "视频问诊怎么申请",
    "视频问诊能申请吗",
    "视频问诊多久能开通",
    "门诊绿通怎么申请",
    "重疾门诊绿通多久能约上",
    "我能申请门诊绿通吗",
    "住院绿通怎么预约",
    "住院绿通能用几次",
    "没床位怎么办",
    "基因检测怎么申请",
    "基因检测要什么条件",
    "肿瘤二诊怎么申请",
    "二诊多久能约好",
    "特药怎么申请",
    "特药审核要多久",
    "赠药怎么申请",
    "CAR-T怎么申请",
    "CAR-T能申请吗",
    "CAR-T要多久",
    "弘爱医院怎么预约",
    "弘爱理赔怎么申请",
    "弘爱体检能约吗",
    "等待期内确诊能用绿通吗",
    "预约了二诊不去会怎样",
    "特药可以送到家吗",
    "专家门诊可以指定医生吗",
    "家里人能代我申请二诊吗",
    "约专家要等几天",
    "申请特药要什么材料",
)


EVERYBODY = ("self", "spouse", "child", "parent", "parent")  # so that nobody is refused who is spoken of


def first_message(desk: ServiceDesk, text: str, *, product: str = GROWTH, account: str = "jdallianz") -> str | None:
    told = {"product": product} if product == GROWTH else {"product": product, "insured": [*EVERYBODY]}
    family = policy(told, place=1, products=[product], today=desk.clock().date())
    desk.know([family], bound_to=(account, "甲"))
    message = Inbound(account=account, contact="甲", key="", kind=Kind.TEXT, sent_at=desk.clock(), text=text)
    understood = desk.take(replace(message, key="1")).outcome.understanding
    return understood.service if understood is not None and understood.decision == "dialog" else None


@pytest.mark.parametrize(("service", "wish"), [(name, wish) for name, wishes in WISHES.items() for wish in wishes])
def test_a_wish_in_ones_own_words_begins_the_service_meant(service_desk: ServiceDesk, service: str, wish: str) -> None:
    assert first_message(service_desk, wish) == service


@pytest.mark.parametrize("text", NO_WISHES)
def test_what_tells_asks_or_refuses_begins_nothing(service_desk: ServiceDesk, text: str) -> None:
    assert first_message(service_desk, text) is None


@pytest.mark.parametrize(("service", "wish"), [(name, wish) for name, some in WISHES_OF_21.items() for wish in some])
def test_a_wish_begins_the_service_of_who_has_the_other_insurer(
    service_desk: ServiceDesk, service: str, wish: str
) -> None:
    assert first_message(service_desk, wish, product=ZHENAI21, account="junlong") == service


@pytest.mark.parametrize("text", QUESTIONS_OF_21)
def test_a_question_about_applying_goes_to_the_handbook(service_desk: ServiceDesk, text: str) -> None:
    assert first_message(service_desk, text, product=ZHENAI21, account="junlong") is None
