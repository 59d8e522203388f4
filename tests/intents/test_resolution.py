"""A clear lead is answered, near facts that fit are told together, weak ones are offered, far ones are not."""

from intents.ranking import Ranked
from intents.resolution import Limits, resolve
from intents.terrain import Topic

LIMITS = Limits()
FAR = LIMITS.lead + 0.5


def ranked(*items: tuple[str, float], say: str = "短。") -> list[Ranked]:
    """Rank topics given as "family key" with their scores."""
    return [
        Ranked(
            topic=Topic(
                id=name, product="p", service=name.split()[0], family=name.split()[0], key=name.split()[1],
                ask=f"问{name}", say=f"{name}{say}",
            ),
            score=score,
        )
        for name, score in items
    ]  # fmt: skip


def ids(topics: tuple[Topic, ...]) -> list[str]:
    return [topic.id for topic in topics]


def test_nothing_ranked_resolves_to_nothing() -> None:
    resolution = resolve([], LIMITS)
    assert (resolution.topics, resolution.choices) == ((), ())


def test_nothing_near_enough_resolves_to_nothing() -> None:
    resolution = resolve(ranked(("a x", LIMITS.ask - 0.01)), LIMITS)
    assert (resolution.topics, resolution.choices) == ((), ())


def test_a_weak_best_is_offered_not_told() -> None:
    resolution = resolve(ranked(("a x", LIMITS.answer - 0.01), ("a y", 0.6), ("b z", 0.5), ("b w", 0.4)), LIMITS)
    assert resolution.topics == ()
    assert [choice.topic for choice in resolution.choices] == ["a x", "a y", "b z"]
    assert resolution.choices[0].label == "问a x"


def test_a_clear_lead_is_told_alone() -> None:
    assert ids(resolve(ranked(("a x", 4.0), ("a y", 4.0 - FAR)), LIMITS).topics) == ["a x"]


def test_near_facts_of_one_service_are_told_together() -> None:
    assert ids(resolve(ranked(("a x", 4.0), ("a y", 3.95)), LIMITS).topics) == ["a x", "a y"]


def test_never_more_than_three_are_told_together() -> None:
    many = ranked(*[(f"a {letter}", 4.0 - at / 100) for at, letter in enumerate("xyzuvw")])
    assert len(resolve(many, LIMITS).topics) == 3


def test_the_same_words_are_not_told_twice() -> None:
    twins = [Ranked(topic=item.topic, score=item.score) for item in ranked(("a x", 4.0))]
    same = Topic(**{**vars(twins[0].topic), "id": "a x2", "key": "x2"})
    assert ids(resolve([*twins, Ranked(topic=same, score=3.99)], LIMITS).topics) == ["a x"]


def test_as_likely_topics_of_two_services_that_do_not_fit_are_asked_back() -> None:
    long = "很长的一段话。" * 40
    resolution = resolve(ranked(("a x", 4.0), ("b y", 3.99), say=long), LIMITS)
    assert resolution.topics == ()
    assert [choice.topic for choice in resolution.choices] == ["a x", "b y"]


def test_each_title_is_offered_once() -> None:
    items = ranked(("a x", 0.8), ("a y", 0.7))
    same = Topic(**{**vars(items[0].topic), "id": "other"})
    resolution = resolve([items[0], Ranked(topic=same, score=0.75), items[1]], LIMITS)
    assert [choice.topic for choice in resolution.choices] == ["a x", "a y"]


def test_every_resolution_says_why() -> None:
    for items in ([], ranked(("a x", 4.0)), ranked(("a x", 0.7)), ranked(("a x", 4.0), ("b y", 3.99))):
        assert resolve(items, LIMITS).reason
