"""The recipes in shapes.yaml as callbacks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_RECIPES = Path(__file__).with_suffix(".yaml")


def recipes(platform: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield name, fields and what it becomes of each recipe of `wechat`, `wecom` or `kf`."""
    for recipe in yaml.safe_load(_RECIPES.read_text(encoding="utf-8"))[platform]:
        yield recipe["shape"], recipe["fields"], recipe["becomes"]


def message_of(fields: dict[str, Any], head: dict[str, Any]) -> bytes:
    """Return the body that a recipe describes; its own fields win over those of the head."""
    told = {**head, **fields}
    if told.get("MsgType") in ("event", None):
        told.pop("MsgId", None)
    return _element("xml", told).encode()


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    inner = "".join(_element(*each) for each in value.items()) if isinstance(value, dict) else f"<![CDATA[{value}]]>"
    return f"<{name}>{inner}</{name}>"
