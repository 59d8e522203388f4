"""Talk and danger as the server builds them: with the handbooks' phrasings for what is neither."""

from functools import cache

from handlers.understanding import build_terrain
from intents.danger import Danger
from intents.talk import Talk
from knowledge.library import load


@cache
def questions() -> list[str]:
    return [phrasing.text for phrasing in build_terrain(load()).phrasings]


@cache
def talk() -> Talk:
    return Talk.load(questions())


@cache
def danger() -> Danger:
    return Danger.load(questions())
