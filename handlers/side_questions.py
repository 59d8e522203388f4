"""Questions in the middle of a dialog, told from answers that look alike."""

import re

from bot.dialog.filling import is_small
from bot.dialog.questions import invites_questions
from bot.forms import Question
from bot.slots import choices, kinds
from bot.slots.reading import Scope
from bot.slots.said import Said, plain
from handlers.scene import Scene

# Words by which people ask, wherever they stand. Answers have them, too: the handbooks decide.
_ASKING = re.compile(
    r"[?？什啥哪几怎谁吗嘛]|多少|多久|多长|如何|为何|是不是|能不能|要不要|会不会|有没有|可不可以|需不需要|可以|能否|是否|能.{0,6}不|么$|请教|了解|想知道"
)
# Words by which people change an answer or the person, however politely: 换成给小宝办可以吗.
_CHANGES = re.compile(r"不对|错了|[改换][成为到]|不是.{1,12}是(?!不是)|[给帮替].{1,6}(?:办|申请)")
_SHORT_QUESTION, _LONG_QUESTION = 6, 12  # characters; between them only one that names what it is about is believed


def asks_handbook(scene: Scene, asked: Question | None) -> bool:
    """Whether a message is a question that the handbooks surely answer, though a part of it could be the answer to the
    open question: 二诊是不是三十天以后才可以申请 holds a day, 未成年孩子报疫苗费，要交什么材料 could be any words. A
    summary that waits for its yes asks nothing that such words could answer."""
    text = plain(scene.text).strip()
    if asked is None or len(text) < _SHORT_QUESTION or not _ASKING.search(text) or _CHANGES.search(text):
        return False
    if invites_questions(asked) or _is_value(scene, asked):
        return False
    router = scene.house.router
    is_named = any(name in text for service in router.services_in(text) for name in service.called)
    if len(text) < _LONG_QUESTION and not is_named:
        return False
    found = router.route(scene.text, scene.session.context)
    return found.decision == "answer" and (found.is_sure or is_named)


def _is_value(scene: Scene, asked: Question) -> bool:
    """Whether a message is a value and nothing else, asked back out of politeness: 上海儿童医学中心可以吗."""
    said = Said.of(scene.text)
    if choices.is_name(said.plain.strip(), asked.choices):
        return True
    found = kinds.find(asked, said, Scope(today=scene.today))
    return any(is_small(said.without(one.span)) for one in found)
