"""The engine's sentences: all there, none unsaid, none longer than a glance."""

import ast
from pathlib import Path

import pytest
import yaml

import bot.dialog
import bot.slots
from bot.dialog.wording import SENTENCES, TEXTS, Wording
from bot.errors import ConfigurationFault

MODULES = [path for package in (bot.dialog, bot.slots) for path in Path(package.__file__).parent.glob("*.py")]


def test_the_shipped_sentences_are_whole() -> None:
    assert set(Wording.load().texts) == set(SENTENCES)


def test_every_sentence_is_said_somewhere() -> None:
    words = {
        node.value
        for path in MODULES
        if path.name != "wording.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    made = {f"date_{vague}" for vague in ("day", "lunar", "none")} | {
        f"id_{fault}" for fault in ("length", "birth", "check")
    }
    assert set(SENTENCES) - words - made == set()


def test_every_sentence_a_module_says_is_there() -> None:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "say"
                and node.args
            ):
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    assert name.value in SENTENCES, f"{path.name}:{node.lineno}"
                    gaps = {keyword.arg for keyword in node.keywords if keyword.arg}
                    assert gaps == set(SENTENCES[str(name.value)]), f"{path.name}:{node.lineno}"
            for keyword in getattr(node, "keywords", []):
                if keyword.arg == "sentence" and isinstance(keyword.value, ast.Constant):
                    assert keyword.value.value in SENTENCES, path.name


@pytest.mark.parametrize(
    ("change", "named"),
    [({"paused": None}, "'paused' is missing"), ({"paused": "{nobody}"}, "'nobody'"), ({"unsaid": "…"}, "'unsaid'")],
)
def test_a_faulty_file_is_refused_with_its_entry(tmp_path: Path, change: dict[str, str | None], named: str) -> None:
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8")) | change
    path = tmp_path / "texts.yaml"
    path.write_text(yaml.safe_dump({name: text for name, text in texts.items() if text is not None}), encoding="utf-8")
    with pytest.raises(ConfigurationFault, match=named) as raised:
        Wording.load(path)
    assert str(path) in str(raised.value)


def test_no_sentence_is_longer_than_a_glance() -> None:
    assert max(len(text) for text in Wording.load().texts.values()) <= 80
