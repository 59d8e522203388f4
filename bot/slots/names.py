"""Names of people: Chinese, with middle dots, or in Latin letters."""

import re

from bot.slots import yes_no
from bot.slots.reading import Found, Problem, Reading
from bot.slots.said import Said, plain

_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
_DOT = r"[·•・‧∙．.]"
_CHINESE = re.compile(rf"{_HAN}{{2,10}}(?:\s*{_DOT}\s*{_HAN}{{1,12}}){{0,4}}")
_SPACED = re.compile(rf"{_HAN}{{1,2}}(?:\s+{_HAN}{{1,2}}){{1,3}}")
_LATIN = re.compile(r"[a-z][a-z'’.\-]*(?:[ ·][a-z'’.\-]+){0,5}", re.IGNORECASE)
_BEFORE = re.compile(
    r"^.{0,12}?(?:(?:姓名|名字|大名|全名)\s*(?:是|叫|为|:)?|(?:他|她|我|宝宝|孩子|儿子|女儿|老公|老婆|妈妈|爸爸|病人|患者|被保险人|投保人)?的?(?:名?叫做?|叫做))\s*"
)
_ME = re.compile(
    r"^(?:被保(?:险|)人\s*(?:就?是|为|:)?|(?:我|他|她|我们)?的?(?:投保人|病人|患者|宝宝|孩子|小孩|儿子|女儿|老公|老婆|妈妈?|爸爸?|母亲|父亲|丈夫|妻子|家人)"
    r"\s*(?:就?是|为|:)|我是|他是|她是|是|就是|这是|那是|名?叫)\s*"
)
_AFTER = re.compile(r"(?:啊|呀|哈|呢|哦|吧|谢谢|您好|你好|这个名字)+$")
# Words that people write to a question for a name and that no one is called.
_NO_NAMES = re.compile(
    r"不知道|不清楚|你好|您好|在吗|谢谢|好的|收到|人工|客服|怎么|什么|为什么|多少|申请|保单|手册|住院|医院|电话|身份证|同上|一样|一致|如上|哈哈|"
    r"随便|名字|姓名|上一步|取消|医生|服务|咨询|查询|预约|提交|修改|告诉"
)
_RELATIVES = re.compile(
    r"(?:是|就是)?(?:我|他|她)?的?(?:本人|自己|我自己|儿子|女儿|孩子|宝宝|老公|老婆|妈妈?|爸爸?|父亲|母亲|先生|女士|丈夫|妻子|爱人|家人|今天|明天|昨天|后天)"
)


def is_name(value: object) -> bool:
    """Whether a stored value can be a name."""
    return isinstance(value, str) and 1 < len(value) <= 60


def read(said: Said) -> Reading | None:
    """Return the name an answer gives, as it was typed, or what is wrong with it."""
    said_whole = said
    span = _inner(said)
    words = said.plain[slice(*span)]
    if yes_no.is_bare(words) or _NO_NAMES.search(words) or _RELATIVES.fullmatch(words):
        return None
    if _SPACED.fullmatch(words) or _CHINESE.fullmatch(words) or _LATIN.fullmatch(words):
        if len(words) < 2 or (len(words) > 12 and not re.search(rf"{_DOT}|[a-z]", words)):
            return Problem(sentence="name_unclear", span=span)
        return Found(value=_tidy(said_whole.typed[slice(*span)]), span=span)
    if re.fullmatch(rf"{_HAN}", words) or re.fullmatch(rf"{_HAN}{{1,4}}\d+", words):
        return Problem(sentence="name_unclear", span=span)
    return None


def _inner(said: Said) -> tuple[int, int]:
    start, end = said.stripped()
    for lead in (_BEFORE, _ME):
        if match := lead.match(said.plain[start:end]):
            start += match.end()
    if match := _AFTER.search(said.plain[start:end]):
        end = start + match.start()
    inner = Said(typed=said.typed[start:end], plain=said.plain[start:end]).stripped()
    return start + inner[0], start + inner[1]


def _tidy(name: str) -> str:
    name = re.sub(_DOT, "·", name.strip()) if not _LATIN.fullmatch(plain(name.strip())) else name.strip()
    return re.sub(rf"(?<={_HAN})\s+|\s+(?={_HAN})", "", " ".join(name.split()))
