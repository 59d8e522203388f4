"""Finds the service of which only the beginning was said: after 门诊绿通, 住院的呢 asks about 住院绿通.

After a service that has no such counterpart it may be any whose name begins so: 住院垫付 and 住院绿通 after 图文咨询.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile

from intents.normal import compact
from intents.terrain import ServiceNames, Topic

_SHORTEST = 2  # characters of what two services share in their names, and of what sets them apart
_BEFORE = r"^\s*(?:那么?|还有|另外|要是|如果是?|换成|改成|我要是)?\s*"
_AFTER = r"(?=(?:的|那个|那种|那边)?\s*(?:[呢咧嘞呐,，。?？!！\s]|$|(?:要|得|需要)?等?(?:多久|几天|多少天|多长时间)))"
_NOTHING_ELSE = r"(?:的|那个|那种|那边)*\s*[呢咧嘞呐][\s?？。!！]*$"


class Counterparts:
    """Knows of each service the others of its product whose names differ from its own only in their beginnings, and
    those that begin with words that are no name by themselves."""

    def __init__(self, services: Iterable[ServiceNames], topics: Iterable[Topic]) -> None:
        services = tuple(services)
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

        called = {(one.product, compact(name)) for one in services for name in (one.short, *one.called)}
        self._beginning: dict[tuple[str, str], list[ServiceNames]] = defaultdict(list)
        for one in real:
            short = compact(one.short)
            for end in range(_SHORTEST, len(short) - _SHORTEST + 1):
                if (one.product, short[:end]) not in called:
                    self._beginning[one.product, short[:end]].append(one)
        self._asked: dict[str, str] = defaultdict(str)
        for topic in topics:
            self._asked[topic.place] += f"{topic.ask}\n"
        begun = sorted({start for _, start in self._beginning}, key=len, reverse=True)
        self._begun = re.compile(f"{_BEFORE}({'|'.join(map(re.escape, begun)) or '(?!)'}){_NOTHING_ELSE}")

    def begun(self, text: str, before: Topic) -> tuple[ServiceNames, ...]:
        """Return the services that only the beginning of a name in `text` may mean, after an answer about `before`.

        None where that answer's own service tells of such a thing itself: 住院的呢 after 门诊要授权吗.
        """
        found = self._begun.match(text)
        if found is None or found[1] in self._asked[before.place]:
            return ()
        return tuple(one for one in self._beginning.get((before.product, found[1]), ()) if one.place != before.place)

    def spelt_out(self, text: str, before: Topic) -> str:
        """Return `text` with the whole name of the service that it means instead of the one talked about `before`."""
        said = self._said.get(before.place)
        found = said.match(text) if said else None
        if found is None:
            return text
        return f"{text[: found.start(1)]}{self._names[before.place][found[1]]}{text[found.end(1) :]}"


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
