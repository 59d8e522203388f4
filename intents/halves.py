"""Finds halves of products' names that are also everyday words: 无限的绿通 names 臻爱无限, 次数无限 names nothing.

Such a half (`halves` in product.yaml) counts only where a name would stand, and before what belongs to a product.
"""

import re
from collections.abc import Iterable, Sequence

from intents.lexicon import Found, Lexicon
from intents.normal import compact
from intents.terrain import ProductNames

_BEFORE = (
    r"(?<!\w)|(?<=[我俺咱你您他她它家妈爸爷奶婆公儿女的个款份和跟与及对换在用走买问下])|(?<=^是)|(?<=[,，噢哦喔啊嗯]是)|(?<=还有)|(?<=换成)|(?<=我是)"
    r"|(?<=买的是)|(?<=我的是)|(?<=应该是)|(?<=问的是)|(?<=说的是)"
)
_JOINED = r"(?:的|里面|里|上面|那边|这边|那款|那份|那个|这款|这份|走|用|约|办|申请|有没有|有)*"
_ALONE = r"(?:的|那款|那份|那个|这款|这份)*(?:[呢咧嘞呐呀啊,，。;；!！?？]|$)"
_PART = r"(?:那|这)(?:款|份|个)|的?(?:清单|药单|名单|单子|客服|手册|保险|保单)"


class Halves:
    """Knows the halves of every product's name."""

    def __init__(self, products: Iterable[ProductNames]) -> None:
        self._patterns = [
            (
                product.id,
                half,
                re.compile(rf"(?:{_BEFORE}){re.escape(half)}(?!\d)(?:(?={_PART}|{_ALONE})|(?P<joined>{_JOINED}))"),
            )
            for product in products
            for half in map(compact, product.halves)
        ]

    def find(self, text: str, whole: Sequence[Found], services: Lexicon) -> list[Found]:
        """Return the halves that stand for their products in compact `text`, apart from `whole` names: alone, or before
        the name of a service."""
        found = []
        for product, half, pattern in self._patterns:
            for match in pattern.finditer(text) if half in text else ():
                start = match.start()
                hit = Found(thing=product, name=half, start=start, end=start + len(half), how="exact")
                if any(map(hit.meets, whole)):
                    continue
                if match["joined"] is None or any(other.start == match.end() for other in services.find(text)):
                    found.append(hit)
        return found
