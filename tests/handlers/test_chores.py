"""The worker's rounds: copies are made and fetched, deleted people's files go, promises that are missed are noted."""

import io
import zipfile

import pytest
from flask import Flask
from sqlalchemy import select, update

from bot.errors import RetryLater
from care import errands, tables
from care.promises import deadlines_of
from console.exports import export_pages
from tests.care import papers
from tests.handlers.office import PUBLIC_URL, Office


def link_of(office: Office) -> str:
    """Do the chores until the link arrives, and return its path."""
    [text] = office.works()
    assert f"{PUBLIC_URL}/exports/" in text
    return text.partition(PUBLIC_URL)[2]


def browsed(office: Office) -> Flask:
    app = Flask("console")
    app.register_blueprint(export_pages(store=office.store, copies=office.copies, clock=office.clock))
    return app


def test_a_copy_is_made_and_its_link_downloads_what_the_person_typed_and_sent(office: Office) -> None:
    office.submitted()
    office.sends(papers.photo())
    office.says("2")
    assert "打包" in office.says("导出我的信息")
    browser = browsed(office).test_client()
    answer = browser.post(link_of(office))
    assert answer.status_code == 200
    copy = zipfile.ZipFile(io.BytesIO(answer.data))
    assert "胃恶性肿瘤" in copy.read("我的信息.json").decode()
    assert [name for name in copy.namelist() if name.startswith("材料/")] == ["材料/1.jpg"]
    assert office.works() == []


def test_asked_for_twice_a_copy_is_made_once(office: Office) -> None:
    office.verified()
    office.says("导出我的信息", "导出我的信息")
    assert len(office.works()) == 1
    assert len(list(office.copies.names())) == 1


def test_a_copy_asked_for_again_replaces_the_one_before(office: Office) -> None:
    office.verified()
    office.says("导出我的信息")
    first = link_of(office)
    office.says("导出我的信息")
    second = link_of(office)
    office.works()
    assert len(list(office.copies.names())) == 1
    browser = browsed(office).test_client()
    assert (browser.get(first).status_code, browser.get(second).status_code) == (404, 200)


def test_a_copy_that_nobody_fetched_is_off_the_disk_after_a_day(office: Office) -> None:
    office.verified()
    office.says("导出我的信息")
    office.works()
    office.clock.move(hours=24)
    office.works()
    assert list(office.copies.names()) == []


def test_deleting_oneself_takes_loose_papers_and_copies_off_the_disk_after_the_commit(office: Office) -> None:
    case = office.submitted()
    office.sends(papers.photo())
    office.says("2")
    office.works()
    office.says("导出我的信息")
    link = link_of(office)
    office.says("取消申请", "确定")
    office.sends(papers.photo())
    office.works()
    assert len(list(office.papers.names())) == 2
    assert "已删除" in office.says("删除我的信息", "确定")
    assert browsed(office).test_client().post(link).status_code == 404
    assert office.works() == []
    assert list(office.copies.names()) == []
    [kept] = [one for one in office.materials() if one.state == "kept"]
    assert kept.case_id == case.id
    assert list(office.papers.names()) == [kept.file]


def test_deleting_oneself_takes_back_a_copy_that_was_asked_for(office: Office) -> None:
    office.verified()
    office.says("导出我的信息")
    office.says("删除我的信息", "确定")
    office.says("你好")
    assert office.works() == []
    assert list(office.copies.names()) == []


def test_who_keeps_their_data_after_all_loses_nothing(office: Office) -> None:
    office.submitted()
    assert "没有改动" in office.says("删除我的信息", "不")
    assert "受理号" in office.says("我的申请到哪了")


def test_whose_consent_is_withdrawn_has_no_loose_papers(office: Office) -> None:
    office.verified()
    office.sends(papers.photo())
    office.works()
    office.says("撤回同意")
    office.works()
    assert list(office.papers.names()) == []


def test_a_promise_that_is_missed_is_noted_once(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    case = office.submitted()
    office.clock.move(days=30)
    office.works()
    office.works()
    with office.store.reading() as connection:
        assert "missed" in [one.state for one in deadlines_of(connection, case.id)]
    logged = capsys.readouterr().err
    assert logged.count("promise missed") == 1
    assert "演示" not in logged


def test_what_a_process_left_when_it_died_is_done_by_the_next(office: Office) -> None:
    office.verified()
    office.says("导出我的信息")
    office.store.write(lambda connection: errands.claim(connection, now=office.clock()))
    assert office.works() == []
    office.clock.move(minutes=5)
    assert len(office.works()) == 1


def test_a_file_of_which_the_row_says_deleted_goes_even_after_a_crash(office: Office) -> None:
    """The process died between the commit and the deletion."""
    office.verified()
    office.sends(papers.photo())
    office.works()
    row = update(tables.materials).values(state="deleted")
    office.store.write(lambda connection: connection.execute(row).rowcount)
    office.works()
    assert list(office.papers.names()) == []
    with office.store.reading() as connection:
        assert connection.scalar(select(tables.materials.c.file)) is None


def test_a_platform_that_does_not_answer_keeps_the_photo_wanted(office: Office) -> None:
    office.verified()
    office.sends(papers.photo())
    office.place.channel.failures.append(RetryLater("busy"))
    assert office.works() == []
    assert [one.state for one in office.materials()] == ["wanted"]
    office.works()
    assert [one.state for one in office.materials()] == ["kept"]
