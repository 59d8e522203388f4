"""Tells which service people want done from the words of its flow, where they don't name it: 给娃约个流感疫苗.

Words are compared by their sound, as speech and pinyin input err by homophones: 疫瞄 is heard as 疫苗.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from handlers.scene import Scene
from intents.normal import compact, sounds
from intents.requests import Requests

_HEARD_CLOSER = frozenset({"child_doses", "child_growth"})  # their patterns are wide: the request decides
_APART = 8  # characters between two words of a wish
_LONGEST = 80
_END = "'"  # ends the sound of a character
# No wish: what was refused or done before, and what asks to be told something without a question's words.
_NO_WISH = re.compile(
    r"不想|不用|不要|不需要|不打算|不必|别(?![的人家])|取消|撤|已经|刚才|之前|上次|本来|以为|听说|要是|如果|万一|多亏|感谢|约了|约好|约过|"
    r"[清名]单|[资才材][料枓]|讲|说说|说一下|捋|念|介绍|过程|顺序|整套|整个|原因|热线|号码|地址|有问题|没法|没事|写着|照样|算|"
    r"(那个|有).+的$|那[些里儿]|process|怎|[马码吗嘛]$|^(?!.*(?:帮|给我|替我)).*吧$|^.{0,6}(能|可以|会(?!诊))(?!.{0,3}(帮|给我|替))"
)


def kinds_in(scene: Scene, requests: Requests) -> list[str]:
    """Return the kinds of request that a message may be: to apply, too, where a service is wished for in its words."""
    kinds = requests.all_in(scene.text)
    if set(kinds) - _HEARD_CLOSER or requests.is_asking(scene.text) or not wished(scene):
        return kinds
    return [*kinds, "apply"]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A service wished for, and how many characters said so, the gaps apart."""

    product: str
    service: str
    length: int


def wished(scene: Scene) -> Wish | None:
    """Return the service whose words a message holds, the fullest match; None for no service."""
    text = compact(scene.text)
    if not text or len(text) > _LONGEST or _NO_WISH.search(text):
        return None
    heard = _heard(text)
    own = {policy.product for policy in scene.customer.policies}
    named = scene.house.router.products_in(scene.text)
    products = [product for product in scene.products if product in (named or own or scene.products)]
    found = [
        Wish(product=product, service=service, length=length)
        for product in products
        for service, flow in scene.house.library.handbooks[product].flows.items()
        if (length := max(_lengths(flow.wished, heard), default=0))
    ]
    return max(found, key=lambda wish: wish.length, default=None)


def _lengths(wishes: tuple[str, ...], heard: str) -> Iterator[int]:
    """Yield how many characters of each matching wish were said, the gaps apart."""
    for wish in wishes:
        match = _pattern(wish).search(heard)
        if match:
            yield sum(group.count(_END) for group in match.groups())


@lru_cache(maxsize=1024)
def _pattern(wish: str) -> re.Pattern[str]:
    parts = ["|".join(map(_word, sorted(part.split("/"), key=len, reverse=True))) for part in wish.split()]
    gap = f"(?:[^{_END}]*{_END}){{0,{_APART}}}?"
    return re.compile(rf"(?<![^{_END}])" + gap.join(f"({part})" for part in parts))


def _word(word: str) -> str:
    """Return a word's pattern: several characters by their sound, one as written (垫 sounds like 点)."""
    if len(word) == 1:
        return f"{re.escape(word)}[^{_END}]*{_END}"
    return "".join(f".{re.escape(sound)}{_END}" for sound in sounds(word))


def _heard(text: str) -> str:
    return "".join(f"{character}{sound}{_END}" for character, sound in zip(text, sounds(text), strict=True))
