"""The rules of vaccination in one value, with the ways to look them up. `rule_files.load()` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.errors import ConfigurationFault
from care.vaccination.rules import Condition, Edition, Family, GeneralRule, Overlay, Product
from care.vaccination.spans import Span

_IGNORED = str.maketrans("", "", " -_　")


@dataclass(frozen=True, kw_only=True)
class Programme:
    """The rules in force, read once. `routine` and `self_paid`: the families in the order of the files."""

    edition: Edition
    sources: Mapping[str, str]
    general: Mapping[str, GeneralRule]
    routine: Mapping[str, Family]
    self_paid: Mapping[str, Family]
    products: Mapping[str, Product]
    overlays: tuple[Overlay, ...]
    conditions: Mapping[str, Condition]

    @cached_property
    def families(self) -> Mapping[str, Family]:
        """Every family, by code."""
        return {**self.routine, **self.self_paid}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every way to write a product, folded (see `fold`) → its code."""
        return {fold(name): one.code for one in self.products.values() for name in (one.code, *one.called)}

    def span(self, rule: str) -> Span:
        """Return the duration of a general rule."""
        value = self.general[rule].value
        if value is None:
            raise ConfigurationFault(f"programme.yaml: general {rule}: has no value; give it a duration")
        return value


def fold(name: str) -> str:
    """Return a vaccine's name as it is compared: case, spaces, - and _ do not matter."""
    return name.casefold().translate(_IGNORED)
