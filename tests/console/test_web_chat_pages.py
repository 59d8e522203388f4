"""The web chat over HTTP: messages by the webhook, pushes by a stream or by asking, files, frames, seats."""

import json
from collections.abc import Iterator

import pytest
import requests

from tests.waiting import eventually
from tests.web_chat_server import ChatServer, chat_server, token


@pytest.fixture
def chat(tmp_path) -> Iterator[ChatServer]:
    with chat_server(tmp_path, seats=2) as served:
        yield served


def says(chat: ChatServer, text: str, *, key: str, contact: str = "user-1") -> list[str]:
    answer = requests.post(
        f"{chat.address}/webhooks/chat", params={"token": token(contact)}, json={"key": key, "text": text}, timeout=10
    )
    assert answer.status_code == 200, answer.text
    return [one["text"] for one in answer.json()["messages"]]


def waiting(chat: ChatServer, *, after: int = 0, contact: str = "user-1") -> list[dict]:
    params = {"token": token(contact), "after": after}
    return requests.get(f"{chat.address}/webchat/chat/messages", params=params, timeout=10).json()["messages"]


def stream(chat: ChatServer, **options):
    params = {"token": token(), **options.pop("params", {})}
    return requests.get(f"{chat.address}/webchat/chat/events", params=params, stream=True, timeout=10, **options)


def first_event(answer) -> tuple[int, str]:
    """Read a stream up to its first letter: its number and text."""
    number = 0
    for line in answer.iter_lines():
        if line.startswith(b"id: "):
            number = int(line[4:])
        if line.startswith(b"data: "):
            return number, json.loads(line[6:])["text"]
    raise AssertionError("the stream ended")


def test_a_message_is_answered_at_once_and_a_retry_alike_and_nobody_else_by_its_key(chat) -> None:
    assert says(chat, "等待期多久", key="k1") == ["收到：等待期多久"]
    assert says(chat, "等待期多久", key="k1") == ["收到：等待期多久"]
    assert says(chat, "你好", key="k1", contact="user-2") == ["收到：你好"]
    assert len(chat.handler.turns) == 2


def test_a_push_waits_for_who_is_away_and_is_read_once(chat) -> None:
    assert says(chat, "两条", key="k1") == ["收到：两条"]
    assert eventually(lambda: waiting(chat))
    (letter,) = waiting(chat)
    assert letter["text"] == "第二条，主动发送"
    assert waiting(chat, contact="user-2") == []
    assert waiting(chat, after=letter["number"]) == []
    assert waiting(chat) == []


def test_a_stream_tells_what_comes_and_goes_on_after_the_last_one(chat) -> None:
    with stream(chat) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        says(chat, "两条", key="k1")
        number, text = first_event(answer)
    assert text == "第二条，主动发送"
    says(chat, "再来两条", key="k2")
    with stream(chat, headers={"Last-Event-ID": str(number)}) as again:
        assert first_event(again)[0] > number


def test_where_all_seats_are_taken_one_asks_and_a_seat_left_is_free(chat) -> None:
    with stream(chat), stream(chat):
        assert stream(chat).status_code == 503
        assert says(chat, "两条", key="k1") == ["收到：两条"]
        assert eventually(lambda: waiting(chat))
    chat.streams.stop()
    assert eventually(lambda: chat.streams.seats.acquire(blocking=False))


def test_without_a_good_token_nothing_opens(chat) -> None:
    for path, method in (("events", "GET"), ("messages", "GET"), ("files", "POST")):
        for bad in ("", "x.y.z", token(seconds=-5)):
            answer = requests.request(
                method, f"{chat.address}/webchat/chat/{path}", params={"token": bad}, data=b"x", timeout=10
            )
            assert answer.status_code == 403, (path, bad)
    assert requests.get(f"{chat.address}/webchat/other/", timeout=10).status_code == 404
    assert requests.get(f"{chat.address}/webchat/other/events", timeout=10).status_code == 404


def test_a_file_comes_with_its_message(chat) -> None:
    up = f"{chat.address}/webchat/chat/files"
    kept = requests.post(up, params={"token": token()}, data=b"\xff\xd8picture", timeout=10).json()["file"]
    message = {"key": "k1", "kind": "image", "file": kept}
    requests.post(f"{chat.address}/webhooks/chat", params={"token": token()}, json=message, timeout=10)
    (turn,) = chat.handler.turns
    assert chat.channel.fetch_media(turn.inbound.media_id) == b"\xff\xd8picture"
    too_large = requests.post(up, params={"token": token()}, data=b"x" * (10 * 1024 * 1024 + 1), timeout=10)
    assert too_large.status_code == 413
    assert requests.post(up, params={"token": token()}, data=b"", timeout=10).status_code == 403


def test_the_page_may_be_framed_by_the_named_sites_alone(chat) -> None:
    answer = requests.get(f"{chat.address}/webchat/chat/", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert policy.endswith(f"frame-ancestors {chat.host}")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "X-Frame-Options" not in answer.headers
