"""What every channel must do. A test class inherits ChannelContract and gives a `rig` fixture for its channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import pytest

from bot.channel import Channel, Wrapped
from bot.errors import ConfigurationFault, GiveUp, RefusedInput, RetryLater
from bot.files import PDF, OutgoingFile, SendsFiles, can_carry, file_name
from bot.messages import Kind


@dataclass(frozen=True, kw_only=True)
class Post:
    """One callback as it reaches the webhook."""

    query: Mapping[str, str]
    body: bytes


class Rig(Protocol):
    """The other side of one channel: its platform, played for the test."""

    channel: Channel

    def challenge(self, word: str) -> Mapping[str, str]:
        """The query of an address check."""

    def text(self, contact: str, text: str, *, key: str) -> Post:
        """A text message."""

    def event(self, contact: str, event: str) -> Post:
        """An event."""

    def read(self, wrapped: Wrapped) -> str | None:
        """The person's view of a passive reply."""

    def sent(self) -> list[tuple[str, str]]:
        """What arrived by API: contact and text."""

    def send_file(self, content: bytes) -> str:
        """Let a person send a file; returns its media id."""

    def files(self) -> list[tuple[str, bytes]]:
        """The files that arrived by API: contact and content."""

    def fail_next_upload(self, how: str) -> None:
        """Let the next sending of a file meet a `busy` platform before anything was handed over."""

    def fail_next_fetch(self, how: str) -> None:
        """Let the next fetch of a file meet a `busy` platform, or a missing `permission`."""

    def fail_next_send(self, how: str) -> None:
        """Let the next send meet a `busy` platform, a `closed` window, or a missing `permission`."""


def key_of(rig: Rig, contact: str, key: str) -> str:
    """The key of a message: the platform's own, unless a rig says how its people number theirs."""
    return rig.key_of(contact, key) if hasattr(rig, "key_of") else key


class AnyChannelContract:
    """What also holds where callbacks only announce messages: checks, refusals, sending, files."""

    def test_the_address_check_is_answered_with_the_platforms_word(self, rig: Rig):
        assert rig.channel.challenge(rig.challenge("8230493215")) == "8230493215"

    def test_an_unsigned_address_check_is_refused(self, rig: Rig):
        with pytest.raises(RefusedInput):
            rig.channel.challenge({"echostr": "8230493215"})

    @pytest.mark.parametrize("query", [{}, {"signature": "0" * 40, "timestamp": "1", "nonce": "2"}])
    def test_an_unsigned_callback_is_refused(self, rig: Rig, query):
        with pytest.raises(RefusedInput):
            rig.channel.parse(query, rig.text("person-1", "你好", key="1001").body)

    @pytest.mark.parametrize("body", [b"", b"{", b"<xml>", b"\xff\xfe\x00", b"null", b"[]", "你好".encode()])
    def test_a_body_that_is_no_message_is_refused(self, rig: Rig, body):
        with pytest.raises(RefusedInput):
            rig.channel.parse(rig.text("person-1", "你好", key="1001").query, body)

    def test_a_text_of_the_largest_size_is_sent_whole(self, rig: Rig):
        post = rig.text("person-1", "你好", key="1001")
        rig.channel.parse(post.query, post.body)
        text = "天" * (rig.channel.max_bytes // 3)
        rig.channel.send("person-1", text, key="out-1")
        assert rig.sent() == [("person-1", text)]

    @pytest.mark.parametrize(
        ("how", "error"), [("busy", RetryLater), ("closed", GiveUp), ("permission", ConfigurationFault)]
    )
    def test_a_failed_send_says_what_to_do(self, rig: Rig, how, error):
        rig.text("person-1", "你好", key="1001")
        rig.fail_next_send(how)
        with pytest.raises(error):
            rig.channel.send("person-1", "您好", key="out-1")
        assert rig.sent() == []

    def test_a_send_after_a_failed_one_succeeds(self, rig: Rig):
        rig.text("person-1", "你好", key="1001")
        rig.fail_next_send("busy")
        with pytest.raises(RetryLater):
            rig.channel.send("person-1", "您好", key="out-1")
        rig.channel.send("person-1", "您好", key="out-1")
        assert rig.sent() == [("person-1", "您好")]

    def test_a_file_that_a_person_sent_is_fetched_whole(self, rig: Rig):
        content = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 300
        assert rig.channel.fetch_media(rig.send_file(content)) == content

    def test_a_file_that_is_not_there_is_given_up(self, rig: Rig):
        with pytest.raises(GiveUp):
            rig.channel.fetch_media("no-such-file")

    @pytest.mark.parametrize(("how", "error"), [("busy", RetryLater), ("permission", ConfigurationFault)])
    def test_a_failed_fetch_says_what_to_do_and_the_next_one_succeeds(self, rig: Rig, how, error):
        media_id = rig.send_file(b"\xff\xd8picture")
        rig.fail_next_fetch(how)
        with pytest.raises(error):
            rig.channel.fetch_media(media_id)
        assert rig.channel.fetch_media(media_id) == b"\xff\xd8picture"


class FileContract:
    """What channels do that carry files (bot.files.SendsFiles); the others' people get links."""

    def test_a_file_of_each_type_that_the_channel_carries_arrives_whole(self, rig: Rig):
        assert isinstance(rig.channel, SendsFiles)
        rig.text("person-1", "你好", key="1001")
        for number, media_type in enumerate(rig.channel.carries):
            rig.channel.send_file("person-1", _file(media_type), key=f"out-{number}")
        assert rig.files() == [("person-1", _file(media_type).content) for media_type in rig.channel.carries]

    def test_a_file_that_the_channel_does_not_carry_is_given_up(self, rig: Rig):
        rig.text("person-1", "你好", key="1001")
        if PDF in rig.channel.carries:
            assert not can_carry(rig.channel, media_type=PDF, size=rig.channel.carries[PDF] + 1)
            return
        assert not can_carry(rig.channel, media_type=PDF, size=1)
        with pytest.raises(GiveUp):
            rig.channel.send_file("person-1", _file(PDF), key="out-1")
        assert rig.files() == []

    @pytest.mark.parametrize(
        ("how", "error"), [("busy", RetryLater), ("closed", GiveUp), ("permission", ConfigurationFault)]
    )
    def test_a_file_that_is_not_taken_says_what_to_do(self, rig: Rig, how, error):
        rig.text("person-1", "你好", key="1001")
        rig.fail_next_send(how)
        with pytest.raises(error):
            rig.channel.send_file("person-1", _file("image/png"), key="out-1")
        assert rig.files() == []

    def test_a_file_leaves_once_after_an_upload_and_a_send_that_failed(self, rig: Rig):
        rig.text("person-1", "你好", key="1001")
        for fail in (rig.fail_next_upload, rig.fail_next_send):
            fail("busy")
            with pytest.raises(RetryLater):
                rig.channel.send_file("person-1", _file("image/jpeg"), key="out-1")
        rig.channel.send_file("person-1", _file("image/jpeg"), key="out-1")
        assert rig.files() == [("person-1", _file("image/jpeg").content)]


def _file(media_type: str) -> OutgoingFile:
    start = {"image/jpeg": b"\xff\xd8\xff\xe0", "image/png": b"\x89PNG\r\n\x1a\n", PDF: b"%PDF-1.7"}[media_type]
    content = start + bytes(range(256)) * 3
    return OutgoingFile(name=file_name("检查 报告.x", media_type), media_type=media_type, content=content)


class ChannelContract(AnyChannelContract):
    """What a channel does whose callbacks hold the messages, and whose answers may hold replies."""

    def test_a_text_arrives_with_its_sender_and_key(self, rig: Rig):
        post = rig.text("person-1", "住院垫付等待期多久？", key="1001")
        inbound = rig.channel.parse(post.query, post.body).inbound
        assert (inbound.account, inbound.contact) == (rig.channel.account, "person-1")
        assert inbound.key == key_of(rig, "person-1", "1001")
        assert (inbound.kind, inbound.text) == (Kind.TEXT, "住院垫付等待期多久？")
        assert inbound.sent_at.utcoffset() is not None

    def test_a_retry_has_the_same_key(self, rig: Rig):
        post = rig.text("person-1", "你好", key="1001")
        keys = {rig.channel.parse(post.query, post.body).inbound.key for _ in range(3)}
        assert keys == {key_of(rig, "person-1", "1001")}

    def test_an_event_is_told_from_a_message(self, rig: Rig):
        post = rig.event("person-1", "subscribe")
        inbound = rig.channel.parse(post.query, post.body).inbound
        assert (inbound.kind, inbound.event, inbound.text) == (Kind.EVENT, "subscribe", "")
        assert inbound.key

    @pytest.mark.parametrize("text", ["等待期30天。", "第一行\n第二行", "<b>&amp;</b> ]]> \"'", "𠮷野家😀" * 20])
    def test_a_passive_reply_reaches_the_person_unchanged(self, rig: Rig, text):
        post = rig.text("person-1", "你好", key="1001")
        envelope = rig.channel.parse(post.query, post.body)
        assert rig.read(rig.channel.wrap(envelope, text)) == text

    def test_nothing_to_say_is_still_an_acknowledgement(self, rig: Rig):
        post = rig.text("person-1", "你好", key="1001")
        wrapped = rig.channel.wrap(rig.channel.parse(post.query, post.body), None)
        assert wrapped.body
        assert rig.read(wrapped) in (None, "success")
