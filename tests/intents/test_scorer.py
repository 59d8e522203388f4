"""The scorer learns labels from examples, the same way each time, and scores what it does not know at nought."""

import numpy as np

from intents.fitting import fit
from intents.scorer import Example, Scorer

EXAMPLES = [
    Example(text="等待期多久", labels=frozenset({"wait", "in"})),
    Example(text="刚买几天能用", labels=frozenset({"wait", "in"})),
    Example(text="一年能用几次", labels=frozenset({"uses", "in"})),
    Example(text="次数用完了吗", labels=frozenset({"uses", "in"}), marks=("a:uses",)),
    Example(text="今天天气怎么样", labels=frozenset({"out"})),
]


def best(scorer: Scorer, text: str, marks: tuple[str, ...] = ()) -> str:
    return scorer.labels[int(np.argmax(scorer.score(text, marks)))]


def test_an_example_scores_highest_for_its_own_label() -> None:
    scorer = Scorer(fit([Example(text=example.text, labels=example.labels - {"in"}) for example in EXAMPLES]))
    assert best(scorer, "等待期多久") == "wait"
    assert best(scorer, "一年能用几次") == "uses"
    assert best(scorer, "今天天气怎么样") == "out"


def test_words_that_sound_alike_score_alike() -> None:
    scorer = Scorer(fit(EXAMPLES))
    wait = scorer.column["wait"]
    assert scorer.score("等代期多久")[wait] > scorer.score("今天天气怎么样")[wait]
    assert scorer.score("等侍其多久")[wait] > 0


def test_marks_count_beside_words() -> None:
    scorer = Scorer(fit(EXAMPLES))
    uses = scorer.column["uses"]
    assert scorer.score("还有吗", ("a:uses",))[uses] > scorer.score("还有吗")[uses]


def test_several_labels_are_learned_at_once() -> None:
    scorer = Scorer(fit(EXAMPLES))
    scores = scorer.score("等待期多久")
    assert scores[scorer.column["in"]] > 0.4
    assert scores[scorer.column["wait"]] > scores[scorer.column["uses"]]


def test_nothing_known_scores_nought() -> None:
    scorer = Scorer(fit(EXAMPLES))
    for text in ("", "😀", "qwx"):
        padding_only = scorer.score(text)
        assert padding_only.shape == (len(scorer.labels),)
        assert float(np.abs(padding_only).max()) < 0.2


def test_the_same_examples_give_the_same_scores() -> None:
    first, second = fit(EXAMPLES), fit(EXAMPLES)
    assert first.labels == second.labels
    assert first.names == second.names
    assert np.array_equal(first.solution, second.solution)


def test_many_labels_are_learned_as_well_as_few() -> None:
    many = [Example(text=f"第{chr(0x4E00 + at)}{chr(0x5E00 + at)}项", labels=frozenset({str(at)})) for at in range(80)]
    scorer = Scorer(fit(many))
    assert [best(scorer, example.text) for example in many] == [str(at) for at in range(80)]
