"""Yes and no in the ways people say them."""

import re

YES = "yes"
NO = "no"

_YES_WORDS = """
    是 是的 是啊 对 对的 对头 没错 不错 正确 嗯 嗯嗯 恩 恩恩 唔 哦对 好 好的 好呀 好啊 好滴 好嘞 行 行的
    可以 可 可以的 成 中 要 要的 有 有的 有过 需要 同意 我同意 确认 确定 肯定 当然 当然是 必须 必须的
    没问题 没意见 ok okay yes y yeah yep 愿意 知道了 明白 了解 收到 已经有了 已确诊 已经是 已经 已有 会
    会的 能 能的 👌 👍 🆗 ✅ √ 1️⃣ 就是 就这样 就这么办 妥 妥了 都有 都是 听你的 按你说的
"""
_NO_WORDS = """
    不 不是 不是的 不对 不用 不用了 不用谢 不要 不要了 不需要 没 没有 没有的 没有过 没的 没呢 没有呢 还没
    还没有 暂时没有 暂无 无 否 非 不行 不可以 不能 不会 不同意 不愿意 不必 不必了 不了 算了 免了 先不
    先不用 先不要 先不了 暂不 暂时不用 暂时不 从没 从来没有 从没有 没得 木有 未 尚未 no n nope 不好 都没有
    都不是 ❌ 👎 🙅 × 不想 才不 别 别了 不确认
"""
# What may follow a word without changing it, and what may come before.
_PARTICLES = "的了啊呀哦噢哈吧呢嘛呐哒滴喽咯啦额~～.。!！,， "
_BEFORE = "那 那就 哦 噢 啊 我 都 嗯 恩 额 这个 目前 现在"
_AFTER = "谢谢 谢谢你 谢谢您"
_KNOWS_NOT = re.compile(
    r"不知道|不清楚|不确定|不太确定|不太清楚|不太知道|说不准|拿不准|不晓得|不懂|不明白|没听懂|搞不清|说不好|说不清|记不清|不记得|忘了|忘记|没印象"
)
_WAVERS = re.compile(r"可能|也许|大概|好像|应该是吧|看情况|不一定|都行|随便|无所谓")
_ASKED = re.compile(
    r"[?？]|吗|有没有|是不是|能不能|可不可以|行不行|要不要|需不需要|么$|多少|什么|怎么|几[次号点]|哪|谁|如何"
)
# How an answer in the question's own words ends: 病理报告拿到了 / 号还没约好.
_DONE = re.compile(r"(?P<not>[没未不].{0,2})?(?P<what>[一-龥][好到完过齐])(?:[了啦咯的呀啊哦吧]*)$")
_WORDS = {YES: frozenset(_YES_WORDS.split()), NO: frozenset(_NO_WORDS.split())}
# A yes that repeats what it is to: 确定删除 / 我同意你们使用.
_REPEATS = re.compile(
    r"(?=.*(?:是|对|好|行|嗯|确定|确认|同意|可以))(?:是的?|对的?|好的?|行的?|嗯|我|确定|确认|就|要|同意|可以|请|[,，\s])+"
    r"(?:删除?|解绑|解除|撤回?|撤销|取消|退回|清空|使用|用|你们|您们|收集|个人|我的|信息|资料|掉|这[个张]|保单|申请|[了吧的,，\s])*"
)
_AROUND = frozenset([*_PARTICLES, *_BEFORE.split(), *_AFTER.split()])
_LONGEST_BARE = 24

# How a longer answer begins: 是的，上周确诊的 / 没有做过手术 / 已经住院了.
_BEGINS_NO = re.compile(
    r"(?:算了|还是|[,，\s]|还|都|也|暂时|目前|现在|从来|一直|我们?|他|她|孩子|宝宝)*(?:不(?!错|过|仅|但|只|光|少)|没(?!错|问题|事|关系|意见)|未|无(?!所谓)|否|别)"
)
_BEGINS_YES = re.compile(
    r"(?:我们?|他|她|孩子|宝宝|那|都|也|还|现在|目前|确实|的确|当然|嗯|恩|哦|啊)*[,，\s]*"
    r"(?:是(?!不是|否)|对(?!不)|有(?!没有|人|事|急|空|点忙|点事)|要(?!不要)|会(?!不会)|已|可以|需要|愿意|同意|嗯|恩|好的|好[,，]|行[,，]|没错|没问题|确诊|做过|办过|住过|能(?!不能)|ok|yes)"
)


def read(text: str) -> str | None:
    """Return yes, no, or None for what is neither (a question, "I don't know", something else). `text` is plain."""
    text = text.strip(" ,，。.!！~～\n")
    if not text or _ASKED.search(text) or is_unsure(text):
        return None
    for meaning, words in _WORDS.items():
        if _is_made_of(text, words):
            return meaning
    if len(text) > 40:
        return None
    if _BEGINS_NO.match(text):
        return NO
    return YES if _BEGINS_YES.match(text) else None


def echoed(text: str, asked: str) -> str | None:
    """Return yes or no for an answer in the question's own words: 办好了 or 还没办好 to 住院凭证办好了吗, else None."""
    done = _DONE.search(text.strip(" ,，。.!！~～\n"))
    if done is None or done["what"] not in asked or _ASKED.search(text) or is_unsure(text):
        return None
    return NO if done["not"] else YES


def is_bare(text: str) -> bool:
    """Whether `text` says yes or no and nothing else: no answer to a question for a name or a place."""
    text = text.strip(" ,，。.!！~～\n")
    return not is_unsure(text) and any(_is_made_of(text, words) for words in _WORDS.values())


def is_plain_yes(text: str) -> bool:
    """Whether `text` says yes and nothing that could be meant otherwise, as a yes with consequences must."""
    text = text.strip(" ,，。.!！~～\n")
    if is_bare(text):
        return read(text) == YES
    return len(text) <= _LONGEST_BARE and bool(_REPEATS.fullmatch(text))


def is_unsure(text: str) -> bool:
    """Whether `text` says that the person does not know, or wavers."""
    return knows_not(text) or bool(_WAVERS.search(text))


def knows_not(text: str) -> bool:
    """Whether `text` says that the person does not know."""
    return bool(_KNOWS_NOT.search(text))


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    """Whether a text consists of such words and particles, at least one word. Counted place by place: as one pattern
    it would try every way to cut 嗯嗯嗯嗯."""
    if len(text) > _LONGEST_BARE:
        return False
    reached = {(0, False)}
    for start in range(len(text)):
        for has_word in (False, True):
            if (start, has_word) in reached:
                ends = range(start + 1, min(start + 5, len(text)) + 1)
                reached |= {(end, True) for end in ends if text[start:end] in words}
                reached |= {(end, has_word) for end in ends if text[start:end] in _AROUND}
    return (len(text), True) in reached
