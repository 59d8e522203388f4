"""A handbook folder that a test may spoil: a copy of the made-up one, edited as its author would edit it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from knowledge.check import find_faults
from knowledge.library import load
from tests.assistants import FIXTURES

HANDBOOKS = FIXTURES / "handbooks"
TEXTS = FIXTURES / "handbook_texts"
PRODUCT = "xinghe-anxin-2026"


class Draft:
    """One handbook in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "handbooks"
        self.home = self.folder / PRODUCT
        self.texts = folder / "texts"
        shutil.copytree(HANDBOOKS, self.folder)
        shutil.copytree(TEXTS, self.texts)

    @contextmanager
    def edit(self, name: str) -> Iterator[Any]:
        """Yield a YAML file's content and write back what the test made of it."""
        path = self.home / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield content
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    @contextmanager
    def fact(self, service: str, key: str) -> Iterator[dict[str, Any]]:
        """Yield one fact of a service for editing."""
        with self.edit(f"services/{service}.yaml") as content:
            yield next(fact for fact in content["facts"] if fact["key"] == key)

    def append(self, name: str, line: str) -> None:
        """Add a line to a file."""
        with (self.home / name).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def second_product(self, id: str, short: str) -> Path:
        """Add another handbook that shares nothing with the first but its wording."""
        home = self.folder / id
        shutil.copytree(self.home, home)
        path = home / "product.yaml"
        product = yaml.safe_load(path.read_text(encoding="utf-8"))
        product |= {"id": id, "short": short, "name": short, "called": [short], "mistaken": []}
        path.write_text(yaml.safe_dump(product, allow_unicode=True), encoding="utf-8")
        return home

    def faults(self) -> list[str]:
        """Return what the check finds, printed lines included."""
        return find_faults(load(self.folder), texts=self.texts)
