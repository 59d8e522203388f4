"""Files at the console: sent by a form without script, shown with their delivery, fetched by a link."""

import io
import re
from dataclasses import replace

import pytest
from flask import Flask

from bot.files import PDF
from care import audit
from console.sent_files import sent_file_pages
from handlers.handling import Handling
from handlers.staff_files import StaffFiles
from tests.care.papers import pdf
from tests.console.desk import app_of, visitors
from tests.console.talks import delivered, picture, says
from tests.console.test_inbox import NoForms, key, on_sqlite, text_of
from tests.fake_channel import FakeChannel

URL = "https://assistant.example"


@pytest.fixture
def desk(office):
    files = StaffFiles(folder=office.papers, channel_of=lambda _: FakeChannel(), public_url=URL)
    handling = Handling(store=office.store, forms=NoForms(), files=files)
    return visitors(app_of(replace(office, handling=handling)))


@pytest.fixture
def guan(desk, office, clock):
    """A manager who has conversation 1."""
    says(office.store, clock, "转人工", hand_over="handoff")
    guan = desk("guan")
    guan.post("/console/conversations/1/take")
    return guan


def send(visitor, content: bytes, name: str, number: int = 1, **options):
    data = {"key": key(number), "file": (io.BytesIO(content), name)}
    return visitor.post("/console/conversations/1/file", data, content_type="multipart/form-data", **options)


def test_a_picture_is_sent_by_the_form_and_shown_with_its_delivery(guan, office, clock) -> None:
    page = text_of(guan, "/console/conversations/1")
    assert 'enctype="multipart/form-data"' in page
    assert "这个渠道发不了 PDF" in page
    assert send(guan, picture(), "地图.jpg").status_code == 303
    assert send(guan, picture(), "地图.jpg").status_code == 303
    page = text_of(guan, "/console/conversations/1")
    assert page.count("发给客户的图片") == 1
    assert "地图.jpg" in page
    assert "待发送" in page
    delivered(office.store, clock)
    assert "已发出" in text_of(guan, "/console/conversations/1")
    [paper] = re.findall(r"/console/people/1/papers/\d+", page)[:1]
    answer = guan.get(paper)
    assert answer.mimetype == "image/jpeg"
    assert "conversation:1" in {one.subject for one in trail(office) if one.action == "file sent"}


def trail(office):
    with office.store.reading() as connection:
        return audit.entries(connection, office.store.keys)


@on_sqlite
def test_a_reason_is_given_for_what_cannot_be_sent(guan) -> None:
    refused = send(guan, b"MZ a program", "看看.exe")
    assert refused.status_code == 409
    assert "只能发图片" in refused.get_data(as_text=True)
    assert send(guan, b"", "").status_code == 409
    assert "先选一个文件" in send(guan, b"", "").get_data(as_text=True)


@on_sqlite
def test_too_large_a_form_is_refused(guan) -> None:
    answer = send(guan, b"%PDF" + bytes(22 * 1024 * 1024), "大.pdf")
    assert answer.status_code == 413


@on_sqlite
def test_others_send_nothing(guan, desk) -> None:
    assert send(desk("guo"), picture(), "a.jpg").status_code == 409
    assert send(desk("shen"), picture(), "a.jpg").status_code == 403
    stranger = desk("")
    sent = stranger.client.post("/console/conversations/1/file", data={"key": key()})
    assert sent.status_code in (302, 400)
    forged = guan.client.post(
        "/console/conversations/1/file",
        data={"key": key(9), "file": (io.BytesIO(picture()), "a.jpg")},
        content_type="multipart/form-data",
    )
    assert forged.status_code == 400


@on_sqlite
def test_a_name_of_a_file_is_shown_as_text(guan) -> None:
    send(guan, picture(), '<img src=x onerror="alert(1)">.jpg')
    assert "<img src=x" not in text_of(guan, "/console/conversations/1")


@on_sqlite
def test_the_link_shows_nothing_until_its_button_is_pressed_and_ends_after_a_week(guan, office, clock) -> None:
    send(guan, pdf(), "报告.pdf")
    page = text_of(guan, "/console/conversations/1")
    address = re.search(rf"{URL}(/files/[\w.-]+)", page)[1]
    app = Flask("files")
    app.register_blueprint(sent_file_pages(store=office.store, files=office.papers, clock=clock))
    person = app.test_client()
    shown = person.get(address)
    assert "PDF 文件" in shown.text
    assert "报告" not in shown.text
    opened = person.post(address)
    assert (opened.mimetype, opened.data) == (PDF, pdf())
    assert "attachment" in opened.headers["Content-Disposition"]
    assert "sandbox" in opened.headers["Content-Security-Policy"]
    assert [one.subject for one in trail(office) if one.action == "sent file opened"] == ["contact:1"]
    wrong = person.get(address + "x")
    clock.move(minutes=8 * 24 * 60)
    old = person.post(address)
    assert (wrong.status_code, old.status_code) == (404, 404)
    assert wrong.text == old.text
