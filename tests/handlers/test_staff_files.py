"""Pictures and documents between a person and a health manager: sent once, in order, never by the bot."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.errors import GiveUp, RetryLater, UserFault
from bot.files import file_name
from bot.messages import Kind, Owner
from care import audit, media, notes, sent_files
from care.forgetting import forget_person
from care.staff import Member
from handlers.handling import Handling
from handlers.staff_files import StaffFiles
from tests.care.papers import pdf
from tests.console.talks import picture
from tests.handlers.console_staff import handling_of, hired, owner
from tests.handlers.office import Office

URL = "https://assistant.example"


@pytest.fixture
def acts(office: Office) -> Handling:
    files = StaffFiles(folder=office.papers, channel_of=lambda _: office.place.channel, public_url=URL)
    return replace(handling_of(office.store, office.desk), files=files)


@pytest.fixture
def lin(office: Office, acts: Handling) -> Member:
    """Somebody who has the conversation."""
    lin = hired(office.store, office.clock, "lin")
    office.says("转人工")
    acts.take(1, by=lin, now=office.clock())
    return lin


def send(office: Office, acts: Handling, by: Member, content: bytes, name: str = "报告.pdf", *, key: str = "1") -> bool:
    return acts.send_file(1, by=by, content=content, name=name, request_key=key, now=office.clock())


def states(office: Office) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in office.place.rows("outbox")]


def test_a_picture_arrives_once_between_the_words_around_it(office: Office, acts: Handling, lin: Member) -> None:
    acts.reply(1, by=lin, text="请看这张图", request_key="1", now=office.clock())
    assert send(office, acts, lin, picture(), "入院 地图.JPG")
    assert not send(office, acts, lin, picture(), "入院 地图.JPG")
    acts.reply(1, by=lin, text="到三楼", request_key="2", now=office.clock())
    assert office.works() == ["请看这张图", "到三楼"]
    [(contact, file)] = office.place.channel.files
    assert (contact, file.name, file.media_type) == ("o-lin", "入院 地图.jpg", "image/jpeg")
    assert Image.open(io.BytesIO(file.content)).size == (60, 40)
    assert office.place.channel.keys == [row.idempotency_key for row in office.place.rows("outbox")]
    assert len(list(office.papers.names())) == 1


def test_what_the_channel_does_not_carry_is_sent_as_a_link_for_a_week(
    office: Office, acts: Handling, lin: Member
) -> None:
    assert acts.files is not None
    assert acts.files.carried("demo") == {"image/jpeg", "image/png"}
    send(office, acts, lin, pdf(), "../检查\n报告.exe")
    [text] = office.works()
    assert "《检查 报告.pdf》" in text
    assert office.place.channel.files == []
    token = text.partition(f"{URL}/files/")[2]
    with office.store.reading() as connection:
        found = sent_files.find(connection, office.store.keys, token, now=office.clock())
        assert found is not None
        assert office.papers.read(found.file) == pdf()
        assert sent_files.find(connection, office.store.keys, token + "x", now=office.clock()) is None
        assert sent_files.find(connection, office.store.keys, token, now=found.expires_at) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "先选一个文件"),
        (b"MZ\x90\x00 a program", "只能发图片"),
        (b"\xff\xd8\xff\xe0 broken", "损坏"),
        (pdf(b"3 0 obj\n<< /S /JavaScript /JS (app.alert(1)) >>\nendobj"), "脚本"),
        (pdf(trailer=b"/Encrypt 9 0 R"), "密码"),
    ],
)
def test_what_may_not_be_sent_is_refused_with_the_reason(
    office: Office, acts: Handling, lin: Member, content: bytes, words: str
) -> None:
    with pytest.raises(UserFault, match=words):
        send(office, acts, lin, content)
    assert list(office.papers.names()) == []


def test_only_who_has_the_conversation_sends_files(office: Office, acts: Handling, lin: Member) -> None:
    wang = hired(office.store, office.clock, "wang")
    with pytest.raises(UserFault, match="lin负责"):
        send(office, acts, wang, picture())
    acts.give_back(1, by=lin, now=office.clock())
    with pytest.raises(UserFault, match="先接管"):
        send(office, acts, lin, picture())
    assert list(office.papers.names()) == []


def test_a_webp_picture_leaves_as_jpeg(office: Office, acts: Handling, lin: Member) -> None:
    content = io.BytesIO()
    Image.new("RGBA", (50, 30), (0, 0, 0, 0)).save(content, "WEBP")
    send(office, acts, lin, content.getvalue(), "图.webp")
    office.works()
    [(_, file)] = office.place.channel.files
    assert (file.name, file.media_type) == ("图.jpg", "image/jpeg")


def test_a_file_is_tried_again_and_dies_where_the_person_cannot_be_reached(
    office: Office, acts: Handling, lin: Member
) -> None:
    office.works()
    before = len(states(office))
    send(office, acts, lin, picture())
    office.place.channel.failures.append(RetryLater())
    office.works()
    assert states(office)[before:] == [("media", "pending")]
    office.clock.move(minutes=5)
    office.place.channel.failures.append(GiveUp())
    office.works()
    assert states(office)[before:] == [("media", "dead")]


def test_a_file_leaves_though_the_conversation_was_given_back(office: Office, acts: Handling, lin: Member) -> None:
    send(office, acts, lin, picture())
    acts.give_back(1, by=lin, now=office.clock())
    assert owner(office.store) is Owner.BOT
    office.works()
    assert len(office.place.channel.files) == 1


def test_a_file_counts_as_an_answer_and_leaves_a_trace(office: Office, acts: Handling, lin: Member) -> None:
    send(office, acts, lin, picture())
    with office.store.reading() as connection:
        actions = [one.action for one in audit.entries(connection, office.store.keys, subject="conversation:1")]
    assert "file sent" in actions


def test_what_was_sent_goes_with_the_person(office: Office, acts: Handling, lin: Member) -> None:
    send(office, acts, lin, picture())
    assert [one.material for one in office.materials()] == [media.SENT]
    office.store.write(lambda connection: forget_person(connection, office.store.keys, 1, now=office.clock()))
    office.works()
    assert list(office.papers.names()) == []
    assert office.place.channel.files == []


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.FILE])
def test_what_a_person_sends_a_manager_is_fetched_and_the_bot_is_silent(
    office: Office, acts: Handling, lin: Member, kind: Kind
) -> None:
    office.works()
    assert office.sends(picture(), kind=kind) == ""
    assert office.works() == []
    [paper] = office.materials()
    assert (paper.state, paper.media_type, paper.case_id) == ("kept", "image/jpeg", None)


def test_a_voice_message_to_a_manager_is_kept_as_it_is(office: Office, acts: Handling, lin: Member) -> None:
    office.works()
    assert office.sends(b"#!AMR\n\x3c\x00", kind=Kind.VOICE) == ""
    assert office.works() == []
    assert [(one.material, one.state, one.media_type) for one in office.materials()] == [
        (media.VOICE, "kept", "audio/amr")
    ]


def test_what_cannot_be_kept_becomes_a_note_for_the_manager(office: Office, acts: Handling, lin: Member) -> None:
    office.works()
    office.sends(b"MZ a program", kind=Kind.FILE)
    assert office.works() == []
    with office.store.reading() as connection:
        assert len(notes.notes_of(connection, office.store.keys, 1)) == 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("报告.PDF", "报告.pdf"),
        ("C:\\用户\\我的 报告.final.pdf", "我的 报告.final.pdf"),
        ('a"\r\nX-Evil: 1.pdf', "a X-Evil 1.pdf"),
        ("..", "文件.pdf"),
        ("", "文件.pdf"),
        ("长" * 200, "长" * 60 + ".pdf"),
        ("报告\u202efdp.exe", "报告 fdp.pdf"),
    ],
)
def test_names_of_files_are_plain(given: str, name: str) -> None:
    assert file_name(given, "application/pdf") == name
