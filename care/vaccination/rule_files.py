"""Reads the rules of vaccination from their files; a fault names file, entry and remedy."""

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from bot.errors import ConfigurationFault
from bot.yaml_files import read_yaml
from care.vaccination.programme import Programme
from care.vaccination.rule_faults import CIRCUMSTANCES, PRODUCTS, PROGRAMME, SELF_PAID, find_faults
from care.vaccination.rules import Condition, Edition, Family, GeneralRule, Overlay, Product

HERE = Path(__file__).parent
_Shape = TypeVar("_Shape", bound=BaseModel)


@lru_cache(maxsize=4)
def load(folder: Path = HERE) -> Programme:
    """Return the rules. Raises ConfigurationFault with every fault of the files, a line each."""
    programme = _read(folder)
    faults = find_faults(programme)
    if faults:
        raise ConfigurationFault("\n".join(faults))
    return programme


def _read(folder: Path) -> Programme:
    national, self_paid, products, around = (
        _yaml(folder / name) for name in (PROGRAMME, SELF_PAID, PRODUCTS, CIRCUMSTANCES)
    )
    path = folder / PROGRAMME
    return Programme(
        edition=_shaped(Edition, _part(national, "edition", path), f"{path}: edition"),
        sources=dict(_part(national, "sources", path)),
        general=_table(GeneralRule, _part(national, "general", path), path, "id"),
        routine=_table(Family, _part(national, "families", path), path),
        self_paid=_table(Family, _part(self_paid, "families", folder / SELF_PAID), folder / SELF_PAID),
        products=_table(Product, products, folder / PRODUCTS),
        overlays=tuple(
            _table(Overlay, _part(around, "overlays", folder / CIRCUMSTANCES), folder / CIRCUMSTANCES, "id").values()
        ),
        conditions=_table(Condition, _part(around, "conditions", folder / CIRCUMSTANCES), folder / CIRCUMSTANCES),
    )


def _yaml(path: Path) -> Any:
    try:
        return read_yaml(path)
    except FileNotFoundError as error:
        raise ConfigurationFault(f"{path}: the file is missing; put it back") from error
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"{path}: not UTF-8; save the file in UTF-8") from error
    except yaml.YAMLError as error:
        raise ConfigurationFault(f"{path}: not readable as YAML; mend what it names: {error}") from error


def _part(told: Any, key: str, path: Path) -> Any:
    if not isinstance(told, dict) or key not in told:
        raise ConfigurationFault(f"{path}: {key} is missing; add it (programme.yaml shows how)")
    return told[key]


def _table(shape: type[_Shape], told: Any, path: Path, key: str = "code") -> dict[str, _Shape]:
    table: dict[str, _Shape] = {}
    for place, entry in enumerate(told, start=1):
        name = entry.get(key, f"entry {place}") if isinstance(entry, dict) else f"entry {place}"
        if name in table:
            raise ConfigurationFault(f"{path}: {name} stands twice; keep one")
        table[name] = _shaped(shape, entry, f"{path}: {name}")
    return table


def _shaped(shape: type[_Shape], told: Any, place: str) -> _Shape:
    try:
        return shape.model_validate(told)
    except ValidationError as error:
        lines = [
            f"{place}: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}; mend or remove it"
            for fault in error.errors()
        ]
        raise ConfigurationFault("\n".join(lines)) from error
