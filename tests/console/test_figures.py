"""The figures: counted by the database on both servers, shown as charts with tables, exported as CSV."""

import csv
import io
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import insert, text

from care import figures, hand_overs
from care.figures import Span
from care.tables import case_deadlines, cases, policies, reminders
from console.figure_charts import chart_of
from console.figure_tables import Table, span_of
from tests.console.talks import says

WUXIAN, JUNLONG = "zhenai-wuxian-2023", "junlong-zhenai-21"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def span(clock, product=None) -> Span:
    return span_of(7, product, now=clock() + timedelta(seconds=1))


def handed_over(store, clock, number, *, waits: int, works: int, rating: int | None, staff_id: int = 1) -> None:
    """A hand-over that waited and was worked on for so many minutes, and ended now."""
    now = clock()
    asked, taken = now - timedelta(minutes=waits + works), now - timedelta(minutes=works)

    def work(connection) -> None:
        one = hand_overs.begin(connection, number, asked_at=asked, reason="handoff", product=WUXIAN, now=asked)
        hand_overs.hold(connection, one, staff_id=staff_id, kind="taken", actor="user:guan", now=taken)
        hand_overs.replied(connection, one, actor="user:guan", now=taken + timedelta(minutes=1))
        hand_overs.end(connection, one, how="closed", actor="user:guan", now=now, asks_rating=True)
        if rating is not None:
            hand_overs.rate(connection, one.id, rating, now=now)

    store.write(work)


def a_case(connection, conversation_id: int, now) -> int:
    policy = {
        "number_index": b"n", "product": WUXIAN, "plan": "a", "status": "active", "effective_on": date(2026, 1, 1),
        "expires_on": date(2027, 1, 1), "holder_id_index": b"h", "sealed": b"", "imported_at": now,
    }  # fmt: skip
    policy_id = connection.execute(insert(policies).values(policy).returning(policies.c.id)).scalar_one()
    row = {
        "number": "C-1", "contact_id": 1, "conversation_id": conversation_id, "policy_id": policy_id,
        "product": WUXIAN, "service": "advance-payment", "flow_version": 1, "step": "new", "is_open": True,
        "version": 1, "opened_at": now, "changed_at": now, "answers": b"", "request_key": "r-1",
    }  # fmt: skip
    return connection.execute(insert(cases).values(row).returning(cases.c.id)).scalar_one()


def test_a_day_is_chinas_and_counts_people_once(office, clock) -> None:
    for contact in ("o-1", "o-1", "o-2"):
        says(office.store, clock, "等待期多久", contact=contact, answer="30天")
    with office.store.reading() as connection:
        (day,) = figures.days(connection, span(clock))
        assert figures.people(connection, span(clock)) == 2
        assert figures.decisions(connection, span(clock)) == [("answer", 3)]
        assert figures.days(connection, span(clock, JUNLONG)) == []
    assert (day.conversations, day.questions, day.answered, day.unanswered) == (2, 3, 3, 0)
    assert day.on == (clock() + timedelta(hours=8)).date()


def test_waits_are_told_by_the_median_and_by_nine_in_ten(office, clock) -> None:
    for minutes in range(1, 11):
        number = says(office.store, clock, "转人工", contact=f"o-{minutes}")
        handed_over(office.store, clock, number, waits=minutes, works=2 * minutes, rating=5 if minutes > 5 else None)
    clock.move(seconds=1)
    with office.store.reading() as connection:
        asked = span(clock)
        taken, ended = figures.wait_to_be_taken(connection, asked), figures.handling(connection, asked)
        first = figures.wait_for_an_answer(connection, asked)
        assert figures.ratings(connection, asked) == {5: 5, None: 5}
        assert figures.hand_over_reasons(connection, asked) == [("handoff", 10)]
        assert figures.untaken(connection, asked) == 0
        assert figures.wait_to_be_taken(connection, span(clock, JUNLONG)).median is None
    assert (taken.count, taken.median, taken.ninety) == (10, timedelta(minutes=5), timedelta(minutes=9))
    assert (first.median, first.ninety) == (timedelta(minutes=6), timedelta(minutes=10))
    assert (ended.median, ended.ninety) == (timedelta(minutes=10), timedelta(minutes=18))


def test_promises_and_reminders_are_counted_by_service_and_kind(office, clock) -> None:
    number, now = says(office.store, clock, "你好"), clock()

    def work(connection) -> None:
        case_id = a_case(connection, number, now)
        for state in ("met", "met", "missed", "running", "dropped"):
            row = {"case_id": case_id, "promise": "p", "started_at": now, "due_at": now, "is_provisional": False}
            connection.execute(insert(case_deadlines).values({**row, "state": state}))
        told = ((f"case:{case_id}", "sent"), ("policy:1", "handed"), ("child:9", "called"), ("policy:999", "expired"))
        for subject, state in told:
            row = {
                "kind": "due", "subject": subject, "occurrence": "o", "contact_id": 1, "conversation_id": number,
                "due_at": now, "until_at": now, "rung": 0, "tries": 1, "settled_at": now,
            }  # fmt: skip
            connection.execute(insert(reminders).values({**row, "state": state}))

    office.store.write(work)
    clock.move(minutes=5)
    with office.store.reading() as connection:
        (unheard,) = figures.reminded(connection, span(clock))
    says(office.store, clock, "好的，办好了")
    with office.store.reading() as connection:
        (kept,) = figures.promises_kept(connection, span(clock))
        assert figures.promises_kept(connection, span(clock, JUNLONG)) == []
        (told,) = figures.reminded(connection, span(clock))
        (of_product,) = figures.reminded(connection, span(clock, WUXIAN))
    assert (kept.service, kept.met, kept.missed) == ("advance-payment", 2, 2)
    assert (unheard.sent, unheard.acted) == (2, 0)
    assert (told.sent, told.acted, told.called, told.not_sent) == (2, 2, 1, 1)
    assert of_product.sent >= 1
    assert of_product.called == of_product.not_sent == 0


@on_sqlite
def test_every_count_follows_an_index_on_its_time(office) -> None:
    wanted = {
        "questions WHERE asked_at >= 1 AND asked_at < 2": "ix_questions_asked_at",
        "hand_overs WHERE asked_at >= 1 AND asked_at < 2": "ix_hand_overs_asked_at",
        "hand_overs WHERE ended_at >= 1 AND ended_at < 2": "ix_hand_overs_ended_at",
        "case_deadlines WHERE due_at >= 1 AND due_at < 2": "ix_case_deadlines_due_at",
        "reminders WHERE settled_at >= 1 AND settled_at < 2": "ix_reminders_settled_at",
    }
    with office.store.reading() as connection:
        for where, index in wanted.items():
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM {where}")).all()
            assert index in str(plan), where


@on_sqlite
def test_the_page_shows_each_chart_with_its_table_and_no_ones_words(visit, office, clock) -> None:
    number = says(office.store, clock, "我家宝宝发烧了", answer="您别急", late="再见")
    handed_over(office.store, clock, number, waits=4, works=9, rating=4)
    clock.move(seconds=1)
    visitor = visit("yun")
    page = visitor.get("/console/figures?days=7").get_data(as_text=True)
    assert "宝宝" not in page
    for shown in ("直接回答率", "要求人工", "9.0", "平均 4.0 分", "/console/figures/daily.svg?days=7"):
        assert shown in page
    chart = visitor.get("/console/figures/daily.svg?days=7")
    assert chart.mimetype == "image/svg+xml"
    assert "script-src" not in chart.headers["Content-Security-Policy"]
    assert not [one for one in ElementTree.fromstring(chart.data).iter() if str(one.tag).endswith("script")]
    assert visitor.get("/console/figures/overview.svg").status_code == 404
    assert visitor.get("/console/figures/nothing.csv").status_code == 404


@on_sqlite
def test_an_export_is_what_the_page_shows_and_is_audited(visit, office, clock) -> None:
    says(office.store, clock, "你好", answer="您好")
    answer = visit("shen").get("/console/figures/daily.csv?days=7&product=nonsense")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0][:3] == ["日期", "会话", "消息"]
    assert len(rows) == 8
    assert rows[-1][1:4] == ["1", "1", "1"]
    trail = visit("zhu").get("/console/audit?subject=figures:daily").get_data(as_text=True)
    assert "<td>导出统计</td>" in trail


def test_names_in_a_chart_are_words_and_no_markup() -> None:
    table = Table(
        id="t", title="t", says="", columns=("a", "b"), rows=[("<script>x</script>", 1), ("=1", "")], charted=(1,)
    )
    drawn = chart_of(table)
    assert b"<script" not in drawn
    assert b"href" not in drawn
    assert b"url(" not in drawn
