"""Drugs: what the injected chooser finds in the product's list, or the own words for a person to check."""

import re

from bot.slots import yes_no
from bot.slots.hospitals import chosen
from bot.slots.reading import Found, Option, Problem, Reading, Scope, Several
from bot.slots.said import Said

_LEAD = re.compile(
    r"^(?:医生|大夫|主任|给|我|我们|我妈|我爸|他|她|孩子|病人|患者|现在|目前|在|正在|一直|要|想|需要|打算|准备|申请|购买|买|吃|用|打|服用|使用|开|开的|开了|让|推荐|是|就是|叫|药|药名|药品|名字|这个|那个|的|了|:|,|，|\s)+"
)
_TAIL = re.compile(r"(?:这个药|这种药|这药|的药|那个药|吧|了|啊|呀|呢|哈|谢谢|可以|,|，|。|\s)+$")
_WORDS = re.compile(r"[\u4e00-\u9fffa-z0-9\-·()（）\[\] +.'/%μ]{2,40}")
_UNKNOWN = re.compile(r"不知道|不清楚|还没(?:定|确定|开)|不记得|忘了|没听懂")


def read(said: Said, scope: Scope) -> Reading | None:
    """Return the drug an answer gives. One that the list lacks is offered to be noted as written."""
    start, end = said.stripped()
    if _UNKNOWN.search(said.plain):
        return Problem(sentence="drug_undecided", span=(start, end))
    if match := _LEAD.match(said.plain[start:end]):
        start += match.end() if match.end() < end - start - 1 else 0
    if (match := _TAIL.search(said.plain[start:end])) and match.start() >= 2:
        end = start + match.start()
    words = said.plain[start:end]
    if not _WORDS.fullmatch(words) or yes_no.is_bare(words) or not re.search(r"[^\d\s.\-]", words):
        return None
    found = chosen(said, (start, end), scope, "drug")
    if isinstance(found, Found) and found.label is None and "drug" in scope.choosers:
        option = Option(value=found.value, label=found.value)
        return Several(options=(option,), span=found.span)
    return found
