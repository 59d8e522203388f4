"""Scores question sets against the assistant, as the question sets' README defines it."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import UserFault
from handlers.respond import Assistant
from intents.match import Context

# The words by which a reply shows that it is not sure, as the question sets' README lists them.
_UNSURE = re.compile(
    "请问您|哪一款|哪个产品|哪款产品|您是想|您想问|没有找到|没找到|未找到|不太明白|没理解|没能理解|"
    "抱歉|换个说法|请选择|以下哪|是不是想问|您要问"
)
VERDICTS = ("pass", "wrong", "abstained", "long", "silent")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One case's verdict, with the turn that decided it."""

    case: dict[str, Any]
    verdict: str
    said: str
    reply: str
    why: str = ""


def read_cases(path: Path) -> list[dict[str, Any]]:
    """Read a question set. Raises UserFault naming file, line and remedy."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UserFault(f"{path}: cannot be read ({error.strerror}); give the path of a question set") from error
    except UnicodeDecodeError as error:
        raise UserFault(f"{path}: not UTF-8; save the question set in UTF-8") from error
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
            turns = case["turns"]
            if not turns or not all(isinstance(turn["user"], str) for turn in turns):
                raise KeyError("turns[].user")
            if not all(
                _are_texts(group) for turn in turns for group in [*turn.get("expect", ()), turn.get("forbid", [])]
            ):
                raise TypeError("expect is a list of lists of texts, forbid a list of texts")
        except (ValueError, KeyError, TypeError) as error:
            raise UserFault(
                f"{path}: line {number}: not a case ({error}); each line is a JSON object with turns"
            ) from error
        cases.append(case)
    return cases


def _are_texts(group: Any) -> bool:
    return isinstance(group, list) and all(isinstance(text, str) for text in group)


def evaluate(cases: Iterable[dict[str, Any]], assistant: Assistant, *, products: tuple[str, ...]) -> list[Result]:
    """Run each case as a fresh conversation and judge it."""
    return [_run(case, lambda text, context: assistant.discuss(text, context), products) for case in cases]


def _run(case: dict[str, Any], discuss: Callable[[str, Context], Any], products: tuple[str, ...]) -> Result:
    context = Context(products=products)
    result = Result(case=case, verdict="pass", said="", reply="")
    for turn in case["turns"]:
        outcome = discuss(turn["user"], context)
        context = Context.from_state(outcome.state or {}, products=products)
        reply = "\n".join(reply.text for reply in outcome.replies)
        verdict, why = judge(turn, reply)
        if verdict != "pass":
            return Result(case=case, verdict=verdict, said=turn["user"], reply=reply, why=why)
        result = Result(case=case, verdict="pass", said=turn["user"], reply=reply)
    return result


def normalise(text: str) -> str:
    """NFKC, lower case, no white space: as the question sets' README prescribes."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def judge(turn: dict[str, Any], reply: str) -> tuple[str, str]:
    """Return (verdict, reason) of one turn."""
    if not turn.get("expect") and not turn.get("forbid"):
        return "pass", ""
    text = normalise(reply)
    if not text:
        return "silent", "no reply"
    forbidden = [word for word in turn.get("forbid") or [] if normalise(word) in text]
    if forbidden:
        return "wrong", f"forbidden: {forbidden[0]}"
    missing = [group for group in turn.get("expect") or [] if not any(normalise(word) in text for word in group)]
    if missing:
        unsure = _UNSURE.search(text)
        return ("abstained" if unsure else "wrong"), f"missing: {missing[0][0]}"
    if len(text) > turn.get("max_chars", 10**6):
        return "long", f"{len(text)} characters"
    return "pass", ""


def table(results: list[Result], field: str) -> str:
    """Return the verdicts by a field of the cases (product, kind, style) as an aligned table."""
    rows: dict[str, Counter[str]] = {}
    for result in results:
        rows.setdefault(str(result.case.get(field, "?")), Counter())[result.verdict] += 1
    lines = [f"{field:<14}{'cases':>6}" + "".join(f"{verdict:>11}" for verdict in VERDICTS)]
    for name, counts in sorted(rows.items()):
        cells = "".join(f"{counts[verdict]:>11}" for verdict in VERDICTS)
        lines.append(f"{name:<14}{counts.total():>6}{cells}")
    return "\n".join(lines)


def share(results: list[Result], verdict: str) -> float:
    """Return the share of a verdict in per cent; 0 for no cases."""
    return 100 * sum(result.verdict == verdict for result in results) / len(results) if results else 0.0
