"""Finds what a short message takes up out of the service talked of: 押金呢 after 急诊能垫吗."""

import re
from collections import defaultdict
from collections.abc import Iterable

from intents.normal import compact
from intents.terrain import Topic

_TAKEN_UP = re.compile(
    r"^(?:那么?|还有|另外|要是|如果是?|换成)?(?P<thing>[^,，。?？!！]{2,8}?)(?:的话|那种|这种|那个|这个|的)*[呢咧嘞呐][?？。!！]*$"
)


class Details:
    """Knows the words of each service's questions and answers."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._of_service: dict[str, list[tuple[Topic, str, str]]] = defaultdict(list)
        for topic in topics:
            self._of_service[topic.place].append((topic, compact(topic.ask), compact(topic.say)))

    def taken_up(self, text: str, before: Topic) -> tuple[Topic, ...]:
        """Return the topics of the service talked of `before` whose question, else whose answer, has the one thing that
        `text` names; of the attribute asked for before, where there are such."""
        found = _TAKEN_UP.match(compact(text))
        if found is None:
            return ()
        thing, told = found["thing"], self._of_service[before.place]
        topics = [topic for topic, ask, _ in told if thing in ask] or [topic for topic, _, say in told if thing in say]
        same = [topic for topic in topics if topic.attribute == before.attribute]
        return tuple(topic for topic in same or topics if topic.id != before.id)
