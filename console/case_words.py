"""How cases are written for those who work on them: due times with their colour, answers, timeline, papers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.clock import in_china
from care.case_records import Case
from handlers import form_files
from handlers.case_commands import shown_answers
from knowledge.flow import Flow

Tone = Literal["bad", "warn", "good", ""]

EVENTS = {
    "opened": "提交申请",
    "moved": "办到",
    "material": "客户发来材料",
    "note": "备注",
    "cancelled": "撤回",
    "assigned": "分派",
    "accepted": "材料通过",
    "refused": "材料退回",
    "sorted": "材料归类",
    "paused": "暂停时限",
    "resumed": "恢复时限",
}
PAPER_STATES = {"wanted": "正在取", "kept": "待核对", "refused": "已退回", "deleted": "已删除"}
REASONS = (
    "照片模糊，看不清字",
    "没有拍全，边角缺了",
    "缺页，请把每一页都拍下来",
    "不是这份材料",
    "缺医院盖章",
    "日期或姓名对不上",
    "已经过期",
)
FETCHED = {
    "type": "文件类型不收",
    "too_large": "文件太大",
    "damaged": "文件打不开",
    "encrypted": "PDF 有密码",
    "empty": "空文件",
    "active": "PDF 含脚本",
    "too_many_pixels": "图片太大",
    "gone": "平台上已取不到",
    "expired": "平台上已过期",
}
TOLD = {
    "pending": "等待发送",
    "claimed": "正在发送",
    "sent": "已送达",
    "dead": "没能送达",
    "dropped": "未发送（已换人）",
}
_MASKED = frozenset({"phone", "card", "id_number"})
_OPEN_TEXTS = frozenset(
    {"city", "area", "department", "relation", "kinship", "bank", "doctor", "vaccine", "arrives_at"}
)
_HIDDEN_KINDS = frozenset({"text", "drug", "name"})


@dataclass(frozen=True, kw_only=True)
class Due:
    """A due time in words, with the colour that says how urgent it is."""

    words: str
    tone: Tone
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer. `shown` None: hidden until somebody asks to see it."""

    label: str
    shown: str | None = field(repr=False)


def due_words(due_at: datetime | None, *, is_paused: bool, is_open: bool, now: datetime) -> Due:
    """Return how a due time is written: overdue is red, due today amber, what is left green."""
    if not is_open:
        return Due(words="已结束", tone="")
    if due_at is None:
        return Due(words="时限暂停", tone="") if is_paused else Due(words="没有时限", tone="")
    china, today = in_china(due_at), in_china(now).date()
    if due_at < now:
        return Due(words=f"超时 {_span(now - due_at)}", tone="bad", at=due_at)
    if china.date() == today:
        return Due(words=f"今天 {china:%H:%M} 到期", tone="warn", at=due_at)
    day = "明天" if china.date() == today + timedelta(days=1) else f"{china.month}月{china.day}日"
    return Due(words=f"{day} {china:%H:%M} 到期", tone="good", at=due_at)


def deadline_words(state: str, due_at: datetime, *, now: datetime) -> Due:
    """Return how one promise stands."""
    if state == "running":
        return due_words(due_at, is_paused=False, is_open=True, now=now)
    words: dict[str, tuple[str, Tone]] = {
        "paused": ("暂停中", ""), "met": ("按时完成", "good"), "missed": ("超时", "bad"), "dropped": ("已取消", ""),
    }  # fmt: skip
    text, tone = words.get(state, (state, ""))
    return Due(words=text, tone=tone, at=due_at)


def answers_of(case: Case, flow: Flow | None, *, is_revealed: bool) -> list[Answer]:
    """Return a case's answers in the order asked; what tells of illness or reaches the person is hidden at first."""
    forms = (form_files.form("told_later"), form_files.form("application"))
    questions = {one.slot: one for form in forms for one in form.questions}
    questions |= {one.slot: one for one in flow.questions} if flow else {}
    shown = shown_answers(case, flow)
    kinds = {slot: question.kind for slot, question in questions.items()}
    return [
        Answer(
            label=questions[slot].short if slot in questions else slot,
            shown=_answer(slot, value, kinds.get(slot, "text"), case.answers, is_revealed=is_revealed),
        )
        for slot, value in shown.items()
    ]


def _answer(slot: str, shown: Any, kind: str, plain: Mapping[str, Any], *, is_revealed: bool) -> str | None:
    if is_revealed and kind in _MASKED:
        return str(plain[slot])
    if not is_revealed and kind in _HIDDEN_KINDS and slot not in _OPEN_TEXTS:
        return None
    return "、".join(map(str, shown)) if isinstance(shown, list) else str(shown)


def tail(number: str) -> str:
    """Return a number by its last four."""
    return f"尾号{number[-4:]}" if number else "没有"


def size_words(size: int | None) -> str:
    """Return a file's size as people write it."""
    if not size:
        return ""
    return f"{size / 1_048_576:.1f} MB" if size >= 1_048_576 else f"{max(1, size // 1024)} KB"


def _span(late: timedelta) -> str:
    minutes = int(late.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} 分钟"
    return f"{minutes // 60} 小时" if minutes < 24 * 60 else f"{minutes // (24 * 60)} 天"
