"""What parents say of a child that belongs into the profile: allergies, birth weight, the mother's HBsAg, region."""

import re
from typing import Any

from bot.slots.said import plain
from handlers.growth_words import growth_in

_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|"
    "青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
_REGION = re.compile(
    rf"(?:在|住|地区|省份|是|到|搬)(?:是|改成|改为|到|了|在|:|：)*(?P<region>{_PROVINCES})|^(?P<only>{_PROVINCES})[省市人]?$"
)
_BORN_WEIGHT = re.compile(r"出生|生下来|生的时候|刚生")
_HBSAG = re.compile(r"(?:妈妈?|母亲|我|孕妇|产妇)?(?:是|有)?(?:乙肝|表面抗原|hbsag|大三阳|小三阳)")
_POSITIVE = re.compile(r"阳性|大三阳|小三阳|携带|\+")
_NEGATIVE = re.compile(r"阴性|没有|正常|不是|无|-")
_CONDITION = re.compile(
    r"(?P<what>(?:对[^,，。;；、]{1,12}(?:、[^,，。;；、]{1,8}){0,3}过敏)|[^,，。;；]{0,6}(?:过敏体质|过敏史|早产|湿疹|哮喘|癫痫|惊厥|先心病?|心脏病|免疫缺陷|"
    r"白血病|黄疸|蚕豆病|g6pd|地贫|甲减|川崎病|肾病|低体重|双胞胎|手术|住过院|病史)[^,，。;；]{0,10})"
)
_LEADING = re.compile(
    r"^(?:宝宝|孩子|娃|他|她|我家|儿子|女儿|记一下|帮我记|备注|档案里?|写上|补充|还有|有|是|就是|也|,|，)+"
)


def changes_in(text: str, *, conditions: str = "") -> dict[str, Any]:
    """Return the fields of the profile that a text tells: conditions in the parent's words after those known."""
    words = plain(text)
    found: dict[str, Any] = {}
    told = [_LEADING.sub("", match["what"]).strip() for match in _CONDITION.finditer(words)]
    new = [one for one in told if one and one not in conditions]
    if new:
        found["conditions"] = "；".join([*([conditions] if conditions else []), *new])
    if _HBSAG.search(words) and (_POSITIVE.search(words) or _NEGATIVE.search(words)):
        found["mother_hbsag"] = "positive" if _POSITIVE.search(words) else "negative"
    if _BORN_WEIGHT.search(words):
        weight = growth_in(words if "重" in words else f"体重{words}").weight_kg
        grams = weight if weight is None or weight > 100 else weight * 1000
        if grams is not None and 300 <= grams <= 7000:
            found["birth_weight_g"] = round(grams)
    region = _REGION.search(words)
    if region:
        found["region"] = region["region"] or region["only"]
    return found
