"""Numbered choices in a text become a menu to tap, and a tap becomes the choice again. Pure.

A click's id says which line of which message it was: "2.<message id>". A tap on an old menu must not choose from a
newer question's lines, so there the words on the button count.
"""

import re
from collections.abc import Mapping
from typing import Any

# The platform's limits, in UTF-8 bytes, from its page on sending messages (msgmenu).
_HEAD_BYTES, _LABEL_BYTES, _TAIL_BYTES, _MOST_LINES = 1024, 128, 256, 10
_LINE = re.compile(r"(?P<number>[1-9][0-9]?)[.、．]\s*(?P<label>\S.*)")
_CLICK = re.compile(r"(?P<number>[1-9][0-9]?)\.(?P<message>[0-9A-Za-z_-]{1,32})")


def menu_of(text: str, message_id: str) -> Mapping[str, Any] | None:
    """Return a text with numbered choices as the platform's msgmenu; None for any other text.

    The lines 1, 2, … must stand together, with a question before them.
    """
    lines = text.split("\n")
    matches = [_LINE.fullmatch(line.strip()) for line in lines]
    first = next((at for at, match in enumerate(matches) if match and match["number"] == "1"), None)
    if first is None or first == 0:
        return None
    labels: list[str] = []
    for match in matches[first:]:
        if match is None or match["number"] != str(len(labels) + 1):
            break
        labels.append(match["label"].strip())
    head, tail = "\n".join(lines[:first]).strip(), "\n".join(lines[first + len(labels) :]).strip()
    if not 2 <= len(labels) <= _MOST_LINES or any(matches[first + len(labels) :]):
        return None
    if _too_long(head, _HEAD_BYTES) or _too_long(tail, _TAIL_BYTES) or not head:
        return None
    if any(_too_long(label, _LABEL_BYTES) for label in labels):
        return None
    clicks = [
        {"type": "click", "click": {"id": f"{number}.{message_id}", "content": label}}
        for number, label in enumerate(labels, start=1)
    ]
    return {"head_content": head, "list": clicks, **({"tail_content": tail} if tail else {})}


def chosen(click_id: str, label: str, *, last_menu: str | None) -> str:
    """Return what a tap says: the number of the line in the menu sent last, else the words on the button."""
    match = _CLICK.fullmatch(click_id)
    return match["number"] if match and match["message"] == last_menu else label


def _too_long(text: str, most_bytes: int) -> bool:
    return len(text.encode()) > most_bytes
