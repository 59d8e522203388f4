"""Takes greetings, forms of address and thanks off a message, so that the question in it stands alone."""

import re

_ADDRESS = (
    "小同志|同志|小姑娘|姑娘|小伙子|小姐姐|小姐|小哥哥|小哥|老师|老師|美女|帅哥|师傅|亲爱的|亲们?|大夫|医生"
    "|客服|管家|各位|妹子|闺女|阿姨|大姐"
)
_GREETING = (
    "(?:你|您|妳)(?:们)?好+|(?:早上|上午|中午|下午|晚上|大家|老师|周末)好|早安?|午安|晚安|哈[喽啰囉罗]|嗨+|嘿|喂+"
    "|hi|hello|hey|good (?:morning|afternoon|evening)|在(?:不在|吗|嗎|么|不)|有人(?:在)?[吗嗎]"
    "|打[扰擾](?:您|你)?(?:了|一下)?|不好意思|抱歉打扰|冒昧|(?:新年|节日)快乐"
)
_ASKING = (
    "(?:麻烦|麻煩|劳驾|勞駕|请|請|烦请)?(?:您|你)?(?:帮我|帮忙)?(?:我)?(?:就)?(?:想|要)*"
    "(?:请问|請問|请教|咨询|諮詢|打听|了解|问问|问一问|问|問)"
    "(?:您|你)?(?:一下子?|下|个事|个问题|一个问题|件事|一句)*(?:儿)?(?:就是|那个)?"
    "|麻烦(?:您|你)?(?:了|下|一下|帮我看看|看看|帮忙看下)|是这样的?|那个|嗯+|呃+|唉+|哎+|欸|诶|哦+"
)
_THANKS = "谢谢|謝謝|多谢|多謝|感谢|感謝|拜托|拜託|辛苦|麻烦|麻煩|有劳|劳驾|谢啦|谢了|thanks?|thx|thank you|3q"
_BREAK = r"[\s,，.。!！~～、:：?？;；…]"
_QUESTION_STARTS = "你|您|我|这|那|在|有|如|怎|臻|真|珍|君|成|京|住|特|垫|视|视频|图|门|二|疫|绿"
_FRONT = re.compile(
    # A form of address counts only with a break after it: 客服电话 is no address.
    rf"^(?:{_BREAK}+|(?:{_GREETING})(?:啊|呀|哇|哈|呢)?"
    rf"|(?:{_ADDRESS})(?:啊|呀|哎|您好|你好|好)?(?={_BREAK})"
    rf"|(?:{_ADDRESS})(?=你好|您好)"
    r"|(?:麻烦|麻煩|请|請|劳驾)?(?:您|你)?(?:我)?(?:想|要)*(?:请问|问|問|请教|咨询|打听)(?:您|你)?(?:一下子?|下)(?!单)"
    rf"|(?:{_ASKING})(?={_BREAK}|{_QUESTION_STARTS}))",
    re.IGNORECASE,
)
# A question's own mark stays: 谢谢 after it goes, the mark does not. Breaks stand on one side of each thanks only, or a
# long row of thanks could be read in exponentially many ways.
_SOFT_BREAK = r"[\s,，.。!！~～、;；…]"
_BACK = re.compile(
    rf"(?:{_SOFT_BREAK}{{0,9}}(?:非常|十分|太|先|多|万分)?(?:{_THANKS})"
    rf"(?:您|你|侬|恁|大家|各位|你们|啦|了|哈|啊|呀){{0,4}}(?:{_ADDRESS})?)+{_SOFT_BREAK}*$",
    re.IGNORECASE,
)
# Why it is asked: 等待期多少天啊 我忘了. After anything but a question it may be what is asked about: 要出示卡 我忘了.
_FORGOTTEN = re.compile(
    rf"(?<=[吗嘛么呢啊呀几天久少谁哪啥]){_BREAK}{{1,9}}(?:我)?(?:又|给|都|有点|已经)*"
    rf"(?:忘了|忘记了|不记得了|记不清了?|记不得了?|记不住了?){_SOFT_BREAK}*$"
)


def strip_courtesies(text: str) -> str:
    """Return `text` without greeting, address and polite opening in front, and without thanks or that one forgot at its
    end; "" if nothing is left.

    Case, width and characters of the rest stay as typed.
    """
    rest = text.strip()
    while (match := _FRONT.match(rest)) and match.end():
        rest = rest[match.end() :]
    return _FORGOTTEN.sub("", _BACK.sub("", rest)).strip()
