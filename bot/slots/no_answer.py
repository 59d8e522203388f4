"""What answers no open question, whatever it asks: abuse, impatience, a greeting, a bare "what for?", mashed keys.

Whole messages only: 骗子 beside a story (接到电话怕是骗子) is part of the story.
"""

import re

_WHO = r"(?:你们?|我们?|他们?|她|这个?|那个?|真的?|就|是|都|好|太|个|一?群|什么|不|别|还|要|想|的|了|[,，。!！、\s])*"
_END = r"(?:你们?|东西|玩意儿?|客服|机器人|的|了|死了|死我了|啊|呀|吧|呢|嘛|吗|[,，。!！?？~～、\s])*"
_ABUSE = (
    r"傻[逼比叉bx]|煞笔|沙雕|[sS][bB]|妈的|他妈的?|你妈的?|去你妈的?|操(?:你妈)?|卧槽|滚(?:蛋|开|远点)?|垃圾|骗子|骗人|骗钱|去死|神经病|白痴|弱智|智障|脑残|废物|"
    r"王八蛋?|混蛋|狗屁|放屁|扯淡|有病吧|有毛病"
)
_IMPATIENT = (
    r"烦|烦人|啰嗦|罗嗦|麻烦死|快点?|快一?点儿?|搞快点|赶紧的?|急死|别问|不要问|问(?:那么|这么)多(?:干嘛|干什么|做什么)?|你猜猜?|猜|告诉你|关你(?:什么|啥|屁)?事|凭什么|凭啥|无语|服了你?|"
    r"什么都不懂|啥都不懂|不懂|听不懂|看不懂|没看懂|没听懂"
)
_ASKING = (
    r"(?:为什么|为啥|干嘛|干什么)(?:要|得|老|总)?(?:问|填|写|说|告诉)?(?:这个|这些|我|你们?)*|"
    r"(?:啥|什么)(?:意思|用|东西|情况|鬼|医院|病)?|(?:要|有|是|能|该|得)?(?:填|写|说|问)?(?:什么|啥)(?:意思|用|东西|内容)?|怎么(?:填|写|说|回|弄|回答)|"
    r"多少钱|多久|几天|机器人|真人|人工智能|ai"
)
_LAUGHTER = r"[哈呵嘿嘻哦噢嗯额呃啊唉哎]+|hh+|233+"
_NOTHING = r"(?:我|他|她|孩子|宝宝|我?(?:老公|老婆|妈|爸|儿子|女儿|爷爷|奶奶))?(?:没病|住院|生病|病)了?"
_MASHED = re.compile(r"([a-z0-9])\1{2,}|asd\w*|qwe\w*|[\d\W_]+", re.ASCII | re.IGNORECASE)
_NO_ANSWER = re.compile(rf"{_WHO}(?:{_ABUSE}|{_IMPATIENT}|{_ASKING}|{_LAUGHTER}|{_NOTHING}){_END}", re.IGNORECASE)
_LONGEST = 16  # characters; a longer message tells something


def is_none(text: str) -> bool:
    """Whether a whole plain message answers no open question in free words; bare figures among them."""
    words = text.strip()
    if not words.isascii():
        return len(words) <= _LONGEST and bool(_NO_ANSWER.fullmatch(words))
    return bool(_MASHED.fullmatch(words) or _NO_ANSWER.fullmatch(words))
