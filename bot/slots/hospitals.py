"""Hospitals: free words cleaned, or one of those that the injected chooser knows."""

import re

from bot.slots import no_answer, yes_no
from bot.slots.reading import Found, Option, Problem, Reading, Scope, Several
from bot.slots.said import Said

_SUFFIX = (
    r"(?:医院|卫生院|保健院|医学中心|医疗中心|诊疗中心|健康中心|服务中心|儿童中心|肿瘤中心|癌症中心|防治中心|治疗中心|诊所|门诊部|"
    r"妇幼(?!保健|院)|卫生服务站|卫生室|社区卫生服务中心)"
)
_PART = r"(?:[\(（][^)）]{1,12}[)）]|[\u4e00-\u9fff]{0,6}(?:院区|分院|分部|东院|西院|南院|北院|本部|总院))?"
_NAMED = re.compile(rf"[\u4e00-\u9fffa-z0-9·（）()\-]{{0,28}}?{_SUFFIX}{_PART}")
_LEAD = re.compile(
    r"^.{0,14}?(?:(?<!现)(?<!存)在(?!线)|去(?!年)|到(?!时)|选|住进|住(?!院)|安排|联系|预约|想约|挂了?|就诊于|收治于)(?!的|我|你|期|择)"
)
_FILLER = re.compile(
    r"^(?:那个|这个|那家|这家|叫做|我|我们|他|她|就|就是|是|想|打算|准备|计划|希望|可能|应该|那就|那|看(?!丹)|去|在|到|选|医院是|医院|叫|嗯|额|哦|已经|目前|现在|明天|后天|今天|下周|给|帮|孩子|宝宝|儿子|女儿|的|:|,|，|\s)+"
)
_TAIL = re.compile(
    r"(?:吧|了|啊|呀|哦|呢|哈|就行|就可以|可以|就好|住院|看病|就诊|就医|手术|做手术|治疗|看|接种|打针|体检|附近|那边|这边|谢谢|,|，|。|!|\s)+$"
)
# Kinds of hospital and pointing words are no names.
_GENERIC = re.compile(
    r"(?:这家|那家|这个|那个|哪家|哪个|什么|一家|某家|附近|当地|本地|家附近|家门口|离家近|最近|最好|好|大|小|三甲|二甲|三级|二级|公立|私立|民营|定点|网络|合作|指定|"
    r"普通|正规|的|我们|你们|您们|贵|人民|其他|别|任何|所有|各|县|市|省|区|我家|咱们|哪些|哪几家|几家|他们|医院|一个|健康|社区|服务|客户服务|客服|呼叫|所在)*"
    rf"(?:{_SUFFIX}|医院)"
)
_UNDECIDED = re.compile(
    r"还?没(?:有)?(?:定|想好|确定|决定|选好)|待定|不知道|不清楚|没有?想法|都可以|都行|随便|哪家好|你们推荐|推荐|帮我选|不确定"
)
_SHORT = re.compile(r"[\u4e00-\u9fffa-z0-9·()（）\- ]{2,30}")
_NO_HOSPITAL = re.compile(
    r"^(?:没|不|还没|随便|哪|都|由|听|你们|看|你好|您好|在吗|谢谢|好的|收到|人工|客服|明天|今天|后天|昨天|不办|我想|我要|帮我|请问|保单|身份证|电话|住院|垫付|申请)|^[哈呵嘿嘻哦噢嗯额呃啊唉哎]+$|怎么|什么|为什么|多少|吗$"
)
# An illness is none either; one whose name ends as a hospital's does (胸科医院) was found before.
_ILLNESS = re.compile(
    r"炎|癌|瘤|病(?!院)|疼|痛|发烧|发热|咳|感冒|骨折|结节|息肉|不舒服|肚子|腹泻|[甲乙]流|流感|心梗|脑梗|梗死|出血|症|受伤|摔|断了|怀疑|疑似|确诊|做?手术$"
)
_MOST = 3


def find(said: Said, scope: Scope) -> list[Found]:
    """Return the hospitals surely named: a proper name that ends in 医院, 医学中心, ... in one clause."""
    found = []
    for span in said.clauses():
        for match in _NAMED.finditer(said.plain, span[0], span[1]):
            inner = _trimmed(said, match.span())
            name = said.plain[slice(*inner)]
            if len(name) > 3 and not _GENERIC.fullmatch(name) and re.search(_SUFFIX, name):
                found.append(_made_whole(said, inner, scope))
    return found


def read(said: Said, scope: Scope) -> Reading | None:
    """Return the hospital an answer gives. Known ones that are near, none surely meant, are offered."""
    known = find(said, scope)
    start, end = known[0].span if known else _trimmed(said, said.stripped())
    name = said.plain[start:end]
    if not known:
        if _UNDECIDED.search(said.plain):
            return Problem(sentence="hospital_undecided", span=(start, end))
        if _GENERIC.fullmatch(name):
            return Problem(sentence="hospital_which", span=(start, end))
        if (
            not _SHORT.fullmatch(name)
            or yes_no.is_bare(name)
            or _NO_HOSPITAL.search(name)
            or _ILLNESS.search(name)
            or no_answer.is_none(said.plain)
            or not re.search(r"[^\d\s]", name)
        ):
            return None
    return chosen(said, (start, end), scope, "hospital")


def chosen(said: Said, span: tuple[int, int], scope: Scope, chooser: str) -> Found | Several:
    """Return the one thing the chooser is certain of, or those it offers with the own words, or the own words."""
    words = _tidy(said.typed[slice(*span)])
    choose = scope.choosers.get(chooser)
    offered = list(choose(words)) if choose else []
    certain = [one for one in offered if one[2]]
    if len(certain) == 1:
        value, label, _ = certain[0]
        return Found(value=value, label=label, span=span, is_computed=label != words)
    if not offered:
        return Found(value=words, span=span)
    options = [Option(value=value, label=label) for value, label, _ in (certain or offered)[:_MOST]]
    return Several(options=(*options, Option(value=words, label=words)), span=span)


def _made_whole(said: Said, span: tuple[int, int], scope: Scope) -> Found:
    found = chosen(said, span, scope, "hospital")
    return found if isinstance(found, Found) else Found(value=_tidy(said.typed[slice(*span)]), span=span)


def _trimmed(said: Said, span: tuple[int, int]) -> tuple[int, int]:
    start, end = span
    for lead in (_LEAD, _FILLER, _LEAD, _FILLER):
        match = lead.match(said.plain[start:end])
        # 在: a lead; but 天津到家医院 keeps its name: what remains must still be one.
        if match and match.end() < end - start - 1:
            start += match.end()
    if (match := _TAIL.search(said.plain[start:end])) and match.start() >= 2:
        end = start + match.start()
    inner = said.part((start, end)).stripped()
    return start + inner[0], start + inner[1]


def _tidy(words: str) -> str:
    return " ".join(words.replace("\x00", " ").split())
