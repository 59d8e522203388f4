"""Makes large alternations fast: each alternative is guarded by the set of characters that it can start with.

The engine tries every alternative at every position; a guard lets it drop most of them on one look. The
meaning stays the same.
"""

import importlib
import re
from collections.abc import Iterable
from typing import Any

# The standard library's own parser; it has no public name. Without it patterns stay right and get slow.
_parser: Any = importlib.import_module("re._parser")

_GROUP = 10  # measured: fewer and more in a group are slower
_Starts = tuple[
    set[str] | None, bool
]  # the characters a pattern can start with (None: any), and whether it can be empty


def guarded(pattern: str) -> str:
    """Return a pattern that matches where `pattern` does, guarded; of several alternatives another one may win.

    Raises re.error for a pattern that is none.
    """
    known: list[tuple[set[str], str]] = []
    anything: list[str] = []
    for alternative in _alternatives(pattern):
        starts, empty = _starts(_parser.parse(alternative))
        if empty or not starts:
            anything.append(alternative)
        else:
            known.append((starts, alternative))
    groups = list(_grouped(sorted(known, key=lambda pair: sorted(pair[0]))))
    every: set[str] = set().union(*(starts for starts, _ in groups))
    whole = "|".join([*(f"{_guard(starts)}(?:{group})" for starts, group in groups), *anything])
    return whole if anything else f"{_guard(every)}(?:{whole})"


def starts_of(pattern: str) -> frozenset[str] | None:
    """Return the characters of which a text with a match has at least one; None where that cannot be told."""
    starts, empty = _starts(_parser.parse(pattern))
    return None if starts is None or empty else frozenset(starts)


def _grouped(alternatives: list[tuple[set[str], str]]) -> Iterable[tuple[set[str], str]]:
    """Put neighbours under one more guard, so that one look drops them all."""
    for at in range(0, len(alternatives), _GROUP):
        group = alternatives[at : at + _GROUP]
        starts: set[str] = set().union(*(starts for starts, _ in group))
        yield starts, "|".join(f"{_guard(each)}{alternative}" for each, alternative in group)


def _guard(characters: set[str]) -> str:
    return f"(?=[{''.join(map(re.escape, sorted(characters)))}])"


def _alternatives(pattern: str) -> Iterable[str]:
    """Split at the bars that stand in no group, class or escape."""
    depth, start, at, in_class = 0, 0, 0, False
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and not depth:
            yield pattern[start:at]
            start = at + 1
        at += 1
    yield pattern[start:]


def _starts(tree: Iterable[tuple[Any, Any]]) -> _Starts:
    """Return the starts of a sequence of parsed items."""
    found: set[str] = set()
    for code, argument in tree:
        starts, empty = _item(str(code), argument)
        if starts is None:
            return None, False
        found |= starts
        if not empty:
            return found, False
    return found, True


def _item(code: str, argument: Any) -> _Starts:
    if code in ("AT", "ASSERT", "ASSERT_NOT"):
        return set(), True
    if code == "LITERAL":
        return {chr(argument)}, False
    if code == "IN":
        return _of_class(argument), False
    if code == "SUBPATTERN":
        return _starts(argument[3])
    if code == "BRANCH":
        branches = [_starts(branch) for branch in argument[1]]
        if any(starts is None for starts, _ in branches):
            return None, False
        return set().union(*(starts for starts, _ in branches if starts)), any(empty for _, empty in branches)
    if code in ("MAX_REPEAT", "MIN_REPEAT"):
        least, _, body = argument
        starts, empty = _starts(body)
        return starts, empty or least == 0
    return None, False


def _of_class(members: Iterable[tuple[Any, Any]]) -> set[str] | None:
    found: set[str] = set()
    for code, argument in members:
        if str(code) == "LITERAL":
            found.add(chr(argument))
        elif str(code) == "RANGE" and argument[1] - argument[0] < 64:
            found |= {chr(number) for number in range(argument[0], argument[1] + 1)}
        elif str(argument) == "CATEGORY_DIGIT":
            found |= set("0123456789")
        else:
            return None
    return found
