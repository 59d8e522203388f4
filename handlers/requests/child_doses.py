"""Records doses that a parent tells: 打过五联两针，3月和4月; 昨天打了麻腮风; 已接种 after a reminder."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from care.child import Child
from care.vaccination.told import Told, hear
from handlers.child_scene import key_of, the_child, the_children
from handlers.child_words import due_rows, tell
from handlers.dose_telling import Telling, gone_on
from handlers.scene import Said, Scene
from handlers.session import Task
from handlers.tasks.child_given import at_moment, dose_of
from intents.normal import compact

_ASKS = re.compile(
    r"[?？]|吗|[么呢]$|怎[么样]|咋|认不|如何|什么|多少|几(?!号)|能不能|能否|可不可以|可以不|要不要|是不是|会不会|有没有|该不该|哪|为[什啥]|啥|多久|请问|"
    r"还(能|可以|要|用)|能(?:打|再|约|报|赔)|可以(?:打|再|约|报|赔)|问一?下|行不行"
)
# What is said of it besides the dose: the insurer's business, or a doctor's.
_MONEY = re.compile(r"[给能]?报(?!告|名)|保险|理赔|发票|赔[付给]?|费用|多少钱|花了|垫付|直付|退[款钱]|投诉")
_UNWELL = re.compile(
    r"发烧|发热|烧到|高烧|低烧|\d\d[.点]?\d?度|肿|硬块|疹|哭闹|呕|吐|拉肚|腹泻|难受|不舒服|反应|过敏|抽搐|没精神|晕|红[肿了点]"
)
_GIVEN = re.compile(
    r"^(?:好的?|嗯|谢谢|我们?|宝宝|孩子|娃|已经?|今天|昨天|前天|刚刚?|刚才|上午|下午|都|全|就|也|带|去|给|他|她|[,，。!！])*"
    r"(?:接种|打|种)(?:疫苗|针|预防针)?(?:过|完|好)?(?:了|啦|咯|过|完)(?:疫苗|针|预防针)?(?:[,，。!！了啦啊呀哈]|今天|昨天|前天|刚刚?|上午|下午|打的|的)*$|^已(?:经)?接种"
)
_EACH = re.compile(r"都|各|两个|俩")
_CARED_FOR = timedelta(days=3)
_CHILDHOOD_DAYS = 18 * 366


def answer(scene: Scene, wanted: Mapping[str, Any]) -> Said | None:
    """Record what is clear and ask what is not; None where no dose is told."""
    text = str(wanted.get("text", scene.text))
    if not wanted and not is_meant(text, scene.today):
        return None
    ready = the_children(scene, wanted, "child_doses", text=text)
    if ready is None or isinstance(ready, Said):
        return ready
    both = [child for child in ready if child.name[-2:] in text]
    if len(both) > 1 and _EACH.search(text):
        said = _for_each(scene, both, text)
        if said is not None:
            return said
    child = the_child(scene, wanted, "child_doses", text=text)
    if child is None or isinstance(child, Said):
        return child
    told = hear(without_names(text, ready), birth=child.birth, today=scene.today)
    said = gone_on(scene, Telling(child=child, doses=told.doses)) if told.doses else _given(scene, child, told)
    unwell = Said(text=tell("unwell_after") if _UNWELL.search(text) else "", session=scene.session)
    return unwell.before(said)


def _for_each(scene: Scene, children: Sequence[Child], text: str) -> Said | None:
    """Record the same doses for several children; None where anything is unclear: then they are asked about singly."""
    said = None
    for child in children:
        told = hear(without_names(text, children), birth=child.birth, today=scene.today)
        telling = Telling(child=child, doses=told.doses)
        one = gone_on(scene, telling) if told.doses else None
        if one is None or one.session != scene.session:
            return None
        said = one if said is None else said.before(one)
    return said


def is_meant(text: str, today: date) -> bool:
    """Whether a message tells a dose that was given, and nothing that somebody else must answer."""
    if _ASKS.search(text) or _MONEY.search(text):
        return False
    if _UNWELL.search(text):
        return _tells(text, today, is_named=True)
    return bool(_GIVEN.search(compact(text))) or _tells(text, today)


def _tells(text: str, today: date, *, is_named: bool = False) -> bool:
    """Whether a message tells a vaccine and that it was given, or its day. `is_named`: one that we know."""
    told = hear(text, birth=today - timedelta(days=_CHILDHOOD_DAYS), today=today)
    named = [dose for dose in told.doses if dose.products or (told.has_verb and not is_named)]
    days = [dose.on for dose in named if dose.on and dose.on <= today]
    return bool(named) and (told.has_verb or bool(days))


def _given(scene: Scene, child: Child, told: Told) -> Said:
    """The vaccine was not named: where only one was due it is that, else it is asked."""
    moment = next((one for one in told.loose if one.on), None)
    rows = due_rows(child, scene.today)
    if moment is not None and len(rows) == 1:
        return gone_on(scene, Telling(child=child, doses=(at_moment(dose_of(rows[0]), moment),)))
    about = {"child": key_of(child), "day": moment.on.isoformat() if moment and moment.on else None}
    session = scene.session.begin(Task(kind="child_given", about=about))
    # The half hour's watch can't wait for the answer.
    care = "" if moment and moment.on and scene.today - moment.on > _CARED_FOR else tell("after_care")
    return Said(text=care, session=session, reasons=("asks which doses were given",))


def without_names(text: str, children: Sequence[Child]) -> str:
    """Return a text without the children's names: 小五联 is no vaccine."""
    for child in children:
        text = text.replace(child.name, "") if len(child.name) > 1 else text
    return text
