"""Talk and danger as the server builds them: with the handbooks' phrasings for what is no small talk."""

from functools import cache

from handlers.understanding import build_terrain
from intents.danger import Danger
from intents.talk import Talk
from knowledge.library import load


@cache
def talk() -> Talk:
    return Talk.load([phrasing.text for phrasing in build_terrain(load()).phrasings])


@cache
def danger() -> Danger:
    return Danger.load()
