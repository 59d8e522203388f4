"""How the console writes times, spans and codes for people. Times are shown as in China."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.clock import in_china
from care.material_reviews import BY_PERSON
from console.case_words import FETCHED


def day_and_time(moment: datetime | None) -> str:
    """Return "11月22日 17:05"."""
    return "" if moment is None else f"{in_china(moment):%m月%d日 %H:%M}"


def full_time(moment: datetime | None) -> str:
    """Return "2026-11-22 17:05:09"."""
    return "" if moment is None else f"{in_china(moment):%Y-%m-%d %H:%M:%S}"


def machine_time(moment: datetime | None) -> str:
    """Return what a <time datetime> wants."""
    return "" if moment is None else in_china(moment).isoformat(timespec="seconds")


def span(since: timedelta | None) -> str:
    """Return a time span as people say it: 刚刚, 7 分钟, 2 小时 5 分, 3 天."""
    if since is None:
        return ""
    minutes = max(0, int(since.total_seconds() // 60))
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 24 * 60:
        return f"{minutes // 60} 小时 {minutes % 60} 分" if minutes % 60 else f"{minutes // 60} 小时"
    return f"{minutes // (24 * 60)} 天"


DECISIONS = {
    "answer": "回答",
    "clarify": "反问",
    "abstain": "没有听懂",
    "medical": "医疗问题",
    "emergency": "紧急",
    "handoff": "转人工",
    "smalltalk": "寒暄",
    "menu": "菜单",
    "dialog": "办理",
}


def decision(code: str) -> str:
    """Return what the assistant decided, in a word."""
    return DECISIONS.get(code, "其他")


REASONS = {
    "handoff": "要求人工",
    "insult": "情绪激动",
    "emergency": "有生命危险",
    "self_harm": "自伤风险",
    "complaint": "投诉",
    "a case is late": "工单超时",
    "native": "在企业微信里接待",
    "queued on the platform": "在企业微信里排队",
}


def reason(code: str | None) -> str:
    """Return in a word why somebody waits for a person."""
    return "" if code is None else REASONS.get(code, "其他原因")


def not_taken(code: str | None) -> str:
    """Return what became of a file that is not kept, with the reason where one is known."""
    if code == BY_PERSON:
        return "文件已退回"
    why = FETCHED.get(code or "", "")
    return f"文件没有收下（{why}）" if why else "文件没有收下"


FILTERS: dict[str, Callable[..., Any]] = {
    "day_and_time": day_and_time,
    "full_time": full_time,
    "machine_time": machine_time,
    "span": span,
    "decision": decision,
    "reason": reason,
    "not_taken": not_taken,
}
