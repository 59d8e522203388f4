"""Finds dates in text: what is written, with the parts it leaves open. Which day is meant is decided in dates.py.

It is long because every way of writing a day stands here beside the others, in the order in which they win.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.slots.numerals import NUMERAL, whole
from bot.slots.said import Span


@dataclass(frozen=True, kw_only=True)
class Mention:
    """One mention of a day, or of something too wide to be one.

    `days`: the days it can mean (one, or a few where the year, the month or the week was left open).
    `open`: what was left open: "" (nothing) | year | month | week | which (the person must say which).
    `vague`: why it is no day: "" | day | lunar | none (no such day).
    `weekly`: "week" for a day of the week, which may stand beside a date; `weekday` is the one said beside this date.
    `is_loose`: could as well be a plain number (11.25); `is_now`: a word that people also use without meaning a date.
    """

    span: Span
    days: tuple[date, ...] = ()
    open: str = ""
    vague: str = ""
    weekly: str = ""
    weekday: int | None = None
    is_loose: bool = False
    is_now: bool = False


_N = NUMERAL
_Y = r"(?P<y>\d{4}|\d{2}|[零〇○一二三四五六七八九]{4}|[零〇○一二三四五六七八九]{2})\s*年"
_RELATIVE_Y = r"(?P<ry>今年|明年|后年|去年|前年|大前年)"
# 3号楼, 2号线, 5日游: a number, but no day.
_DAY_MARK = r"(?:日(?![游本均式用记])|号(?![楼线院门床馆店厅台诊房病窗码选药会机令文色井桌柜卡]))"
_WEEKDAYS = {
    **{c: i for i, c in enumerate("一二三四五六")},
    "日": 6,
    "天": 6,
    "末": 5,
    **{str(i + 1): i for i in range(7)},
}
_NEAR_DAYS = {
    "大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3,
}  # fmt: skip
_FEASTS = {"元旦": (1, 1), "五一": (5, 1), "劳动节": (5, 1), "六一": (6, 1), "儿童节": (6, 1), "七一": (7, 1),
           "国庆": (10, 1), "十一": (10, 1), "圣诞": (12, 25), "妇女节": (3, 8), "教师节": (9, 10)}  # fmt: skip
_YEARS = {"今年": 0, "明年": 1, "后年": 2, "去年": -1, "前年": -2, "大前年": -3}

_MONTH_DAY = re.compile(
    rf"(?:(?:{_Y}|{_RELATIVE_Y})\s*的?\s*)?(?<![\d.])(?P<m>{_N})\s*月份?的?\s*"
    rf"(?:初\s*)?(?P<d>{_N})\s*(?:{_DAY_MARK}|(?![\d个%分天时点周月年岁元]))"
)
_MONTH_END = re.compile(
    rf"(?:(?:{_Y}|{_RELATIVE_Y})\s*的?\s*)?(?<!\d)(?P<m>{_N})\s*月份?的?\s*(?P<part>底|末|初|中旬?|上旬|下旬)"
)
_MONTH_ONLY = re.compile(rf"(?:(?:{_Y}|{_RELATIVE_Y})\s*的?\s*)?(?<![\d.])(?P<m>{_N})\s*月(?:份)?(?!底|末|\d)")
_RELATIVE_MONTH = re.compile(
    rf"(?P<r>上上个?|下下个?|上个?|下个?|本|这个?|当)月份?的?\s*"
    rf"(?:(?P<d>{_N})\s*(?:{_DAY_MARK}|(?![\d个]))|(?P<part>底|末|初|中旬?|上旬|下旬))?"
)
_MONTH_END_BARE = re.compile(r"(?<![\d一二三四五六七八九十个这本上下当])月(?P<part>底|末|初|中旬?)")
_YEAR_END = re.compile(rf"(?:{_Y}|{_RELATIVE_Y})?(?P<part>年底|年末)")
_YEAR_ONLY = re.compile(rf"(?:{_Y}|{_RELATIVE_Y})")
_FULL = re.compile(
    r"(?<![\d.])(?P<y>(?:19|20)\d{2}|\d{2})\s*(?P<s>[./\-—~])\s*(?P<m>\d{1,2})\s*(?:(?P=s)|[./\-—~])\s*(?P<d>\d{1,2})"
    r"(?:日|号)?(?:t\d\S*)?(?![\d])"
)
_COMPACT = re.compile(r"(?<!\d)(?P<y>19\d{2}|20\d{2})(?P<m>\d{2})(?P<d>\d{2})(?!\d)")
_DOTTED = re.compile(r"(?<![\d./\-])(?P<m>\d{1,2})\s*[./\-—]\s*(?P<d>\d{1,2})(?:号|日)?(?![\d./\-%])")
_RANGE = re.compile(rf"(?<![\d.月第])(?P<d>{_N})\s*{_DAY_MARK}?\s*[\-~—到至]\s*{_N}\s*[号日]")
_BARE_DAY = re.compile(r"\s*(?P<d>\d{1,2}|[一二三四五六七八九十廿]{2,3})\s*")
_BARE_FIGURES = re.compile(r"\s*(?P<y>\d{2})?(?P<m>\d{2})(?P<d>\d{2})\s*")
_DAY = re.compile(rf"(?<![\d.月第])(?P<d>{_N})\s*{_DAY_MARK}")
_NEAR = re.compile(r"(?:(?P<n>大前|大后|(?<!以)(?<!之)前|昨|今|明|(?<!以)(?<!之)后)(?:天|日|儿个?|晚(?!上?班)|早))")
_WEEKDAY = re.compile(
    r"(?P<r>(?:上上|下下|上|下|本|这|这一|下一|上一)?)\s*个?(?:周|星期|礼拜)(?P<w>[一二三四五六日天末]|[1-7](?!\d))(?!岁|个|年|次)"
)
_OFFSET = re.compile(
    rf"(?P<go>过|再过|再等|隔)?\s*(?P<n>{_N}|半)\s*(?P<half>个半)?\s*个?(?P<u>天|日|周|星期|礼拜|月|年)\s*(?P<way>(?:以|之)?[后前])?"
)
_THIS = re.compile(r"(?:现在|刚刚|刚才|马上|立刻)")
_LUNAR = re.compile(
    r"农历[^,，。;；\s]{0,8}|阴历[^,，。;；\s]{0,8}|(?:正月|腊月|冬月)(?:初?[一二三四五六七八九十廿]+)?|(?<!月)初[一二三四五六七八九十](?![年中级高个次])"
)
_LIMIT = re.compile(r"\s*(?:(?:以|之)[前后内]|[前后](?![面天日年来排续期])|以?内(?!科))")
_WIDE = re.compile(
    r"(?:上|下|这|本)个?(?:周|星期|礼拜)(?![一二三四五六日天末1-7])|过几天|过两天|这几天|这两天|近几天|最近(?:几天)?|近期|"
    r"尽快|越快越好|随时|都可以|哪天都行|这阵子|过阵子|过段时间|年后|年前|明年|后年|下半年|上半年|春节|过年|清明|端午|中秋|寒假|暑假"
)


def mentions(text: str, today: date) -> list[Mention]:
    """Return the mentions of days in plain `text`, in order, none overlapping another."""
    found: list[Mention] = []
    for read, pattern in _READERS:
        for match in pattern.finditer(text):
            if any(match.start() < one.span[1] and one.span[0] < match.end() for one in found):
                continue
            mention = read(match, today)
            if mention is not None:
                found.append(mention)
    return [_limited(text, one) for one in _joined(text, sorted(found, key=lambda one: one.span))]


def whole_figures(text: str, today: date) -> Mention | None:
    """Return the day that bare figures mean when they are the whole answer: 1125, 261125, 25."""
    if bare := _BARE_DAY.fullmatch(text):
        return _day(bare, today)
    match = _BARE_FIGURES.fullmatch(text)
    return _day_of_year(match, today) if match else None


def _limited(text: str, mention: Mention) -> Mention:
    # 25号之前, 11月3号以后: a limit, not a day.
    limit = _LIMIT.match(text, mention.span[1])
    return replace(mention, days=(), vague="day", span=(mention.span[0], limit.end())) if limit else mention


def _joined(text: str, found: list[Mention]) -> list[Mention]:
    # 明年3月的5号, 下周三（25号）, 11月25日 周三: two mentions beside each other are one; they must agree.
    joined: list[Mention] = []
    for mention in found:
        if joined and re.fullmatch(r"[\s(（,，就是]{0,3}", text[joined[-1].span[1] : mention.span[0]]):
            both = _both(joined[-1], mention)
            if both is not None:
                joined[-1] = both
                continue
        joined.append(mention)
    return joined


def _both(one: Mention, other: Mention) -> Mention | None:
    span = (one.span[0], other.span[1])
    if not one.days or not other.days:
        return None
    if one.days == other.days:
        return replace(one, span=span)
    if "week" in (one.weekly, other.weekly) and one.weekly != other.weekly:
        weekly, dated = (one, other) if one.weekly else (other, one)
        shared = tuple(day for day in dated.days if day in weekly.days)
        if shared and weekly.open == "":
            return replace(dated, span=span, days=shared)
        return replace(dated, span=span, weekday=weekly.days[0].weekday())
    return None


def _year(match: re.Match[str], today: date) -> int | None:
    named = match.groupdict()
    if named.get("ry"):
        return today.year + _YEARS[named["ry"]]
    if named.get("y") is None:
        return None
    year = whole(named["y"])
    if year is None:
        return None
    if len(named["y"].strip()) == 2:
        return 2000 + year if year <= today.year % 100 + 20 else 1900 + year
    return year


def _day_of_year(match: re.Match[str], today: date, *, is_loose: bool = False) -> Mention | None:
    month, day = whole(match["m"]), whole(match["d"])
    if month is None or day is None or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    year = _year(match, today)
    if year is not None and not 1900 <= year <= 2200:
        return None
    years = [year] if year is not None else range(today.year - 1, today.year + 2)
    days = tuple(day_ for one in years if (day_ := _made(one, month, day)))
    if not days:
        # 29 February comes once in four years; anything else comes never.
        return Mention(span=match.span(), vague="none")
    return Mention(span=match.span(), days=days, open="" if year is not None else "year", is_loose=is_loose)


def _loose_day_of_year(match: re.Match[str], today: date) -> Mention | None:
    mention = _day_of_year(match, today, is_loose=True)
    return mention if mention is None or mention.days else None


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_end(match: re.Match[str], today: date) -> Mention | None:
    month = whole(match["m"])
    if month is None or not 1 <= month <= 12:
        return None
    if match["part"] not in ("底", "末"):
        return Mention(span=match.span(), vague="day")
    year = _year(match, today)
    years = [year] if year is not None else range(today.year - 1, today.year + 2)
    days = tuple(_last(one, month) for one in years if 1900 <= one <= 2200)
    return Mention(span=match.span(), days=days, open="" if year is not None else "year") if days else None


def _month_only(match: re.Match[str], today: date) -> Mention | None:
    month = whole(match["m"])
    return Mention(span=match.span(), vague="day") if month is not None and 1 <= month <= 12 else None


def _last(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _relative_month(match: re.Match[str], today: date) -> Mention | None:
    word = match["r"].rstrip("个")
    ahead = {"上上": -2, "上": -1, "本": 0, "这": 0, "当": 0, "下": 1, "下下": 2}[word]
    first = moved_by_months(today.replace(day=1), ahead)
    if match["part"] in ("底", "末"):
        return Mention(span=match.span(), days=(_last(first.year, first.month),))
    if match["d"] is None:
        return Mention(span=match.span(), vague="day")
    day = whole(match["d"])
    if day is None or not 1 <= day <= 31:
        return None
    made = _made(first.year, first.month, day)
    return Mention(span=match.span(), days=(made,)) if made else Mention(span=match.span(), vague="none")


def _month_end_bare(match: re.Match[str], today: date) -> Mention:
    if match["part"] not in ("底", "末"):
        return Mention(span=match.span(), vague="day")
    ends = tuple(_last(first.year, first.month) for first in _months_around(today))
    return Mention(span=match.span(), days=ends, open="month")


def _year_end(match: re.Match[str], today: date) -> Mention | None:
    year = _year(match, today)
    year = today.year if year is None else year
    return Mention(span=match.span(), days=(date(year, 12, 31),)) if 1900 <= year <= 2200 else None


def _year_only(match: re.Match[str], today: date) -> Mention:
    return Mention(span=match.span(), vague="day")


def _months_around(today: date) -> list[date]:
    return [moved_by_months(today.replace(day=1), ahead) for ahead in (-1, 0, 1, 2)]


def _day(match: re.Match[str], today: date) -> Mention | None:
    day = whole(match["d"])
    if day is None or not 1 <= day <= 31:
        return None
    days = tuple(made for first in _months_around(today) if (made := _made(first.year, first.month, day)))
    return Mention(span=match.span(), days=days, open="month")


def _near(match: re.Match[str], today: date) -> Mention:
    ahead = _NEAR_DAYS[match["n"]]
    return Mention(span=match.span(), days=(today + timedelta(days=ahead),), is_now=ahead in (0, -1))


def _this(match: re.Match[str], today: date) -> Mention:
    return Mention(span=match.span(), days=(today,), is_now=True)


def _weekday(match: re.Match[str], today: date) -> Mention:
    weekday = _WEEKDAYS[match["w"]]
    monday = today - timedelta(days=today.weekday())
    word = match["r"].rstrip("一")
    weeks = {"上上": -2, "上": -1, "本": 0, "这": 0, "下": 1, "下下": 2}.get(word)
    around = (-1, 0, 1) if weeks is None else (weeks,)
    days = tuple(monday + timedelta(weeks=week, days=weekday) for week in around)
    if match["w"] == "末":
        two = tuple(day + timedelta(days=more) for day in days for more in (0, 1))
        if weeks is None:  # 周末: this week's, or after it is over the next
            two = two[2:4] if today <= two[3] else two[4:]
        return Mention(span=match.span(), days=two, open="which")
    return Mention(span=match.span(), days=days, open="week" if weeks is None else "", weekly="week")


def _offset(match: re.Match[str], today: date) -> Mention | None:
    way = match["way"] or ""
    if not match["go"] and not way:
        return None
    halves = 1 if match["n"] == "半" else 2 * (whole(match["n"]) or 0) + (1 if match["half"] else 0)
    back = way.endswith("前")
    if match["go"] and match["n"] == "两" and match["u"] == "天" and not way:
        return Mention(span=match.span(), vague="day")  # 过两天 means "in some days"
    if not 0 < halves <= 2400:
        return None
    try:
        day = _moved(today, match["u"], -halves if back else halves)
    except (ValueError, OverflowError):
        return None
    return Mention(span=match.span(), days=(day,)) if 1900 <= day.year <= 2200 else None


def _moved(today: date, unit: str, halves: int) -> date:
    if unit in ("天", "日"):
        return today + timedelta(days=int(halves / 2))
    if unit in ("周", "星期", "礼拜"):
        return today + timedelta(days=int(halves * 3.5))
    if unit == "年":
        return moved_by_months(today, halves * 6)
    return moved_by_months(today, int(halves / 2)) + timedelta(days=15 * (halves - 2 * int(halves / 2)))


def moved_by_months(day: date, months: int) -> date:
    """Return the same day of a later (or earlier) month, or its last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _feast(match: re.Match[str], today: date) -> Mention:
    month, day = _FEASTS[match["f"]]
    year = _year(match, today)
    years = [year] if year is not None else range(today.year - 1, today.year + 2)
    days = tuple(date(one, month, day) for one in years)
    return Mention(span=match.span(), days=days, open="" if year is not None else "year")


_FEAST = re.compile(
    rf"{_RELATIVE_Y}?的?(?P<f>元旦|五一(?!路|广)|劳动节|六一|儿童节|七一|国庆|圣诞|妇女节|教师节|(?<![二三四五六七八九])十一(?=假期|长假|黄金周))"
    r"(?:节|当天|那天|假期|长假)?"
)


def _vague(match: re.Match[str], today: date) -> Mention:
    return Mention(span=match.span(), vague="day")


def _lunar(match: re.Match[str], today: date) -> Mention:
    return Mention(span=match.span(), vague="lunar")


_Reader = Callable[[re.Match[str], date], Mention | None]
# In the order of how much they say: what a fuller pattern took, a poorer one leaves alone.
_READERS: tuple[tuple[_Reader, re.Pattern[str]], ...] = (
    (_lunar, _LUNAR),
    (_day_of_year, _MONTH_DAY),
    (_day_of_year, _FULL),
    (_day_of_year, _COMPACT),
    (_relative_month, _RELATIVE_MONTH),
    (_month_end, _MONTH_END),
    (_month_end_bare, _MONTH_END_BARE),
    (_offset, _OFFSET),
    (_weekday, _WEEKDAY),
    (_feast, _FEAST),
    (_year_end, _YEAR_END),
    (_near, _NEAR),
    (_day, _RANGE),
    (_day, _DAY),
    (_loose_day_of_year, _DOTTED),
    (_month_only, _MONTH_ONLY),
    (_vague, _WIDE),
    (_year_only, _YEAR_ONLY),
    (_this, _THIS),
)
