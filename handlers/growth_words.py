"""Height and weight as people say them: 身高105 体重17; 1米05, 34斤; 今天量的75公分、20斤2两."""

import re
from dataclasses import dataclass

from bot.slots.said import plain

_F = r"\d{1,4}(?:\.\d{1,2})?"
_HEIGHT = re.compile(
    rf"(?:身高|身长|个子|个头|高)(?:是|有|为|到|长到|大概|约|:|：|\s|了)*(?:(?P<m>\d)\s*(?:米|m(?![a-z]))\s*(?P<rest>\d{{1,2}})?|(?P<cm>{_F}))\s*(?P<unit>厘米|公分|cm|米|m)?"
    rf"|(?<![\d.])(?P<cm2>{_F})\s*(?:厘米|公分|cm)|(?<![\d.])(?P<m2>\d)\s*米\s*(?P<rest2>\d{{1,2}})?(?!\d)"
)
_WEIGHT = re.compile(
    rf"(?:体重|重量|重)(?:是|有|为|到|长到|大概|约|:|：|\s|了)*(?P<w>{_F})\s*(?P<unit>公斤|千克|kg|斤|克|g)?\s*(?:(?P<liang>\d)两?)?"
    rf"|(?<![\d.])(?P<w2>{_F})\s*(?P<unit2>公斤|千克|kg|斤)\s*(?:(?P<liang2>\d)两)?"
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """Height in centimetres and weight in kilograms, as far as they were told."""

    height_cm: float | None = None
    weight_kg: float | None = None


def growth_in(text: str) -> Told:
    """Return height and weight told in a text."""
    words = plain(text)
    return Told(height_cm=_height(words), weight_kg=_weight(words))


def is_likely(told: Told, age_months: int) -> bool:
    """Whether a child of this age can be so tall and heavy; wide bounds that only catch slips."""
    tallest, heaviest = 62 + 3.2 * min(age_months, 24) + 0.75 * max(0, age_months - 24), 6.5 + 0.75 * age_months
    height = told.height_cm is None or (35 <= told.height_cm <= min(tallest + 12, 215))
    return height and (told.weight_kg is None or (1.0 <= told.weight_kg <= min(heaviest + 6, 160)))


def _height(text: str) -> float | None:
    match = _HEIGHT.search(text)
    if match is None:
        return None
    metres, rest = match["m"] or match["m2"], match["rest"] or match["rest2"]
    if metres:
        return int(metres) * 100.0 + (int(rest) * (10 if len(rest) == 1 else 1) if rest else 0)
    figure = float(match["cm"] or match["cm2"])
    return round(figure * 100, 1) if match["unit"] in ("米", "m") or figure < 2.5 else figure


def _weight(text: str) -> float | None:
    match = _WEIGHT.search(text)
    if match is None:
        return None
    figure = float(match["w"] or match["w2"])
    unit, tenths = match["unit"] or match["unit2"], match["liang"] or match["liang2"]
    if unit == "斤":
        return round(figure / 2 + int(tenths or 0) * 0.05, 2)
    return round(figure / 1000, 2) if unit in ("克", "g") else figure
