"""What people say to steer a dialog: back, skip, anew, cancel, pause, go on. Whole messages only, in plain text."""

import re
from enum import StrEnum


class Command(StrEnum):
    """A wish about the dialog itself."""

    BACK = "back"
    SKIP = "skip"
    RESTART = "restart"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    REVIEW = "review"  # what have I given so far?
    KEEP = "keep"  # leave a reopened answer as it was


# A command is a short message.
_LONGEST = 24
_LONGEST_REASON = 14
_CLAUSE = re.compile(r"[,，。!！;；\s]+")
_NO_REASON = re.compile(r"[\d?？]|改|换|不对|错|应该|是|吗|医院")
_SOFT_CANCEL = re.compile(r"算了.*|不要了?|不需要了?|结束|停止|不做了?")

_BEFORE = (
    r"(?:那|那就|那我|我|我想|我要|我先|先|请|帮我|麻烦|算了|好吧|还是|能不能|可以|给我|唉|哎|嗯|不好意思|抱歉|"
    r",|，|\s)*"
)
_AFTER = r"(?:了|吧|啊|呀|哈|呢|哦|一下|谢谢|好了|得了|可以吗|行吗|好吗|可以么|,|，|。|\.|!|！|~|\s)*"
_SKIPPING = (
    r"跳过|略过|过|pass|skip|下一题|下一个|下一步|下一项|不填|这个不填|这项不填|"
    r"跳过这(?:个|项|题|一项)|这(?:个|项|题)(?:先)?跳过|不想填|不想说|不方便说"
)

_COMMANDS = {
    Command.BACK: (
        r"上一步|返回上一步|回到?上一(?:步|题|个|项)|上一(?:题|个|项|个问题)|返回|退回(?:上一步)?|后退|往回|回去|撤回|"
        r"back"
    ),
    Command.SKIP: _SKIPPING,
    Command.RESTART: (
        r"重来|重新来|重新填写?|从头(?:来|开始|填)|重新开始|重头来|从头再来|重填|全部重填|重新申请|清空|restart"
    ),
    Command.CANCEL: (
        r"取消|取消申请|取消办理|取消预约|不办了?|不办理了?|不申请了?|不约了?|不弄了?|不要了?|不做了?|不想(?:办|弄|申请|约|填)了|不需要了|退出|结束|终止|放弃|算了|"
        r"算了吧|作废|撤销|停止|停止办理|别办了|不搞了|cancel|quit|exit|取消这次申请|取消这个申请"
    ),
    Command.PAUSE: (
        r"(?:等会儿?|等一会儿?|待会儿?|一会儿?|过会儿?|过一会儿?|稍后|等等|等一?下)(?:我?再)?(?:说|填|弄|办|来|继续|回你|回复|聊|搞)?|"
        r"(?:晚点|晚些|回头|改天|明天|后天|下次|有空|有时间|以后|迟点|晚上|下班|到家|回家)(?:我?再|了再|接着|继续)(?:说|填|弄|办|来|继续|回你|回复|聊|搞)|"
        r"先不填了?|先不弄了?|先不办了?|先这样|先放着|先到这(?:里|儿)?|先停(?:一下)?|暂停|暂时不填|存着|保存|先存着|先忙|我先忙|在忙|现在不方便|不方便|(?:我(?:去|先)?|去|先)(?:找|拿|问|查|看)(?:找|问|查|看|一?下)(?:再说)?|稍等|等我一?下|pause"
    ),
    Command.RESUME: (
        r"继续|继续填写?|继续办理?|继续申请|接着(?:来|填|办|说|弄|申请)?|接着上次的?|回来了|我回来了|"
        r"go on|continue|说到哪了|到哪了|刚才到哪了|填到哪了|下面填什么|下一步呢"
    ),
    Command.REVIEW: (
        r"(?:看看|看一?下|查看|给我看看)?(?:我)?(?:前面|刚才|已经|都|目前)*填(?:了|过|写)?(?:的)?"
        r"(?:什么|哪些|啥|内容|信息)(?:了)?|汇总|填写情况"
    ),
    Command.KEEP: r"不变|不改了?|不用改了?|保持不变|还是原来的|原来的|没变|照旧|保留|就这个|和原来一样",
}
# 先不填了 is a pause, though 不填 alone skips: pauses are looked for first.
_PATTERNS = {
    command: re.compile(rf"{_BEFORE}(?:{_COMMANDS[command]}){_AFTER}")
    for command in sorted(_COMMANDS, key=lambda one: one is not Command.PAUSE)
}
# What stands for "skip" where the question may stay open.
_NOTHING = re.compile(
    rf"{_BEFORE}(?:这个|这项|这|我也|也|真的|目前|暂时|确实)*"
    rf"(?:没有(?:什么)?(?:特别的?|其他的?|别的)?(?:要求|要说的|要补充的?|需要|说明|想问的|想法|情况|想去的|指定的)|"
    rf"没有|没|无|暂无|暂时没有|没有呢|没啥|没什么|都没有|还没有?(?:定|想好|确定|决定|选好|拿到)?|没想好|没定|不知道|不清楚|不确定|不记得|记不清|忘了|待定|"
    rf"随便|都行|都可以|哪天都行|无所谓|看安排|听安排|你们安排|你们推荐|越快越好|尽快|随时|不用|不用了|不需要|不要|没有特别的|没有要求|没要求|暂时不知道|说不清|说不好|以后再说|"
    rf"再说|{_SKIPPING}){_AFTER}"
)
_FILES_END = re.compile(
    rf"{_BEFORE}(?:发完|发好|传完|上传完|都发|全发|就这些|就这几张|只有这些|没有别的|没别的|齐|完|done|end|没有更多){_AFTER}"
)
_EXPLICIT = re.compile(
    rf"{_BEFORE}(?:(?:好的?|行|可以了?|对的?|都对|没问题|ok)[,，、\s]?)*(?:确认|确认提交|交|确认无误|提交|确定|确定提交|确认申请|没问题[,，]?(?:确认|提交)|可以提交|同意提交|同意|就这样提交|核对无误|无误|信息无误|都对|全对|没有要改的|没有需要改的|不用改|不改|没有错误|信息正确|都正确){_AFTER}"
)


def read(text: str) -> Command | None:
    """Return the command that a whole plain message is, or None."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    whole = next((command for command, pattern in _PATTERNS.items() if pattern.fullmatch(text)), None)
    return whole or _with_reason(text)


def _with_reason(text: str) -> Command | None:
    # 不想办了，太麻烦 / 等一下，我去拿证: the wish, and why. With figures or a change it is something else.
    first, *others = _CLAUSE.split(text)
    why = "".join(others)
    if not why or len(why) > _LONGEST_REASON or _NO_REASON.search(why):
        return None
    wishes = (Command.CANCEL, Command.PAUSE, Command.RESTART)
    found = next((command for command in wishes if _PATTERNS[command].fullmatch(first)), None)
    return None if found is Command.CANCEL and _SOFT_CANCEL.fullmatch(first) else found


def leaves_open(text: str) -> bool:
    """Whether a plain message gives no answer to an optional question: 没有, 还没定, 都行."""
    return len(text) <= _LONGEST and bool(_NOTHING.fullmatch(text.strip()))


def ends_files(text: str) -> bool:
    """Whether a plain message says that all photos were sent."""
    return len(text) <= _LONGEST and bool(_FILES_END.fullmatch(text.strip()))


def is_explicit_yes(text: str) -> bool:
    """Whether a plain message confirms in so many words, as a binding step asks after a long silence."""
    return len(text) <= _LONGEST and bool(_EXPLICIT.fullmatch(text.strip()))
