"""Loads the desk's own forms (forms/*.yaml). Those of the services come from the handbooks' flows."""

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from bot.errors import ConfigurationFault
from bot.forms import Choice, Form, Question
from bot.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "forms"


@lru_cache(maxsize=32)
def form(name: str) -> Form:
    """Return a form by its file's name. Raises ConfigurationFault naming file, entry and remedy."""
    path = FOLDER / f"{name}.yaml"
    try:
        found = Form.model_validate(read_yaml(path))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ConfigurationFault(f"{path}: {error}; mend these entries (the schema is bot/forms.py)") from error
    if found.id != name:
        raise ConfigurationFault(f"{path}: id: {found.id!r} differs from the file's name; make them the same")
    return found


def question(form_name: str, slot: str, *, choices: list[Choice] | None = None, ask: str | None = None) -> Question:
    """Return one question of a form, with its choices or wording filled in. Raises ConfigurationFault."""
    found = form(form_name).question(slot)
    if found is None:
        raise ConfigurationFault(f"{FOLDER / form_name}.yaml: no question has the slot {slot!r}; add it")
    changes = {"choices": tuple(choices)} if choices else {}
    return found.model_copy(update={**changes, **({"ask": ask} if ask else {})})


def confirming(ask: str, *, title: str | None = None, also: tuple[str, ...] = ()) -> Form:
    """Return the form that asks only whether the person is sure (slot `sure`); `also` name the deed for a yes."""
    found = form("confirmation")
    asked = found.questions[0].model_copy(update={"ask": ask, "also": also})
    return found.model_copy(update={"questions": (asked,), "title": title or found.title})


def picking(
    slot: str, ask: str, labels: dict[str, str], *, title: str, called: dict[str, list[str]] | None = None
) -> Form:
    """Return a form with one choice, made on the spot: `labels` gives each choice's id its label."""
    named = called or {}
    choices = tuple(Choice(id=id, label=label, called=tuple(named.get(id, ()))) for id, label in labels.items())
    asked = Question(slot=slot, kind="choice", ask=ask, short=title, choices=choices)
    return Form(id=f"picking-{slot}", version=1, title=title, questions=(asked,))
