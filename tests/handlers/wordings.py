"""How people word what they know: one value in the many ways of writing it. All are right; none is tidy."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from bot.forms import Question

_WEEKDAYS = "一二三四五六日"
_FIGURES = "零一二三四五六七八九十"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_NO_MORE_THAN = 27  # days within which "25号" means only one day


def answer(question: Question, value: Any, *, today: date, rng: Random) -> str:
    """Return the answer to a question that has just been asked, so that a number may stand for a choice."""
    if question.kind == "choice" and rng.random() < 0.4:
        place = [choice.id for choice in question.choices].index(value) + 1
        return rng.choice((f"{place}", f"第{place}个", f"选{place}", f"{place}.", f"第{_chinese(place)}个"))
    said = statement(question, value, today=today, rng=rng)
    if question.kind in ("date", "hospital"):
        said = rng.choice(("", "", "", "就", "应该是")) + said + rng.choice(("", "", "", "吧", "。", "啊"))
    return said


def statement(question: Question, value: Any, *, today: date, rng: Random) -> str:
    """Return a value in words that mean it anywhere, as in a correction."""
    match question.kind:
        case "choice":
            choice = next(one for one in question.choices if one.id == value)
            return rng.choice((choice.label, *choice.called))
        case "yes_no":
            return rng.choice(_yes_or_no(question, value))
        case "date":
            return rng.choice(days(date.fromisoformat(value), question, today=today))
        case "number":
            return rng.choice(_amounts(int(value)))
        case "phone":
            return rng.choice(_phones(value))
        case "card":
            return rng.choice((value, " ".join(value[at : at + 4] for at in range(0, len(value), 4))))
        case "hospital":
            return rng.choice((value, value, f"在{value}"))
        case _:
            return str(value)


def volunteered(question: Question, value: Any, *, today: date, rng: Random) -> str:
    """Return a value as somebody adds it unasked: with a word that tells what it is."""
    said = statement(question, value, today=today, rng=rng)
    match question.kind:
        case "date" | "phone":
            return rng.choice((f"{question.short}{said}", f"{question.short}是{said}"))
        case "hospital":
            return f"在{value}"
        case _:
            return f"{question.short}是{said}"


def days(day: date, question: Question, *, today: date) -> Sequence[str]:
    """Return the ways to write a day, on another."""
    is_past = question.latest is not None and question.latest <= 0
    away = (day - today).days
    said = [
        f"{day.month}月{day.day}号",
        f"{day.month}月{day.day}日",
        f"{day:%Y-%m-%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y.%m.%d}",
        f"{day.month}.{day.day}",
        f"{day.month}/{day.day}",
        f"{_chinese(day.month)}月{_chinese(day.day)}号",
    ]
    near = {-3: "大前天", -2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天", 3: "大后天"}
    said += [near[away]] * 3 if away in near else []
    weeks = (day - timedelta(days=day.weekday()) - (today - timedelta(days=today.weekday()))).days // 7
    week = {-1: "上", 0: "这", 1: "下"}.get(weeks)
    if week:
        said += [f"{week}周{_WEEKDAYS[day.weekday()]}", f"{week}个星期{_WEEKDAYS[day.weekday()]}"]
    if (0 < -away <= _NO_MORE_THAN) if is_past else (0 < away <= _NO_MORE_THAN):
        said.append(f"{day.day}号")
    if 3 < abs(away) < 11:
        said.append(f"{_chinese(abs(away))}天{'前' if away < 0 else '后'}")
    return said


def _yes_or_no(question: Question, value: str) -> Sequence[str]:
    ask, is_yes = question.ask, value == "yes"
    if "同意" in ask:
        return ("同意", "我同意", "同意的") if is_yes else ("不同意", "我不同意")
    if "有没有" in ask:
        return ("有", "有的", "是的") if is_yes else ("没有", "没有的", "没")
    if "需要" in ask:
        return ("需要", "要的", "是的") if is_yes else ("不需要", "不用", "不用了")
    if "了吗" in ask:
        return ("是的", "对", "已经好了", "有了") if is_yes else ("还没有", "没有", "还没")
    return ("是", "是的", "对", "嗯") if is_yes else ("不是", "不是的", "否")


def _amounts(value: int) -> Sequence[str]:
    said = [f"{value}", f"{value}元", f"大概{value}块", f"{value:,}"]
    return [*said, f"{value / 10000:g}万", f"{value / 10000:g}万元"] if value % 1000 == 0 and value >= 10000 else said


def _phones(value: str) -> Sequence[str]:
    if value.startswith("0"):
        return (value, f"{value[:3]}-{value[3:]}", f"{value[:3]} {value[3:]}")
    spaced = f"{value[:3]} {value[3:7]} {value[7:]}"
    return (
        value, value, spaced, spaced.replace(" ", "-"), f"+86 {spaced}",
        value.translate(_FULL_WIDTH), value.translate(_SPOKEN), f"打{value}",
    )  # fmt: skip


def _chinese(number: int) -> str:
    if number <= 10:
        return _FIGURES[number]
    tens, ones = divmod(number, 10)
    return f"{'' if tens == 1 else _FIGURES[tens]}十{_FIGURES[ones] if ones else ''}"
