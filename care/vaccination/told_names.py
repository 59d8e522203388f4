"""Names of vaccines in plain text, as people write them: which products each can mean at a child's age."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.errors import ConfigurationFault
from bot.slots.said import Span as Place
from bot.slots.said import plain
from bot.yaml_files import read_yaml
from care.vaccination.rule_files import load
from care.vaccination.spans import parse_span

FILE = Path(__file__).with_name("told_names.yaml")
_SUFFIX = re.compile(r"(?:病毒|球菌|多糖|结合|减毒|灭活)?(?:活)?疫苗")
# 打了猴痘疫苗: what stands between another word and 疫苗 is the name of one we don't know.
_ANY = re.compile(r"(?P<name>[一-龥a-z0-9+]{2,12})疫苗")
_NO_NAME = re.compile(
    r"免费|自费|进口|国产|预防|社区|医院|联合|儿童|宝宝|孩子|什么|哪|[打种接了过完的是这那几一两三个针次剂和跟还就都也又给在去到我他她天月号日年昨今前刚新该要下上第补有没]"
)


class _One(BaseModel):
    model_config = ConfigDict(extra="forbid")

    product: str
    before: str | None = None
    since: str | None = None


class _Several(BaseModel):
    model_config = ConfigDict(extra="forbid")

    called: list[str] = Field(min_length=1)
    products: list[_One] = Field(min_length=2)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    one: dict[str, list[str]]
    several: list[_Several]
    untracked: list[str]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A vaccine named in a text. `products`: what it can be, the usual one first; empty for one we don't follow."""

    place: Place
    name: str
    products: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Names:
    pattern: re.Pattern[str]
    meanings: Mapping[str, tuple[_One, ...]]
    untracked: frozenset[str]


def vaccines_in(text: str) -> Iterator[Named]:
    """Yield the vaccines named in plain `text` (see `bot.slots.said.plain`), in order, with all they can mean."""
    names, taken = _names(), 0
    for match in names.pattern.finditer(text):
        yield from _unknown(text[taken : match.start()], taken)
        end = suffix.end() if (suffix := _SUFFIX.match(text, match.end())) else match.end()
        meant = tuple(one.product for one in names.meanings.get(match.group(), ()))
        yield Named(place=(match.start(), end), name=match.group(), products=meant)
        taken = end
    yield from _unknown(text[taken:], taken)


def narrowed(products: tuple[str, ...], name: str, *, birth: date, on: date | None) -> tuple[str, ...]:
    """Return which of the products a name can mean for a child of this age; all of them where none would be left."""
    if len(products) < 2 or on is None:
        return products
    known = {one.product: one for one in _names().meanings.get(name, ())}
    left = tuple(code for code in products if code not in known or _fits(known[code], birth, on))
    return left or products


def is_untracked(name: str) -> bool:
    """Whether a name is that of a vaccine whose doses nobody follows here (狂犬, 破伤风)."""
    return name in _names().untracked


def called(code: str) -> str:
    """Return how a product is called in a sentence."""
    product = load().products.get(code)
    return product.name if product else code


def _fits(one: _One, birth: date, on: date) -> bool:
    if one.before and on >= parse_span(one.before).after(birth):
        return False
    return not (one.since and on < parse_span(one.since).after(birth))


def _unknown(text: str, at: int) -> Iterator[Named]:
    for match in _ANY.finditer(text):
        name = _NO_NAME.split(match["name"])[-1]
        if len(name) > 1:
            start = at + match.end("name") - len(name)
            yield Named(place=(start, at + match.end()), name=name, products=())


@lru_cache(maxsize=1)
def _names() -> _Names:
    file, products = _read(), load().products
    meanings: dict[str, tuple[_One, ...]] = {}
    for code, product in products.items():
        for name in (product.name, *product.called):
            if code not in ("POLIO",):
                meanings[plain(name)] = (_One(product=code),)
    for code, written in file.one.items():
        meanings |= {plain(name): (_One(product=code),) for name in written}
    for entry in file.several:
        meanings |= {plain(name): tuple(entry.products) for name in entry.called}
    untracked = frozenset(map(plain, file.untracked))
    missing = {one.product for meant in meanings.values() for one in meant} - set(products)
    if missing:
        raise ConfigurationFault(f"{FILE}: {min(missing)}: products.yaml has no such code; correct it")
    written = sorted({*meanings, *untracked}, key=len, reverse=True)
    return _Names(pattern=re.compile("|".join(map(re.escape, written))), meanings=meanings, untracked=untracked)


def _read() -> _File:
    try:
        return _File.model_validate(read_yaml(FILE))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(f"{FILE}: {error}; mend these entries") from error
