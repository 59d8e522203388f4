"""The figures as tables in Chinese: what the page shows beside each chart, and what is exported. No one's words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection

from bot.clock import CHINA, in_china
from bot.errors import ConfigurationFault
from care import figures
from care.figures import Day, Span, Wait
from console.case_board_page import product_name, service_name
from console.wordings import decision, reason
from handlers.reminder_kind import kind_title
from knowledge.library import Library
from knowledge.vocabulary import attribute_names

DAYS = (7, 30, 90)
Cell = str | int | float


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures under a name. `charted`: which columns the chart shows, over the first; none where it has no chart.

    `kind`: line | bars | lying | stacked (lying, too). A column whose name ends in "%" holds shares in per cent.
    """

    id: str
    title: str
    says: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    charted: tuple[int, ...] = ()
    kind: str = "bars"

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted at all."""
        return not any(cell for row in self.rows for cell in row[1:] if not isinstance(cell, str))


def span_of(days: int, product: str | None, *, now: datetime) -> Span:
    """Return the last so many days in China, today among them."""
    first = in_china(now).date() - timedelta(days=days - 1)
    return Span(since=datetime.combine(first, time(), CHINA), until=now, product=product)


def tables(connection: Connection, library: Library, span: Span) -> list[Table]:
    """Count everything that the page shows."""
    return [make(connection, library, span) for make in _MAKERS]


def _overview(connection: Connection, _library: Library, span: Span) -> Table:
    decided = dict(figures.decisions(connection, span))
    answered, unanswered = decided.get("answer", 0), decided.get("clarify", 0) + decided.get("abstain", 0)
    asked = sum(number for _, number in figures.hand_over_reasons(connection, span))
    rows: list[tuple[Cell, ...]] = [
        ("有提问的会话", figures.people(connection, span)),
        ("消息", sum(decided.values())),
        ("直接回答", answered),
        ("反问或没有听懂", unanswered),
        ("直接回答率 %", _share(answered, answered + unanswered)),
        ("转人工", asked),
        ("其中还在等待", figures.untaken(connection, span)),
    ]
    return Table(
        id="overview",
        title="概览",
        says="直接回答率＝直接回答 ÷（直接回答＋反问＋没有听懂）。寒暄、菜单和办理中的消息不算在内。",
        columns=("项目", "数值"),
        rows=rows,
    )


def _daily(connection: Connection, _library: Library, span: Span) -> Table:
    found = {day.on: day for day in figures.days(connection, span)}
    return Table(
        id="daily",
        title="每天的会话",
        says="按中国时间的日期。",
        columns=("日期", "会话", "消息", "直接回答", "反问或没有听懂", "直接回答率 %"),
        rows=[_day(on, found.get(on)) for on in _dates(span)],
        charted=(1, 2, 3),
        kind="line",
    )


def _day(on: date, day: Day | None) -> tuple[Cell, ...]:
    if day is None:
        return (on.isoformat(), 0, 0, 0, 0, "")
    share = _share(day.answered, day.answered + day.unanswered)
    return (on.isoformat(), day.conversations, day.questions, day.answered, day.unanswered, share)


def _decisions(connection: Connection, _library: Library, span: Span) -> Table:
    return Table(
        id="decisions",
        title="消息是怎样处理的",
        says="助手对每条消息的判断。",
        columns=("处理", "消息"),
        rows=[(decision(code), number) for code, number in figures.decisions(connection, span)],
        charted=(1,),
    )


def _hand_overs(connection: Connection, _library: Library, span: Span) -> Table:
    return Table(
        id="hand-overs",
        title="转人工的原因",
        says="在这段时间里开始等待人工的会话。",
        columns=("原因", "会话"),
        rows=[(reason(code) or "未注明", number) for code, number in figures.hand_over_reasons(connection, span)],
        charted=(1,),
    )


def _times(connection: Connection, _library: Library, span: Span) -> Table:
    waits = (
        ("等到有人接入", figures.wait_to_be_taken(connection, span)),
        ("等到人工第一句话", figures.wait_for_an_answer(connection, span)),
        ("人工处理时长", figures.handling(connection, span)),
    )
    return Table(
        id="times",
        title="等待和处理时间",
        says="单位是分钟，含非服务时间。等待按转人工的时间计，处理按结束的时间计；还没接入或没结束的不算。",
        columns=("项目", "会话", "中位数", "九成不超过"),
        rows=[(name, *_minutes(wait)) for name, wait in waits],
        charted=(2, 3),
    )


def _minutes(wait: Wait) -> tuple[Cell, ...]:
    return (wait.count, *("" if taken is None else _in_minutes(taken) for taken in (wait.median, wait.ninety)))


def _in_minutes(taken: timedelta) -> float:
    return round(taken.total_seconds() / 60, 1)


def _deadlines(connection: Connection, library: Library, span: Span) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{product_name(library, one.product)} {service_name(library, one.product, one.service)}",
            one.met,
            one.missed,
            _share(one.met, one.met + one.missed),
        )
        for one in figures.promises_kept(connection, span)
    ]
    return Table(
        id="deadlines",
        title="各服务的时限",
        says="在这段时间里到期的时限；到期还没办完的算超时，暂停中和不再需要的不算。",
        columns=("服务", "按时", "超时", "按时率 %"),
        rows=rows,
        charted=(1, 2),
        kind="stacked",
    )


def _reminders(connection: Connection, _library: Library, span: Span) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (_kind(one.kind), one.sent, one.acted, _share(one.acted, one.sent), one.called, one.not_sent)
        for one in figures.reminded(connection, span)
    ]
    return Table(
        id="reminders",
        title="提醒",
        says="“有回应”：发出后三天内，本人在会话里说过话。",
        columns=("提醒", "已发出", "有回应", "回应率 %", "转为电话", "没有发出"),
        rows=rows,
        charted=(1, 2),
    )


def _kind(kind: str) -> str:
    try:
        return kind_title(kind)
    except (ConfigurationFault, LookupError):
        return kind


def _topics(connection: Connection, library: Library, span: Span) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{service_name(library, one.product, one.service)}：{_aspect(one.attribute)}",
            product_name(library, one.product),
            one.count,
        )
        for one in figures.topics(connection, span)
    ]
    return Table(
        id="topics",
        title="问得最多的",
        says="按主题计，不含任何人说的话。",
        columns=("主题", "产品", "次数"),
        rows=rows,
        charted=(2,),
        kind="lying",
    )


def _aspect(attribute: str | None) -> str:
    kind = (attribute or "overview").partition(".")[0]
    return attribute_names().get(kind, kind)


def _satisfaction(connection: Connection, _library: Library, span: Span) -> Table:
    found = figures.ratings(connection, span)
    asked = sum(found.values())
    rated = {stars: number for stars, number in found.items() if stars is not None}
    mean = sum(stars * number for stars, number in rated.items()) / max(1, sum(rated.values()))
    says = f"人工结束时问过 {asked} 人，{sum(rated.values())} 人评了分" + (f"，平均 {mean:.1f} 分。" if rated else "。")
    return Table(
        id="satisfaction",
        title="满意度",
        says=says,
        columns=("评分", "人次"),
        rows=[(f"{stars} 分", rated.get(stars, 0)) for stars in range(5, 0, -1)],
        charted=(1,),
    )


def _dates(span: Span) -> list[date]:
    first, last = in_china(span.since).date(), in_china(span.until).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _share(part: int, whole: int) -> Cell:
    return round(100 * part / whole, 1) if whole else ""


_MAKERS: tuple[Callable[[Connection, Library, Span], Table], ...] = (
    _overview,
    _daily,
    _decisions,
    _topics,
    _hand_overs,
    _times,
    _satisfaction,
    _deadlines,
    _reminders,
)


def by_id(found: Sequence[Table]) -> Mapping[str, Table]:
    """Return the tables by their ids."""
    return {table.id: table for table in found}
