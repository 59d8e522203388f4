"""Who and what the simulator has: fictional people, the accounts' menu, places, and the error codes to try."""

from collections.abc import Sequence
from dataclasses import dataclass

from console.platform.phone import PhoneAccount
from console.platform.wecom_phone import WeComPhoneAccount
from console.simulator.demo_policies import DemoPolicy


@dataclass(frozen=True, kw_only=True)
class MenuItem:
    """An entry of the account's menu. The key is what its click carries."""

    label: str
    key: str


EXAMPLES = ("住院垫付等待期多久？", "怎么申请二次诊疗？", "药店买药能直付吗？")


@dataclass(frozen=True, kw_only=True)
class SimulatedAccount:
    """An account as a follower (of an application: a member) sees it, and what the platform knows of it."""

    name: str
    phone: PhoneAccount | WeComPhoneAccount
    app_secret: str
    menu: Sequence[MenuItem] = ()
    examples: Sequence[str] = EXAMPLES  # what an empty chat proposes to ask
    policies: Sequence[DemoPolicy] = ()  # with which one can try to apply
    wish: str = ""  # what an empty chat then proposes to apply for
    open_kfid: str = ""  # of a customer service account: where its customers write


@dataclass(frozen=True, kw_only=True)
class Person:
    """A fictional follower."""

    id: str
    name: str
    about: str
    face: str  # one character for the picture
    is_staff: bool = False  # gets cards about work, and asks nothing


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place to send as a location."""

    label: str
    latitude: str
    longitude: str


PEOPLE = (
    Person(id="oSimulated-XiaoYuMama-000001", name="小雨妈妈", about="孩子 4 岁，爱用语音", face="雨"),
    Person(id="oSimulated-ZhangAyi-00000001", name="张阿姨", about="62 岁，给自己问", face="张"),
    Person(id="oSimulated-LiXiansheng-00001", name="李先生", about="替父亲问住院的事", face="李"),
    Person(id="oSimulated-NewFollower-00001", name="新朋友", about="还没有关注", face="新"),
)
# Members of the corporation that has an application: employees, and the demo's health managers, who get cards.
MEMBERS = (
    Person(id="ChenJing", name="陈静", about="公司员工，给自己和孩子问", face="静"),
    Person(id="LiuGong", name="刘工", about="公司员工，替母亲问住院的事", face="刘"),
    Person(
        id="LinGuanjia",
        name="林管家",
        about="健康管家（管家台账号 demo），在这里收到工作卡片",
        face="林",
        is_staff=True,
    ),
    Person(
        id="ZhouZhuguan",
        name="周主管",
        about="主管（管家台账号 demo-supervisor），在这里收到提醒卡片",
        face="周",
        is_staff=True,
    ),
)
NOT_FOLLOWING = frozenset(("oSimulated-NewFollower-00001",))

MENU = (
    MenuItem(label="服务项目", key="有哪些服务"),
    MenuItem(label="怎么申请", key="服务怎么申请"),
    MenuItem(label="人工服务", key="转人工"),
)

PLACES = (
    Place(label="北京市西城区某某胡同 1 号", latitude="39.915", longitude="116.366"),
    Place(label="上海市徐汇区某某路 2 号", latitude="31.188", longitude="121.436"),
    Place(label="成都市武侯区某某街 3 号", latitude="30.641", longitude="104.043"),
)

# What an operator may want to see the assistant survive; 503 is the HTTP status.
FAULTS = {
    -1: "系统繁忙",
    503: "平台 HTTP 503",
    40001: "令牌失效",
    42001: "令牌过期",
    45009: "当日调用用尽",
    45011: "每分钟调用用尽",
    45015: "超过 48 小时",
    45047: "条数用尽",
    43101: "用户未同意订阅",
    48001: "接口无权限",
    9001: "模板消息稍后报告用户拒收",
    9002: "模板消息稍后报告发送失败",
}
# The same for an application in WeCom.
MEMBER_FAULTS = {
    -1: "系统繁忙",
    503: "平台 HTTP 503",
    40014: "令牌失效",
    42001: "令牌过期",
    45009: "调用用尽",
    45033: "并发超限",
    48002: "接口无权限",
    60020: "服务器 IP 不可信",
    60111: "成员不存在",
    81013: "成员不在可见范围",
    301002: "AgentId 与 Secret 不是一对",
}

SERVICER = "ChenKefu"  # answers in WeCom for the simulated customer service
SERVICER_NAME = "陈客服"
KF_FAULTS = {
    -1: "系统繁忙",
    503: "平台 HTTP 503",
    40014: "令牌失效",
    42001: "令牌过期",
    45009: "调用用尽",
    48002: "接口无权限",
    95001: "五条已用完",
    95002: "超过 48 小时",
    95013: "会话已结束",
    95018: "会话状态不允许发送",
}
