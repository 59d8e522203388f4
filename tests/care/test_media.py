"""Papers on their way from the platform into the sealed folder."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.keys import Unreadable
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import media
from care.clearing import delete_files
from care.fetching import Fetched, fetch_wanted
from care.tables import materials
from tests.care import papers, people
from tests.clocks import FixedClock

PHOTO = papers.photo()


class Platform:
    """Hands out files by media id; what is an error is raised."""

    def __init__(self, **files: bytes | Exception) -> None:
        self.files = files
        self.asked: list[tuple[str, str]] = []

    def __call__(self, account: str, media_id: str) -> bytes:
        self.asked.append((account, media_id))
        file = self.files.get(media_id, GiveUp())
        if isinstance(file, Exception):
            raise file
        return file


class Desk:
    """One person's papers in a store."""

    def __init__(self, store: Store, clock: FixedClock, folder: Path) -> None:
        self.store, self.clock = store, clock
        self.files = SealedFiles(folder / "media", store.keys)
        self.who = store.write(lambda connection: people.contact(connection, store.keys, "甲测试", clock()))

    def want(self, media_id: str) -> int:
        keys, now = self.store.keys, self.clock()
        return self.store.write(lambda c: media.want(c, keys, contact_id=self.who, media_id=media_id, now=now))

    def fetch(self, platform: Platform) -> list[Fetched]:
        return fetch_wanted(self.store, self.files, platform, now=self.clock())

    def paper(self, number: int) -> media.Material:
        with self.store.reading() as connection:
            found = media.material(connection, number)
        assert found is not None
        return found


@pytest.fixture
def desk(store: Store, clock: FixedClock, tmp_path: Path) -> Desk:
    return Desk(store, clock, tmp_path)


def test_a_photo_is_fetched_once_checked_and_kept_sealed(desk: Desk) -> None:
    number, platform = desk.want("m1"), Platform(m1=PHOTO)
    assert desk.fetch(platform) == [Fetched(id=number, reason=None)]
    assert desk.fetch(platform) == []
    assert platform.asked == [("demo", "m1")]
    paper = desk.paper(number)
    assert (paper.state, paper.media_type) == ("kept", "image/jpeg")
    content = desk.files.read(paper.file)
    assert len(content) == paper.bytes
    assert papers.SECRET not in content


def test_the_platforms_id_lies_sealed_and_is_dropped_with_the_fetch(desk: Desk) -> None:
    desk.want("a-media-id-of-the-platform")
    query = select(materials.c.media_id)
    with desk.store.reading() as connection:
        assert b"a-media-id" not in connection.scalar(query)
    desk.fetch(Platform())
    with desk.store.reading() as connection:
        assert connection.scalar(query) is None


@pytest.mark.parametrize(
    ("answer", "reason"), [(b"MZ" + bytes(99), "type"), (b"", "empty"), (PHOTO[:200], "damaged"), (GiveUp(), "gone")]
)
def test_what_cannot_be_kept_is_refused_with_a_reason_in_one_word(desk: Desk, answer, reason: str) -> None:
    number = desk.want("m1")
    assert desk.fetch(Platform(m1=answer)) == [Fetched(id=number, reason=reason)]
    assert (desk.paper(number).state, desk.paper(number).reason) == ("refused", reason)
    assert list(desk.files.names()) == []


@pytest.mark.parametrize("fault", [RetryLater(), ConfigurationFault()])
def test_a_passing_fault_leaves_it_wanted_and_rests_the_account_for_the_round(desk: Desk, fault: Exception) -> None:
    first, second = desk.want("m1"), desk.want("m2")
    platform = Platform(m1=fault, m2=PHOTO)
    assert desk.fetch(platform) == []
    assert platform.asked == [("demo", "m1")]
    assert {one.id for one in desk.fetch(Platform(m1=PHOTO, m2=PHOTO))} == {first, second}


def test_after_three_days_of_faults_it_is_given_up(desk: Desk) -> None:
    number = desk.want("m1")
    desk.clock.move(days=3, seconds=1)
    assert desk.fetch(Platform(m1=RetryLater())) == [Fetched(id=number, reason="expired")]


def test_of_two_that_fetch_the_same_file_one_keeps_it(desk: Desk) -> None:
    desk.want("m1")

    def meanwhile(account: str, media_id: str) -> bytes:
        assert len(desk.fetch(Platform(m1=PHOTO))) == 1
        return PHOTO

    assert fetch_wanted(desk.store, desk.files, meanwhile, now=desk.clock()) == []
    assert len(list(desk.files.names())) == 1


def test_papers_are_told_apart_and_found_by_case(desk: Desk) -> None:
    keys, now = desk.store.keys, desk.clock()
    first, second = desk.want("m1"), desk.want("m2")
    desk.fetch(Platform(m1=PHOTO, m2=RetryLater()))

    def work(connection) -> None:
        policy_id = people.policy(connection, keys, "P1", now)
        case_id = people.case(connection, desk.who, policy_id, "20260930-AAAAAA", now)
        assert [one.id for one in media.unassigned(connection, desk.who)] == [first, second]
        media.assign(connection, first, case_id=case_id, material="diagnosis")
        assert [(one.id, one.material) for one in media.of_case(connection, case_id)] == [(first, "diagnosis")]
        assert [one.id for one in media.unassigned(connection, desk.who)] == [second]
        assert len(media.of_contact(connection, desk.who)) == 2

    desk.store.write(work)


def test_dropped_papers_name_their_files_until_these_are_gone(desk: Desk, tmp_path: Path) -> None:
    kept, waiting = desk.want("m1"), desk.want("m2")
    desk.fetch(Platform(m1=PHOTO, m2=RetryLater()))
    file = desk.paper(kept).file
    assert desk.store.write(lambda c: media.drop(c, [kept, waiting], reason="asked")) == 2
    assert [desk.paper(number).state for number in (kept, waiting)] == ["deleted", "deleted"]
    assert desk.fetch(Platform(m1=PHOTO, m2=PHOTO)) == []
    with desk.store.reading() as connection:
        assert media.unassigned(connection, desk.who) == []
        assert media.to_delete(connection) == {kept: file}
    copies = SealedFiles(tmp_path / "exports", desk.store.keys)
    assert delete_files(desk.store, papers=desk.files, copies=copies, now=desk.clock()) == 1
    with pytest.raises(Unreadable):
        desk.files.read(file)
    assert delete_files(desk.store, papers=desk.files, copies=copies, now=desk.clock()) == 0
    assert desk.paper(kept).file is None


def test_papers_that_no_application_took_go_after_a_week(desk: Desk) -> None:
    number = desk.want("m1")
    desk.fetch(Platform(m1=PHOTO))
    desk.clock.now += timedelta(days=7)
    assert desk.store.write(lambda c: media.drop_forgotten(c, now=desk.clock())) == 0
    desk.clock.now += timedelta(seconds=1)
    assert desk.store.write(lambda c: media.drop_forgotten(c, now=desk.clock())) == 1
    assert desk.paper(number).state == "deleted"


def test_files_that_no_row_names_are_swept_up_after_an_hour(desk: Desk, tmp_path: Path) -> None:
    number = desk.want("m1")
    desk.fetch(Platform(m1=PHOTO))
    named, stray = desk.paper(number).file, desk.files.write(b"a crash came before the row")
    moment = desk.clock().timestamp()
    for name in (named, stray):
        os.utime(tmp_path / "media" / name, (moment, moment))

    def sweep() -> int:
        with desk.store.reading() as connection:
            return media.sweep(connection, desk.files, now=desk.clock())

    assert sweep() == 0
    desk.clock.now += timedelta(hours=1, seconds=1)
    assert sweep() == 1
    assert list(desk.files.names()) == [named]
