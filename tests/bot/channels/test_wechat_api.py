"""The API client against the platform's twin, over real HTTP."""

import logging
import socket
import threading

import pytest
from flask import Flask, Response, redirect

from bot.channels.tokens import MemoryTokenStore
from bot.errors import ConfigurationFault, GiveUp, RetryLater
from tests.bot.channels.conftest import APP_ID, APP_SECRET, make_api
from tests.served import served

PERSON = "oPerson0000000000000000000001"


@pytest.fixture
def twin(serving):
    serving.twin.hear(APP_ID, PERSON)
    return serving.twin


def texts(twin):
    return [bubble.text for bubble in twin.ledger.bubbles(APP_ID, PERSON)]


def test_a_text_arrives_as_it_was_written(api, twin):
    api.send_text(PERSON, "等待期30天 ]]> <b>&\"'\n第二行 😀")
    assert texts(twin) == ["等待期30天 ]]> <b>&\"'\n第二行 😀"]


def test_the_sixth_message_within_48_hours_is_given_up(api, twin):
    for number in range(5):
        api.send_text(PERSON, str(number))
    with pytest.raises(GiveUp) as caught:
        api.send_text(PERSON, "5")
    assert caught.value.code == 45047
    assert texts(twin) == list("01234")


def test_a_message_after_48_hours_is_given_up(api, twin, clock):
    clock.move(hours=48, seconds=1)
    with pytest.raises(GiveUp) as caught:
        api.send_text(PERSON, "晚了")
    assert caught.value.code == 45015


def test_a_menu_click_opens_one_minute_for_three_messages(api, serving, clock):
    serving.twin.hear(APP_ID, "clicker", "CLICK")
    for number in range(3):
        api.send_text("clicker", str(number))
    with pytest.raises(GiveUp):
        api.send_text("clicker", "3")
    serving.twin.hear(APP_ID, "clicker", "CLICK")
    clock.move(seconds=61)
    with pytest.raises(GiveUp):
        api.send_text("clicker", "4")


def test_who_stopped_following_gets_nothing_more(api, twin):
    twin.hear(APP_ID, PERSON, "unsubscribe")
    with pytest.raises(GiveUp) as caught:
        api.send_text(PERSON, "您好")
    assert caught.value.code == 43004


def test_a_token_that_ended_on_the_platform_is_replaced_and_the_message_arrives_once(api, twin):
    api.send_text(PERSON, "一")
    twin.end_tokens(APP_ID)
    api.send_text(PERSON, "二")
    assert texts(twin) == ["一", "二"]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_lasting_token_refusal_ends_after_one_retry(api, twin, code):
    twin.fail_next(APP_ID, code, times=10)
    with pytest.raises(RetryLater) as caught:
        api.send_text(PERSON, "您好")
    assert caught.value.code == code
    assert len(twin.faults(APP_ID)) == 8


@pytest.mark.parametrize(
    ("code", "error"),
    [(-1, RetryLater), (503, RetryLater), (45015, GiveUp), (43101, GiveUp), (48001, ConfigurationFault)],
)
def test_an_error_is_met_once_and_reported(api, twin, code, error):
    twin.fail_next(APP_ID, code)
    with pytest.raises(error):
        api.send_text(PERSON, "您好")
    assert twin.faults(APP_ID) == []
    assert texts(twin) == []


def test_a_used_up_interface_is_left_alone_until_its_reset(api, twin, clock):
    twin.fail_next(APP_ID, 45009, times=2)
    for _ in range(3):
        with pytest.raises(RetryLater) as caught:
            api.send_text(PERSON, "您好")
        assert caught.value.wait_seconds == pytest.approx(7 * 3600 + 600)  # it is 16:50 in China
    assert len(twin.faults(APP_ID)) == 1
    twin.ledger.add_media(APP_ID, "m1", "image", b"\xff\xd8picture", clock().timestamp())
    assert api.download("m1").content == b"\xff\xd8picture"
    clock.move(hours=8)
    with pytest.raises(RetryLater):
        api.send_text(PERSON, "您好")
    assert twin.faults(APP_ID) == []


def test_a_wrong_secret_is_a_fault_of_the_configuration(serving, clock):
    with pytest.raises(ConfigurationFault, match="app_secret"):
        make_api(serving.address, clock, secret="wrong").send_text(PERSON, "您好")


def test_a_file_goes_up_and_comes_down_whole(api, twin):
    content = bytes(range(256)) * 4000
    assert api.download(api.upload("image", content)).content == content


def test_a_file_is_gone_after_three_days(api, twin, clock):
    media_id = api.upload("image", b"\xff\xd8picture")
    clock.move(days=3, seconds=1)
    with pytest.raises(GiveUp):
        api.download(media_id)


def test_a_file_beyond_every_limit_is_given_up_before_it_is_all_here(clock):
    sent = []

    def endless():
        for _ in range(100):
            sent.append(1)
            yield b"\xff" * 1024 * 1024

    app = _half(lambda: "")
    app.add_url_rule("/cgi-bin/media/get", "get", lambda: Response(endless(), mimetype="image/jpeg"))
    with served(app) as address, pytest.raises(GiveUp, match="too large"):
        make_api(address, clock).fetch_media("m1")
    assert len(sent) < 60


def test_a_file_is_not_fetched_from_where_a_redirect_points(clock):
    app = _half(lambda: "")
    app.add_url_rule("/cgi-bin/media/get", "get", lambda: redirect("http://127.0.0.1:9/"))
    with served(app) as address, pytest.raises(ConfigurationFault, match="redirect"):
        make_api(address, clock).fetch_media("m1")


def test_a_platform_that_cannot_be_reached_is_tried_later(clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(RetryLater):
        make_api(address, clock).send_text(PERSON, "您好")


@pytest.mark.parametrize(
    "answer", ["", "<html>", "[]", "{}", '{"errcode": "x"}', '{"errcode": null}', '{"access_token": 5}', "[" * 9000]
)
def test_an_answer_that_cannot_be_read_is_tried_later(clock, answer):
    app = Flask("broken")
    app.add_url_rule("/cgi-bin/stable_token", view_func=lambda: answer, methods=["POST"])
    with served(app) as address, pytest.raises(RetryLater):
        make_api(address, clock).send_text(PERSON, "您好")


@pytest.mark.parametrize("answer", ["", "<html>", "[]", "{}", '{"errcode": "x"}', '{"errcode": null}'])
def test_an_unreadable_answer_to_a_message_is_tried_later(clock, answer):
    app = _half(lambda: answer)
    with served(app) as address, pytest.raises(RetryLater):
        make_api(address, clock).send_text(PERSON, "您好")


def test_a_wrong_address_is_a_fault_of_the_configuration(serving, clock):
    with pytest.raises(ConfigurationFault, match="api_base_url"):
        make_api(f"{serving.address}/elsewhere", clock).send_text(PERSON, "您好")


def test_a_redirect_is_never_followed_with_the_token(clock):
    app = _half(lambda: redirect("http://127.0.0.1:9/"))
    with served(app) as address, pytest.raises(ConfigurationFault, match="redirect"):
        make_api(address, clock).send_text(PERSON, "您好")


def test_no_error_shows_the_token_or_the_secret(serving, twin, clock, caplog):
    caplog.set_level(logging.INFO)
    store = MemoryTokenStore()
    api = make_api(serving.address, clock, store=store)
    api.send_text(PERSON, "一")
    token = store.read("demo").value
    shown = []
    for code in (-1, 503, 45015, 48001, 40003):
        twin.fail_next(APP_ID, code)
        with pytest.raises((RetryLater, GiveUp, ConfigurationFault)) as caught:
            api.send_text(PERSON, "二")
        shown.append(f"{caught.value!r} {caught.value.__cause__!r}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(RetryLater) as caught:
        make_api(gone, clock, store=store).send_text(PERSON, "三")
    shown.append(f"{caught.value!r} {caught.value.__cause__!r} {caplog.text}")
    assert not any(token in text or APP_SECRET in text for text in shown)


def test_a_platform_that_never_answers_is_left_in_time(clock):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []
        threading.Thread(target=lambda: held.append(listener.accept()), daemon=True).start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(RetryLater, match="in time"):
            make_api(address, clock, wait_seconds=0.1).send_text(PERSON, "您好")


def _half(send):
    """A platform that issues tokens properly and answers messages by `send`."""
    app = Flask("half")
    issued = {"access_token": "t", "expires_in": 7200}
    app.add_url_rule("/cgi-bin/stable_token", "token", lambda: issued, methods=["POST"])
    app.add_url_rule("/cgi-bin/message/custom/send", "send", send, methods=["POST"])
    return app
