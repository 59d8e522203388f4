"""The readable page of a person's copy: plain HTML in itself, without scripts or anything fetched from elsewhere."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from bot.clock import in_china
from bot.yaml_files import read_yaml

LABELS = Path(__file__).parent / "export_labels.yaml"
_OF_OURS = frozenset(("answered_by", "kind", "status", "relation", "state", "action", "source", "sex", "mother_hbsag"))
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:50em;margin:1em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%;margin:.5em 0}"
    "th,td{border:1px solid #ccc;padding:.3em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{width:9em;font-weight:normal;background:#f5f5f5}"
)


def page(record: Mapping[str, Any], *, now: datetime) -> str:
    """Return the page of a personal record (section → value), each name and known value in Chinese."""
    labels = _labels()
    title = escape(labels["title"])
    parts = [f"<h1>{title}</h1><p>{escape(labels['intro'].format(now=_moment(now)))}</p>"]
    for section, value in record.items():
        parts.append(f"<h2>{escape(labels['sections'].get(section, section))}</h2>{_shown(value)}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html><html lang="zh-CN"><head>{head}<style>{_STYLE}</style></head><body>{"".join(parts)}</body>'


def _shown(value: Any, field: str = "") -> str:
    labels = _labels()
    if isinstance(value, Mapping):
        rows = "".join(
            f"<tr><th>{escape(labels['fields'].get(name, name))}</th><td>{_shown(inner, name)}</td></tr>"
            for name, inner in value.items()
            if inner not in (None, "")
        )
        return f"<table>{rows}</table>" if rows else escape(labels["none"])
    if isinstance(value, list | tuple):
        return "".join(f"<div>{_shown(one, field)}</div>" for one in value) or escape(labels["none"])
    return escape(_word(value, field)).replace("\n", "<br>")


def _word(value: Any, field: str) -> str:
    labels = _labels()
    if value is None:
        return str(labels["none"])
    if isinstance(value, bool):
        return str(labels["yes" if value else "no"])
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    # Only where the value is one of ours: what a person wrote is never put into other words.
    return str(labels["values"].get(value, value) if field in _OF_OURS else value)


def _moment(moment: datetime) -> str:
    return f"{in_china(moment):%Y-%m-%d %H:%M}"


@lru_cache(maxsize=1)
def _labels() -> dict[str, Any]:
    labels: dict[str, Any] = read_yaml(LABELS)
    return labels
