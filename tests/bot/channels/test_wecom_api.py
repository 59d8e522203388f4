"""WeCom's API client against the twin, over real HTTP: tokens of secrets, messages, limits, failures."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask, Response

from bot.cards import Card
from bot.channels.qyapi_codes import fault_of
from bot.channels.tokens import MemoryTokenStore
from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.files import OutgoingFile
from console.platform.wecom_routes import corporation_pages
from tests.bot.channels.corporation import (
    APP,
    MEMBER,
    OTHER_APP,
    make_corporation,
    make_messages,
    make_qyapi,
)
from tests.served import served

CARD = Card(
    title="有新的住院垫付交给您",
    text="李华的申请已提交，请在 3 个工作日内核对身份。",
    rows=(("服务", "住院垫付"), ("截止", "9 月 30 日 17:30")),
    url="https://assistant.example/console/cases/1",
)


LONG_CARD = replace(CARD, text="请核对。" * 40)


@pytest.fixture
def twin(tmp_path, clock):
    twin = make_corporation(tmp_path, clock)
    twin.meet(APP.id, MEMBER)
    return twin


@pytest.fixture
def address(twin):
    app = Flask("corporation")
    app.register_blueprint(corporation_pages(twin))
    with served(app) as address:
        yield address


@pytest.fixture
def messages(address, clock):
    return make_messages(address, clock)


def answering(view):
    """Return a platform that gives a token to everybody, and this answer to every message."""
    app = Flask("answering")
    app.add_url_rule("/cgi-bin/gettoken", "token", lambda: {"errcode": 0, "access_token": "t", "expires_in": 7200})
    app.add_url_rule("/cgi-bin/message/send", "send", view, methods=["POST"])
    return app


def bubbles(twin, member=MEMBER):
    return [(bubble.kind, bubble.text) for bubble in twin.ledger.bubbles(APP.id, member)]


def test_text_card_markdown_and_file_arrive(messages, twin):
    messages.send_text(MEMBER, "等待期30天 ]]> <b>&\"'\n第二行 😀")
    messages.send_card(MEMBER, CARD)
    messages.send_card(MEMBER, LONG_CARD)
    messages.send_file(
        MEMBER, OutgoingFile(name="办理说明.pdf", media_type="application/pdf", content=b"%PDF-1.7 of a test")
    )
    text, card, markdown, file = bubbles(twin)
    assert text == ("text", "等待期30天 ]]> <b>&\"'\n第二行 😀")
    assert markdown[0] == "markdown"  # whole, where the card would have been cut
    assert all(word in markdown[1] for word in (f"**{CARD.title}**", LONG_CARD.text, f"[去处理]({CARD.url})"))
    assert card[0] == "template_card"
    assert all(word in card[1] for word in (CARD.title, CARD.text, "住院垫付", CARD.url, "去处理"))
    assert twin.kept_media(APP.id, file[1]) == b"%PDF-1.7 of a test"


def test_what_neither_card_nor_markdown_has_room_for_is_cut_visibly(messages, twin):
    messages.send_card(
        MEMBER,
        Card(title="长" * 60, text="文" * 300, url="https://a.example/", rows=(("一二三四五六", "值" * 40),) * 9),
    )
    [(_, card)] = bubbles(twin)
    assert "长" * 25 + "…" in card
    assert "文" * 111 + "…" in card
    assert card.count("keyname") == 6
    assert '"一二三四五"' in card


def test_each_secret_has_a_token_of_its_own(address, twin, clock):
    shared = MemoryTokenStore()
    first = make_qyapi(address, clock, account="staff", store=shared)
    second = make_qyapi(address, clock, account="other", secret=OTHER_APP.secret, store=shared)
    media = first.upload("file", "a.txt", b"of the first app")
    assert first.fetch_media(media) == b"of the first app"
    with pytest.raises(GiveUp):  # WeCom files media by application
        second.fetch_media(media)
    assert shared.read("staff").value != shared.read("other").value


def test_a_token_that_ended_early_is_replaced_once(messages, twin):
    messages.send_text(MEMBER, "一")
    twin.end_tokens(APP.id)
    messages.send_text(MEMBER, "二")
    assert [text for _, text in bubbles(twin)] == ["一", "二"]


def test_a_token_lives_for_two_hours(messages, twin, clock):
    for number in range(4):
        messages.send_text(MEMBER, f"第 {number} 条")
        clock.move(hours=1)
    assert len(bubbles(twin)) == 4


def test_a_token_that_is_refused_for_ever_is_no_endless_loop(messages, twin):
    twin.fail_next(APP.id, 42001, interface="message/send", times=5)
    with pytest.raises(RetryLater):
        messages.send_text(MEMBER, "一")
    assert len(twin.faults(APP.id)) == 3


def test_a_wrong_secret_names_the_entry(address, clock):
    with pytest.raises(ConfigurationFault, match="secret: WeCom refuses it"):
        make_messages(address, clock, secret="wrong").send_text(MEMBER, "您好")


def test_a_wrong_corporation_names_the_entry(address, clock):
    with pytest.raises(ConfigurationFault, match="corp_id"):
        make_messages(address, clock, corp_id="ww-of-nobody").send_text(MEMBER, "您好")


def test_a_wrong_agent_names_the_entry(address, clock):
    with pytest.raises(ConfigurationFault, match="agent_id"):
        make_messages(address, clock, agent_id=OTHER_APP.agent_id).send_text(MEMBER, "您好")


def test_somebody_who_is_no_member_is_given_up(messages):
    with pytest.raises(GiveUp):
        messages.send_text("Nobody", "您好")


def test_a_member_whom_wecom_names_as_invalid_is_given_up(clock):
    app = answering(lambda: {"errcode": 0, "errmsg": "ok", "invaliduser": MEMBER})
    with served(app) as address, pytest.raises(GiveUp):
        make_messages(address, clock).send_text(MEMBER, "您好")


def test_a_repeat_after_a_lost_answer_does_not_arrive_twice(messages, twin, clock):
    messages.send_text(MEMBER, "同一条")
    clock.move(seconds=5)
    messages.send_text(MEMBER, "同一条")
    assert len(bubbles(twin)) == 1
    clock.move(seconds=60)
    messages.send_text(MEMBER, "同一条")  # said again on purpose
    assert len(bubbles(twin)) == 2


def test_a_pace_that_is_used_up_is_waited_for_and_nothing_is_sent(address, twin, clock):
    class Full:
        def wait_seconds(self, account, contact):
            return 12.5 if (account, contact) == ("staff", MEMBER) else 0.0

    with pytest.raises(RetryLater) as caught:
        make_messages(address, clock, pace=Full()).send_text(MEMBER, "您好")
    assert caught.value.wait_seconds == 12.5
    assert bubbles(twin) == []


def test_an_interface_that_is_used_up_rests_longer_each_time(messages, twin, clock):
    twin.fail_next(APP.id, 45009, interface="message/send", times=3)
    waits = []
    for _ in range(3):
        with pytest.raises(RetryLater) as caught:
            messages.send_text(MEMBER, "您好")
        waits.append(caught.value.wait_seconds)
        with pytest.raises(RetryLater):
            messages.send_text(MEMBER, "不打扰平台")  # while it rests, nobody calls
        clock.move(seconds=waits[-1])
    assert waits == [60, 120, 240]
    messages.send_text(MEMBER, "又通了")
    assert [text for _, text in bubbles(twin)] == ["又通了"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errcode": "many"}', b"{}"])
def test_an_answer_that_cannot_be_read_is_tried_later(clock, body):
    with served(answering(lambda: Response(body))) as address, pytest.raises(RetryLater):
        make_messages(address, clock).send_text(MEMBER, "您好")


@pytest.mark.parametrize(
    ("status", "error"), [(500, RetryLater), (503, RetryLater), (429, RetryLater), (404, ConfigurationFault)]
)
def test_a_status_says_what_to_do(clock, status, error):
    with served(answering(lambda: Response(status=status))) as address, pytest.raises(error):
        make_messages(address, clock).send_text(MEMBER, "您好")


def test_an_address_that_nobody_answers_is_tried_later_and_no_error_quotes_a_secret(clock):
    with pytest.raises(RetryLater) as caught:
        make_messages("http://127.0.0.1:9", clock).send_text(MEMBER, "您好")
    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        ((-1, 40014, 42001, 45009, 45011, 45033, 50001, 2022001), RetryLater),
        ((40003, 40007, 60111, 81013, 82001, 40058, 95001, 95002, 95007, 95013, 95016, 95018), GiveUp),
        ((40013, 40056, 48002, 60011, 60020, 301002, 95000, 95004, 95011, 95012, 95014, 95017), ConfigurationFault),
    ],
)
def test_a_code_becomes_the_error_that_tells_what_to_do(codes, error):
    for code in codes:
        fault = fault_of(code)
        assert type(fault) is error, code
        assert fault.code == code


def test_the_twin_drops_what_is_over_thirty_a_minute_without_a_word(messages, twin, clock):
    for number in range(35):
        messages.send_text(MEMBER, f"第 {number} 条")
    assert len(bubbles(twin)) == 30
    assert twin.quota_left(APP.id, MEMBER) == 0
    clock.now += timedelta(minutes=1)
    messages.send_text(MEMBER, "下一分钟")
    assert len(bubbles(twin)) == 31
