"""What was made of a text is remembered: a short one for a while, a long one no longer than its turn."""

from intents.recall import recalled

LONG = "我想问一下" * 10


def counting():
    asked = []
    return asked, recalled(lambda text: asked.append(text) or text.upper())


def test_a_short_text_is_worked_out_once():
    asked, ask = counting()
    assert [ask("住院垫付a") for _ in range(3)] == ["住院垫付A"] * 3
    assert asked == ["住院垫付a"]


def test_a_long_text_is_worked_out_once_a_turn_and_not_kept():
    asked, ask = counting()
    for _ in range(3):
        ask(LONG)
    assert asked == [LONG]
    for number in range(20):
        ask(f"{LONG}{number}")
    ask(LONG)
    assert asked.count(LONG) == 2
