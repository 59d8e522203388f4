"""Reads YAML as the handbooks are written: UTF-8, and no key twice (plain YAML lets the last one win in silence)."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from bot.errors import ConfigurationFault
from bot.yaml_files import LOADER


class _Strict(LOADER):  # type: ignore[misc]  # which class it is, is known at run time
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", key_node.start_mark)
            seen.add(key)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found


def read(path: Path) -> Any:
    """Return what a file holds. Raises ConfigurationFault naming file, place and remedy."""
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_Strict)  # noqa: S506 (a safe loader)
    except FileNotFoundError as error:
        raise ConfigurationFault(f"{path}: the file is missing; every handbook has one (docs/handbooks.md)") from error
    except UnicodeDecodeError as error:
        raise ConfigurationFault(f"{path}: not UTF-8; save the file in UTF-8") from error
    except yaml.YAMLError as error:
        raise ConfigurationFault(f"{path}: not readable as YAML; mend what it names: {error}") from error
