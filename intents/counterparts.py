"""Spells out a service of which only what sets it apart was said: after 门诊绿通, 住院的呢 asks about 住院绿通."""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile

from intents.normal import compact
from intents.terrain import ServiceNames, Topic

_SHORTEST = 2  # characters of what two services share in their names, and of what sets them apart
_BEFORE = r"^\s*(?:那么?|还有|另外|要是|如果是?|换成|改成|我要是)?\s*"
_AFTER = r"(?=(?:的|那个|那种|那边)?\s*(?:[呢咧嘞呐,，。?？!！\s]|$|(?:要|得|需要)?等?(?:多久|几天|多少天|多长时间)))"


class Counterparts:
    """Knows of each service the others of its product whose names differ from its own only in their beginnings."""

    def __init__(self, services: Iterable[ServiceNames]) -> None:
        real = [service for service in services if service.offered and not service.topic]
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        for one in real:
            for other in real:
                if one.product == other.product and one.id != other.id:
                    self._names[one.place].update(_set_apart(one, other))
        self._said = {
            place: re.compile(f"{_BEFORE}({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))}){_AFTER}")
            for place, names in self._names.items()
            if names
        }

    def spelt_out(self, text: str, before: Topic) -> str:
        """Return `text` with the whole name of the service that it means instead of the one talked about `before`."""
        place = f"{before.product}/{before.service}"
        said = self._said.get(place)
        found = said.match(text) if said else None
        if found is None:
            return text
        return f"{text[: found.start(1)]}{self._names[place][found[1]]}{text[found.end(1) :]}"


def _set_apart(one: ServiceNames, other: ServiceNames) -> dict[str, str]:
    """Return the other's names by what sets them apart from the one's."""
    mine, short = compact(one.short), compact(other.short)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(reversed(mine), reversed(short), strict=False))
    shared = "".join(character for character, _ in same)[::-1]
    if len(shared) < _SHORTEST:
        return {}
    names = {compact(name) for name in (other.short, *other.called)}
    heads = {name.removesuffix(shared): name for name in names if name.endswith(shared)}
    return {head: name for head, name in heads.items() if len(head) >= _SHORTEST and head not in mine}
