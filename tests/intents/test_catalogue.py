"""Every example of every intent, run against all intents and the red flags; and how a broken file is told."""

from pathlib import Path

import pytest

from bot.errors import ConfigurationFault
from intents import catalogue
from intents.catalogue import Intent
from tests.intents.as_served import danger, talk


def intents() -> tuple[Intent, ...]:
    return catalogue.load()


@pytest.mark.parametrize("intent", intents(), ids=lambda intent: intent.name)
def test_every_example_is_recognised_and_stolen_by_no_other(intent: Intent) -> None:
    taken = {text: talk().judge(text) for text in intent.examples}
    stolen = {text: found for text, found in taken.items() if found is None or found.intent != intent.name}
    assert not stolen


@pytest.mark.parametrize("intent", intents(), ids=lambda intent: intent.name)
def test_no_example_raises_an_alarm(intent: Intent) -> None:
    assert not {text: alarm for text in intent.examples if (alarm := danger().judge(text))}


@pytest.mark.parametrize("intent", [intent for intent in intents() if intent.look_alikes], ids=lambda i: i.name)
def test_no_look_alike_is_taken_for_the_intent(intent: Intent) -> None:
    taken = {text: talk().judge(text) for text in intent.look_alikes}
    assert not {text: found for text, found in taken.items() if found and found.intent == intent.name}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("intent: hello\nrank: 1\nexamples: []\n", "examples"),
        ("intent: hello\nrank: 1\nexample: [你好]\n", "example"),
        ("intent: other\nrank: 1\nexamples: [你好]\n", "make them the same"),
        ("intent: hello\nrank: 1\nwhole: ['(']\nexamples: [你好]\n", "no regular expression"),
        ("intent: [\n", "mend these entries"),
    ],
)
def test_a_broken_file_is_told_with_its_name_and_the_remedy(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "hello.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationFault, match=told) as fault:
        catalogue.load(tmp_path)
    assert "hello.yaml" in str(fault.value)


def test_an_example_under_two_intents_is_refused(tmp_path: Path) -> None:
    for name in ("hello", "thanks"):
        (tmp_path / f"{name}.yaml").write_text(f"intent: {name}\nrank: 1\nexamples: [谢谢]\n", encoding="utf-8")
    with pytest.raises(ConfigurationFault, match=r"谢谢.*also stands in"):
        catalogue.load(tmp_path)
