"""What the checks say to the person: brief, with the dates they rest on. Chinese; a sentence or two each."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from care import rules
from care.policy import Insured, Policy, Standing
from care.policy_years import next_policy_year, policy_year

NO_SERVICE = "您的产品没有这项服务。"
HAS_SERVICE = "您的产品有这项服务。"
NO_WAITING = "手册没有规定等待期。"
WAITING_UNKNOWN = "手册写了有等待期，但没写多少天，保单资料里也没有，要请健康管家核实。"
UNLIMITED = "不限次数。"
DAY_OPEN = "以您要填的那个日期为准。"
ANSWERS_ALLOWED = "您说的情况没有碰到手册里不能用的规定。"

_OPTIONS = {"vaccine": "疫苗责任", "dental": "齿科责任", "vision": "眼视力责任"}
_PERSONS = {"holder": "投保人", "insured": "被保险人"}
_RELATIONS = {"self": "投保人本人", "spouse": "配偶", "child": "子女", "parent": "父母", "other": "被保险人"}
_DAYS = {"daily": "每天", "weekdays": "周一至周五", "working_days": "工作日"}


def day(on: date) -> str:
    """Return a date as people write it: 2026年1月31日."""
    return f"{on.year}年{on.month}月{on.day}日"


def in_force(found: Standing, policy: Policy, on: date) -> str:
    """Tell how the policy stands on the day."""
    if found == "lapsed":
        return _lapsed(policy, on)
    return {
        "in_force": f"{day(on)}在保险期间内（{day(policy.effective_on)}至{day(policy.expires_on)}）。",
        "not_begun": f"保单{day(policy.effective_on)}才生效。",
        "expired": f"保单{day(policy.expires_on)}已经到期。如果已经续保，请找健康管家核对。",
        "surrendered": "保单已经退保，服务随之终止。",
        "unclear": "保单的中止和复效记录不完整，要请健康管家核实。",
    }[found]


def _lapsed(policy: Policy, on: date) -> str:
    since = f"从{day(policy.lapsed_on)}起" if policy.lapsed_on else "目前"
    until = policy.reinstated_on
    back = f"，{day(until)}复效" if until is not None and until > on else ""
    return f"保单{since}效力中止{back}，中止期间不能用服务。"


def person(covered: bool, persons: Sequence[str], insured: Insured | None) -> str:
    """Tell for whom the service is and for whom it was asked."""
    allowed = "和".join(_PERSONS[one] for one in _PERSONS if one in persons)
    asked_for = _RELATIONS.get(insured.relation, "被保险人") if insured is not None else "投保人本人"
    if covered:
        return f"这项服务给{allowed}用，{asked_for}可以用。"
    return f"这项服务只给{allowed}用，{asked_for}不在范围内。"


def option(bought_what: str, bought: bool | None) -> str:
    """Tell whether an optional liability was bought."""
    name = _OPTIONS.get(bought_what, bought_what)
    if bought is None:
        return f"{name}是可选责任，保单资料里没写有没有买，要请健康管家核实。"
    return f"保单买了可选的{name}。" if bought else f"{name}是可选责任，这份保单没有买。"


def waiting(days: int, over_on: date, over: bool) -> str:
    """Tell the waiting period with its last day."""
    if days == 0:
        return "这项服务没有等待期。"
    last = day(over_on - timedelta(days=1))
    if over:
        return f"等待期{days}天，到{last}为止，已经过了。"
    return f"等待期{days}天，到{last}为止，{day(over_on)}起可以用。"


def cooling_off(over_on: date, over: bool, *, known: bool) -> str:
    """Tell whether the cooling-off period is over."""
    if over:
        return "犹豫期已经过了。"
    if known:
        return f"犹豫期过后才能用，{day(over_on)}起可以。"
    return f"过了犹豫期才能用。手册没写犹豫期几天，{day(over_on)}之前要请健康管家核实。"


def lapse(result: str, policy: Policy) -> str:
    """Tell that rights which a lapse has ended don't come back."""
    if result == "pass":
        return "保单没有效力中止过。"
    if result == "unknown":
        return "保单的中止记录不完整；中止过的保单，服务不再恢复。要请健康管家核实。"
    rule = "按手册，中止后服务权益全部终止，复效也不恢复。"
    if policy.reinstated_on is None and policy.lapsed_on is not None:
        return rule  # since when is told with the policy itself, which is not in force
    lapsed = f"保单{day(policy.lapsed_on)}效力中止过" if policy.lapsed_on is not None else "保单效力中止过"
    return f"{lapsed}。{rule}"


def diagnosis(result: str, diagnosed_on: date, policy: Policy, *, handbook_is_open: bool) -> str:
    """Tell what a first diagnosis on that day means."""
    on = day(diagnosed_on)
    if result == "pass":
        return f"{on}确诊，在等待期之后。"
    if diagnosed_on < policy.effective_on:
        return f"{on}确诊，在保单{day(policy.effective_on)}生效之前；生效后首次确诊的才能用这项服务。"
    if result == "fail":
        return f"{on}确诊时，等待期还没过；等待期满前确诊的，期满后也不能用这项服务。"
    if handbook_is_open:
        return f"{on}确诊时，等待期还没过；这样的手册没写清能不能用，要请健康管家核实。"
    return f"等待期有多少天还不清楚，{on}确诊是否在等待期后，要请健康管家核实。"


def uses(count: rules.Uses, left: int, policy: Policy, on: date, *, partly: bool) -> str:
    """Tell how many uses are left of a count; `partly`: only some kinds of this service are counted by it."""
    kinds = "（只有部分项目计次，其他项目不占这个次数）" if partly else ""
    if count.per == "policy_year":
        first, last = policy_year(policy, on)
        span = f"这个保单年度（{day(first)}至{day(last)}）"
    else:
        span = "保险合同有效期内"
    if left:
        return f"{span}可用{count.count}次，还剩{left}次{kinds}。"
    return f"{span}的{count.count}次已经用完，正在办理的也算{kinds}。{_next(count, policy, on)}"


def _next(count: rules.Uses, policy: Policy, on: date) -> str:
    following = next_policy_year(policy, on) if count.per == "policy_year" else None
    return f"下个保单年度从{day(following)}起。" if following else ""


def hours(rule: rules.Hours, opens_at: datetime | None) -> str:
    """Tell the hours, and when somebody answers if nobody does now. `opens_at`: in China's time, None while open."""
    told = f"服务时间{_times(rule)}。"
    if opens_at is None:
        return told
    return f"{told}现在不在服务时间，申请可以先提交，{opens_at.month}月{opens_at.day}日{opens_at:%H:%M}起有人处理。"


def _times(rule: rules.Hours) -> str:
    if rule.days == "daily" and (rule.opens, rule.closes) == ("00:00", "24:00") and rule.holidays:
        return "7×24小时"
    times = f"{_DAYS[rule.days]}{rule.opens}-{rule.closes}"
    if rule.days == "working_days":
        return times
    return f"{times}（{'含' if rule.holidays else '不含'}节假日）"
