"""The engine's sentences (dialog_texts.yaml), checked when loaded: each is there, with no gap that nothing fills."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml

TEXTS = Path(__file__).parents[1] / "dialog_texts.yaml"

_ASK = ("ask_optional", "ask_files")
_PLAIN = (
    "files_wanted first_already not_optional skipped anew_done kept_on review_empty confirm_again "
    "ask_anew not_understood person outdated date_lunar date_none phone_unlikely phone_area id_birth id_check "
    "name_unclear hospital_undecided hospital_which drug_undecided yes_no_unsure choice_none"
)
# Which sentences there are, each with the gaps that are filled.
SENTENCES: Mapping[str, frozenset[str]] = {
    **{name: frozenset({"ask"}) for name in _ASK},
    **{name: frozenset() for name in _PLAIN.split()},
    **{name: frozenset({"day"}) for name in ("date_day",)},
    **{name: frozenset({"day", "bound"}) for name in ("date_past", "date_too_early", "date_future", "date_too_late")},
    **{name: frozenset({"count"}) for name in ("phone_length", "id_length", "card_length", "choice_number", "anew")},
    **{name: frozenset({"count"}) for name in ("files_so_far", "files_many")},
    **{name: frozenset({"title"}) for name in ("leave", "cancelled", "paused", "back_again", "expired")},
    **{name: frozenset({"pairs"}) for name in ("noted", "changed")},
    "confirm_open": frozenset({"title"}),
    "ask_choices": frozenset({"ask", "choices"}),
    "ask_hint": frozenset({"ask", "hint"}),
    "ask_kept": frozenset({"ask", "value"}),
    "choice_line": frozenset({"number", "label"}),
    "pair": frozenset({"short", "value"}),
    "unchanged": frozenset({"short"}),
    "resume": frozenset({"title", "count"}),
    "review": frozenset({"lines"}),
    "summary": frozenset({"title", "lines", "notices", "example"}),
    "summary_line": frozenset({"number", "short", "value"}),
    "what_to_change": frozenset({"choices"}),
    "which_one": frozenset({"short", "choices"}),
    "which_slot": frozenset({"choices"}),
    "only_as_written": frozenset({"label"}),
    "date_weekday": frozenset({"day", "said"}),
    "text_long": frozenset({"count", "longest"}),
    "text_shape": frozenset({"short"}),
}


@dataclass(frozen=True)
class Wording:
    """The sentences by name."""

    texts: Mapping[str, str]

    @classmethod
    def load(cls, path: Path = TEXTS) -> Self:
        """Return the sentences of a file. Raises ConfigurationFault naming file, entry and remedy."""
        texts = read_yaml(path)
        for name, gaps in SENTENCES.items():
            if not isinstance(texts.get(name), str):
                raise ConfigurationFault(f"{path}: entry {name!r} is missing; write the sentence")
            unfilled = {gap for _, gap, _, _ in string.Formatter().parse(texts[name]) if gap} - gaps
            if unfilled:
                raise ConfigurationFault(f"{path}: entry {name!r} has the gap {min(unfilled)!r}, which nothing fills")
        unknown = set(texts) - set(SENTENCES)
        if unknown:
            raise ConfigurationFault(f"{path}: entry {min(unknown)!r} is said nowhere; remove it")
        return cls({name: text.replace("\\n", "\n") for name, text in texts.items()})

    def say(self, name: str, **gaps: str) -> str:
        """Return a sentence with its gaps filled."""
        return self.texts[name].format(**gaps)


@lru_cache(maxsize=1)
def wording() -> Wording:
    """Return the sentences of the shipped file, read once."""
    return Wording.load()
