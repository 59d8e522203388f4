"""What the command line offers about understanding: asking a question, scoring question sets. Prints results only."""

import io
import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from bot.errors import UserFault
from handlers import evaluation
from handlers.evaluation import read_cases
from handlers.respond import Assistant
from intents.match import Context


def ask_one(assistant: Assistant, question: str, *, products: tuple[str, ...], product: str | None) -> dict[str, Any]:
    """Answer one question in a fresh conversation; the keys are the contract's (design section 2)."""
    context = Context(products=products, product=product)
    outcome = assistant.discuss(question, context)
    understood = outcome.understanding
    return {
        "text": "\n".join(reply.text for reply in outcome.replies),
        "decision": understood.decision if understood else "abstain",
        "product": understood.product if understood else None,
        "service": understood.service if understood else None,
        "attribute": understood.attribute if understood else None,
        "citations": [
            {"product": citation.product, "clause": citation.clause}
            for reply in outcome.replies
            for citation in reply.citations
        ],
        "reasons": list(understood.reasons) if understood else [],
    }


def print_answer(answer: dict[str, Any], *, as_json: bool, explain: bool) -> None:
    """Print an answer as one JSON line, or as text; with `explain`, what was understood and why."""
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    click.echo(answer["text"])
    if explain:
        click.echo("\n--")
        for key in ("decision", "product", "service", "attribute"):
            click.echo(f"{key:>10}: {answer[key] or '-'}")
        for reason in answer["reasons"]:
            click.echo(f"{'why':>10}: {reason}")


def questions(argument: str, stream: Iterable[str] | None = None) -> Iterable[str]:
    """Yield the one question of the command line, or with "-" those of standard input, a line each."""
    if argument != "-":
        yield argument
        return
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8")
    try:
        for line in stream or sys.stdin:
            if line.strip():
                yield line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise UserFault("standard input: not UTF-8; convert the questions to UTF-8") from error


def report(results: list[evaluation.Result], *, failures: int) -> None:
    """Print the tables by product, kind and style, the totals, and the first failures."""
    for field in ("product", "kind", "style"):
        click.echo(evaluation.table(results, field) + "\n")
    for result in [result for result in results if result.verdict != "pass"][:failures]:
        click.echo(f"{result.case.get('id', '?')} {result.verdict} ({result.why}): {result.said} → {result.reply!r}")
    totals = ", ".join(f"{verdict} {evaluation.share(results, verdict):.1f} %" for verdict in evaluation.VERDICTS)
    click.echo(f"{len(results)} cases: {totals}")


def passes(results: list[evaluation.Result], *, min_pass: float, max_wrong: float) -> bool:
    """Return whether the shares hold. `wrong` counts wrong, silent replies are failures of passing only."""
    enough = evaluation.share(results, "pass") >= min_pass
    return enough and evaluation.share(results, "wrong") <= max_wrong


def score(cases: list[dict[str, Any]], assistant: Assistant, *, products: tuple[str, ...]) -> list[evaluation.Result]:
    """Run a question set in process."""
    return evaluation.evaluate(cases, assistant, products=products)


__all__ = ["ask_one", "passes", "print_answer", "questions", "read_cases", "report", "score"]
