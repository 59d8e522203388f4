"""Finds the parts of a package by the names of its files: a part is added by adding its file."""

import importlib
import pkgutil
from types import ModuleType


def parts_of(package: ModuleType) -> dict[str, ModuleType]:
    """Return the modules of a package by name."""
    names = [found.name for found in pkgutil.iter_modules(package.__path__)]
    return {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
