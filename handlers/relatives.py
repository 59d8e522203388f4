"""For whom people want a service by the word they use (给我妈办), and whether a policy covers anybody who could be.

Who writes need not be the holder: 给我妈办 may mean any woman covered, and only rules out men and children.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

from care.policy import Insured, Policy
from handlers.clauses import cited, clause_lines
from handlers.customers import covered, is_minor
from handlers.policy_words import person_name
from handlers.scene import Said, Scene
from handlers.wording import say
from knowledge.flow import Flow

_WOMEN = "妈 妈妈 妈咪 母亲 老妈 娘 奶奶 外婆 姥姥 婆婆 丈母娘 岳母 老婆 妻子 太太 媳妇 姐 姐姐"
_MEN = "爸 爸爸 爸比 父亲 老爸 爹 爷爷 外公 姥爷 公公 岳父 老丈人 老公 丈夫 哥 哥哥"
_BOYS, _GIRLS = "儿子 孙子 外孙 男孩", "女儿 闺女 孙女 外孙女 女孩"
_CHILDREN = "孩子 宝宝 娃 娃娃 小孩 小朋友 宝贝"
_ADULTS = "自己 本人 老人 爸妈 父母 老伴"

_Could = Callable[[Insured, date], bool]
_WHO: dict[str, _Could] = {
    **dict.fromkeys(_WOMEN.split(), lambda one, today: one.sex == "F" and not is_minor(one, today)),
    **dict.fromkeys(_MEN.split(), lambda one, today: one.sex == "M" and not is_minor(one, today)),
    **dict.fromkeys(_BOYS.split(), lambda one, today: one.sex == "M"),
    **dict.fromkeys(_GIRLS.split(), lambda one, today: one.sex == "F"),
    **dict.fromkeys(_CHILDREN.split(), lambda one, today: one.relation == "child" or is_minor(one, today)),
    **dict.fromkeys(_ADULTS.split(), lambda one, today: not is_minor(one, today)),
}
_WORDS = "|".join(sorted(_WHO, key=len, reverse=True))
_FOR = re.compile(
    rf"(?:给|帮|替|为)(?:我们家|我们|我家|我|俺家?|咱家?|他|她)?的?(?P<who>{_WORDS})(?![一-龥]?(?:的|说|问))"
)


def is_for_another(text: str, people: Sequence[Insured | None], today: date) -> bool:
    """Whether a text asks for somebody who can be none of `people` (None is the holder)."""
    spoken = [match["who"] for match in _FOR.finditer(text)]
    if not spoken or None in people:
        return False
    return not any(one is not None and _WHO[word](one, today) for word in spoken for one in people)


def told(scene: Scene, policy: Policy, flow: Flow, text: str) -> Said | None:
    """Say for whom a service is, with the clause, to who asks for somebody else; None for who doesn't."""
    people = covered(policy, flow)
    if not is_for_another(text, people, scene.today):
        return None
    names = "、".join(person_name(policy, person) for person in people)
    service, clauses = scene.service_name(policy.product, flow.service), flow.eligibility.clause
    lines = [say("covered_only", names=names, service=service), *clause_lines(scene, policy.product, clauses)]
    return Said(text="\n".join(lines), session=scene.session, citations=cited(policy.product, clauses))
