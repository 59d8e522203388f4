"""Live updates: a snapshot, then every change; across processes, over restarts, without a gap."""

import json
import threading
from dataclasses import replace

import pytest

from bot.store.store import Store
from care import staff, typing_signs
from console.inbox_view import Inbox
from console.live import Live, News
from tests.console.desk import add_staff, office_of, visitors
from tests.console.talks import delivered, says

POLL = 0.02


@pytest.fixture
def watching(store: Store, clock):
    """Streams over the store; each `Live` is a process of its own."""
    lives: list[Live] = []

    def watch(of: Live | None = None):
        live = of or Live(store=store, clock=clock, poll_seconds=POLL)
        if live not in lives:
            lives.append(live)
        return live.listen(patience_seconds=5)

    watch.lives = lives
    yield watch
    for live in lives:
        live.stop()


def changed(stream, number: int) -> str:
    """Wait until a conversation is told of, and return its version."""
    for news in stream:
        if news is not None and number in news.versions:
            return news.versions[number]
    raise AssertionError("the stream ended")


def test_a_page_first_gets_all_versions_and_then_what_changes(store, clock, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    stream = watching()
    first = next(stream)
    assert first.is_snapshot
    assert set(first.versions) == {number}
    says(store, clock, "转人工", hand_over="handoff")
    assert changed(stream, number) != first.versions[number]


def test_a_delivery_that_ends_is_a_change(store, clock, watching) -> None:
    number = says(store, clock, "你好", late="早上好")
    stream = watching()
    before = next(stream).versions[number]
    assert delivered(store, clock) == 1
    assert changed(stream, number) != before


def test_several_processes_tell_of_the_same(store, clock, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    streams = [watching(), watching()]
    before = {next(stream).versions[number] for stream in streams}
    assert len(before) == 1
    says(store, clock, "在吗", answer="在")
    after = {changed(stream, number) for stream in streams}
    assert len(after) == 1
    assert after != before


def test_what_happens_while_a_page_is_away_is_in_its_next_snapshot(store, clock, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    stream = watching()
    before = next(stream).versions[number]
    stream.close()
    says(store, clock, "在吗", late="在的")
    delivered(store, clock)
    assert next(watching()).versions[number] != before, "another process"
    assert next(watching(watching.lives[0])).versions[number] != before, "the same process"


def test_a_change_between_snapshot_and_listening_is_told(store, clock, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    stream = watching()
    before = next(stream).versions[number]
    says(store, clock, "在吗", answer="在")  # the page was given its snapshot and asks for nothing yet
    assert changed(stream, number) != before


def test_nothing_is_lost_while_somebody_writes_all_the_time(store, clock, watching) -> None:
    numbers = {says(store, clock, "你好", contact=f"o-{at}", answer="您好") for at in range(5)}
    stream = watching()
    latest = dict(next(stream).versions)

    def write() -> None:
        for round in range(6):
            for at in range(5):
                says(store, clock, f"{round}", contact=f"o-{at}", answer="好")

    writer = threading.Thread(target=write)
    writer.start()
    while any(int(latest[number].split("-")[0]) < 7 for number in numbers):
        news = next(stream)
        assert news is not None, latest
        latest |= news.versions
    writer.join()


def test_who_is_writing_is_told_and_fades(store, clock, watching, tmp_path) -> None:
    add_staff(store, clock)
    number = says(store, clock, "转人工", hand_over="handoff")
    with store.reading() as connection:
        guan = staff.named(connection, "guan").id
    stream = watching()
    assert next(stream).writing == {}
    store.write(lambda connection: typing_signs.note(connection, number, guan, now=clock()))
    assert told_writing(stream) == {number: ("guan",)}
    clock.move(seconds=9)
    assert told_writing(stream) == {}


def told_writing(stream):
    for news in stream:
        if isinstance(news, News) and news.writing is not None:
            return news.writing
    raise AssertionError("the stream ended")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_streams_end_when_the_process_does_and_seats_are_given_back(office, clock, store, library, tmp_path) -> None:
    live = Live(store=store, clock=clock, poll_seconds=POLL)
    of = replace(office_of(store, library, clock, tmp_path), live_seats=2)
    from flask import Flask

    from console.desk_app import console_pages

    app = Flask("live")
    app.register_blueprint(console_pages(of, live=live))
    guan = visitors(app)("guan")
    open_ones = [guan.get("/console/live", buffered=False) for _ in range(2)]
    assert [answer.status_code for answer in open_ones] == [200, 200]
    assert open_ones[0].mimetype == "text/event-stream"
    first = next(iter(open_ones[0].response))
    assert first.startswith(b"event: snapshot\n")
    json.loads(first.split(b"data: ")[1])
    assert guan.get("/console/live").status_code == 503, "the page asks every few seconds then"
    open_ones[1].close()
    assert guan.get("/console/live", buffered=False).status_code == 200
    live.stop()
    assert list(open_ones[0].response) == []


class Between(Live):
    """Something happens between the poll and the snapshot of a page that connects."""

    happens = staticmethod(lambda: None)

    def _poll(self, *, since) -> None:
        super()._poll(since=since)
        happens, self.happens = self.happens, lambda: None
        happens()


def test_what_another_pages_snapshot_saw_first_is_told_to_all(store, clock, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    live = Between(store=store, clock=clock, poll_seconds=60)
    stream = watching(live)
    before = next(stream).versions[number]
    live.happens = lambda: says(store, clock, "在吗", answer="在")
    after = next(watching(live)).versions[number]
    assert changed(stream, number) == after != before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_row_is_read_again_once_its_change_was_told(office, clock, store, watching) -> None:
    number = says(store, clock, "你好", answer="您好")
    live = Live(store=store, clock=clock, poll_seconds=POLL)
    inbox, stream = Inbox(office, mark=live.mark), watching(live)
    next(stream)

    def words() -> str:
        return inbox.glance([number], "bot", staff_id=1).rows[0].words

    assert words() == "你好"
    for said in ("在吗", "还在吗", "好的"):
        says(store, clock, said, hand_over="handoff")
        changed(stream, number)
        assert words() == said
        assert inbox.glance([], "waiting", staff_id=1).order == [number]
