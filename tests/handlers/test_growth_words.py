"""Height and weight as parents say them."""

import pytest

from handlers.growth_words import Told, growth_in, is_likely

SAID = {
    "身高105 体重17": (105, 17),
    "身高105厘米，体重17公斤": (105, 17),
    "今天量了，身高1米05，体重34斤": (105, 17),
    "身长75.5cm 体重9.8kg": (75.5, 9.8),
    "1米2": (120, None),
    "个子到了98公分": (98, None),
    "体重18斤4两": (None, 9.2),
    "体重 10.5": (None, 10.5),
    "身高1.05米": (105, None),
    "75厘米，20斤": (75, 10),
    "体重3200克": (None, 3.2),
    "昨天打了麻腮风": (None, None),
}


@pytest.mark.parametrize("said", SAID)
def test_height_and_weight_are_heard(said: str) -> None:
    height, weight = SAID[said]
    assert growth_in(said) == Told(height_cm=height, weight_kg=weight)


@pytest.mark.parametrize(
    ("height", "weight", "months", "likely"),
    [
        (50, 3.3, 0, True),
        (75, 10, 12, True),
        (105, 17, 54, True),
        (150, 45, 144, True),
        (300, None, 54, False),
        (17, 105, 54, False),
        (105, None, 6, False),
        (None, 34, 24, False),
    ],
)
def test_slips_are_told_from_children(height: float, weight: float, months: int, likely: bool) -> None:
    assert is_likely(Told(height_cm=height, weight_kg=weight), months) is likely
