"""Tells a person's own question or request from an answer."""

import re

from bot.forms import Question

_ENDS = re.compile(
    r"(?:[?？]|吗|呢|(?:什么|怎么|对|是|有|行|好|能|会|可以|要|了)么|[对行好要能是]不|多久|多少钱?|几天|几次|哪些|哪里|哪儿|什么时候|怎么办|怎么算|为什么)"
    r"[\s。.!！~～]*$"
)
_STARTS = re.compile(
    r"(?:请问|想问|问一?下|我?想(?:问|知道|了解)|咨询一?下)|"
    r"(?:那|你们|我|这个|这|都)?(?:怎么(?!了)|怎样|如何|为什么|为啥|多久|多少|多长|能不能|要不要|可不可以|是不是|有没有|会不会|需不需要|什么时候|什么是|啥是|哪里(?!都|也)|在哪|几天|谁)"
)
# Asked without a question's particle: 疫苗费谁出, 垫付要等几天. 好几天了 and 不知道怎么了 tell something.
_WITHIN = re.compile(
    r"(?:谁[出付来给交管]|(?:要|得|能|可以|还剩)(?:等|过|用|报|约)?(?:多久|多长时间|几天|几次|多少钱)|"
    r"怎么[申办报用付约绑算收退取][\u4e00-\u9fff]{0,2})[\s。.!！~～]*$|"
    r"[从到在]哪|哪一?[个家天种类位](?!都|也|科)|第几|叫什么|是.{1,12}还是"
)
_REQUEST = re.compile(
    r"^(?:对了|另外|顺便|还有)?[,，]?(?:(?:再|你)?(?:帮|替)我(?:再|也|先)?(?:约|报销|垫|挂)|"
    r"(?:我|我们|帮我|请|麻烦|那|还)*(?:想|要|想要|需要|打算)?(?:再)?(?:申请|办理|预约|查一?下?我的|查询|看看我的|换成申请|转人工|找人工|人工|菜单|投诉))"
)
_INVITES = re.compile(r"问题|疑问|想问|咨询|帮什么|帮着看|想解决|要不要|想了解")


def looks_like_question(text: str) -> bool:
    """Whether plain `text` asks something."""
    text = text.strip()
    return bool(_ENDS.search(text) or _STARTS.match(text) or _WITHIN.search(text))


def looks_like_request(text: str) -> bool:
    """Whether plain `text` asks for something else than the dialog at hand: 我想申请…, 查我的…."""
    return bool(_REQUEST.match(text.strip()))


def invites_questions(question: Question) -> bool:
    """Whether the answer to a question may itself be one: 想请医生看看什么问题？"""
    return bool(_INVITES.search(question.ask + (question.hint or "")))


def invites(question: Question, text: str) -> bool:
    """Whether a question or its hint names plain `text` as an answer: 没有就写“没有”."""
    words = text.strip(" ,，。.!！")
    return any(f"写{mark}{words}" in question.ask + (question.hint or "") for mark in ("“", "「", '"', ""))
