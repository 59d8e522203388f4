"""One test for each known defect of wechatpy 2.0.0a26 that this gateway works around.

Where it is cheap, the test first shows the defect in wechatpy itself: when one of those assertions fails after an
upgrade, the work-around may go.
"""

import base64
import threading

import pytest
import requests
import wechatpy
from flask import Flask, request
from wechatpy import WeChatClient, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.crypto.base import WeChatCipher
from wechatpy.replies import TextReply

from bot.channels.crypto import Sealer, sign
from bot.channels.envelope import read, write_xml
from bot.channels.tokens import MemoryTokenStore
from bot.channels.transport import PlatformAdapter
from bot.errors import ConfigurationFault, GiveUp, RefusedInput, RetryLater
from tests.bot.channels.conftest import APP_ID, KEY, TOKEN, make_api
from tests.served import served

PERSON = "oPerson0000000000000000000001"


class FixedToken:
    def current(self):
        return "t"

    def replace(self, refused):
        return "t"


class RecordingPlatform:
    """Answers every call with `answers` in turn (the last one for ever) and keeps what it was asked."""

    def __init__(self, *answers):
        self.app = Flask("recording")
        self.app.before_request(self._answer)
        self._answers = list(answers)
        self.calls = []
        self.tokens_issued = 0

    def _answer(self):
        if request.path.endswith("stable_token"):
            self.tokens_issued += 1
            return {"access_token": f"t{self.tokens_issued}", "expires_in": 7200}
        self.calls.append((request.path, dict(request.args), request.get_data()))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def test_the_version_whose_defects_are_known_is_the_one_installed():
    assert wechatpy.__version__ == "2.0.0.alpha26" or wechatpy.__version__ == "2.0.0a26"


def test_a_lasting_40001_does_not_recurse(clock):
    platform = RecordingPlatform({"errcode": 40001, "errmsg": "invalid credential"})
    with served(platform.app) as address, pytest.raises(RetryLater):
        make_api(address, clock).send_text(PERSON, "您好")
    assert len(platform.calls) == 2


def test_a_token_retry_repeats_an_upload_with_its_content(clock):
    platform = RecordingPlatform({"errcode": 42001}, {"type": "image", "media_id": "m1"})
    with served(platform.app) as address:
        assert make_api(address, clock).upload("image", b"\xff\xd8 the picture") == "m1"
    first, second = platform.calls
    assert b"the picture" in first[2]
    assert first[2] == second[2]
    assert first[1]["access_token"] != second[1]["access_token"]


def test_twenty_threads_cause_one_token_call(clock):
    platform = RecordingPlatform({"errcode": 0})
    with served(platform.app) as address:
        api, start = make_api(address, clock), threading.Barrier(20)

        def work():
            start.wait()
            api.send_text(PERSON, "您好")

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (platform.tokens_issued, len(platform.calls)) == (1, 20)


def test_an_expired_token_is_not_taken_for_valid(clock):
    platform = RecordingPlatform({"errcode": 0})
    with served(platform.app) as address:
        api = make_api(address, clock, store=MemoryTokenStore())
        api.send_text(PERSON, "一")
        clock.move(seconds=7300)
        api.send_text(PERSON, "二")
    assert [call[1]["access_token"] for call in platform.calls] == ["t1", "t2"]


def test_calls_of_api_classes_with_their_own_host_stay_on_the_given_one():
    platform = RecordingPlatform({"errcode": 0, "kf_list": []})
    client = WeChatClient(APP_ID, "secret", access_token="placeholder")
    assert client.customservice.API_BASE_URL != client.API_BASE_URL
    with served(platform.app) as address:
        PlatformAdapter(base_url=address, tokens=FixedToken()).mount_on(client._http)
        client.customservice.get_accounts()
        client.message.send_text(PERSON, "您好")
        client.template.get_all_private_template()
    assert len(platform.calls) == 3
    assert {call[1]["access_token"] for call in platform.calls} == {"t"}


def test_a_call_to_a_host_that_is_not_the_platforms_is_stopped():
    session = requests.Session()
    PlatformAdapter(base_url="http://127.0.0.1:9", tokens=FixedToken()).mount_on(session)
    for url in ("https://api.weixin.qq.com.evil.example/cgi-bin/x", "https://u@evil.example/", "http://127.0.0.1:9/"):
        with pytest.raises(ConfigurationFault):
            session.get(url, params={"access_token": "placeholder"})


@pytest.mark.parametrize(
    ("code", "error"), [(-1, RetryLater), (45009, RetryLater), (45047, GiveUp), (48001, ConfigurationFault)]
)
def test_each_code_has_its_own_consequence(clock, code, error):
    platform = RecordingPlatform({"errcode": code, "errmsg": "no"})
    with served(platform.app) as address, pytest.raises(error):
        make_api(address, clock).send_text(PERSON, "您好")


MALFORMED = {
    "KeyError": b"<xml><FromUserName>a</FromUserName></xml>",
    "TypeError": b"<xml/>",
    "ExpatError": b"<xml><MsgType>text</xml>",
    "AttributeError": b"<xml><MsgType><A>1</A></MsgType></xml>",
    "UnicodeDecodeError": b"<xml><MsgType>\xff</MsgType></xml>",
}


@pytest.mark.parametrize("leak", MALFORMED)
def test_malformed_xml_is_refused_instead_of_leaking(channel, phone, leak):
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - the point is which one
        parse_message(MALFORMED[leak])
    assert type(theirs.value).__name__ == leak
    delivery = phone.deliver(MALFORMED[leak])
    with pytest.raises(RefusedInput):
        channel.parse(delivery.query, delivery.body)


def _sealed(plain: bytes) -> str:
    key = base64.b64decode(KEY + "=")
    return base64.b64encode(WeChatCipher(key).encrypt(plain)).decode()


def _padded(content: bytes, fill: int | None = None) -> bytes:
    fill = 32 - len(content) % 32 if fill is None else fill
    return content + bytes((fill,)) * (32 - len(content) % 32)


FRAME = b"0123456789abcdef" + (5).to_bytes(4, "big") + b"<xml>" + APP_ID.encode()
BAD_CIPHER_TEXTS = {
    "nothing": "",
    "not base64": "!!!!",
    "unicode": "密文",
    "half a block": base64.b64encode(b"0" * 24).decode(),
    "a block of 16": base64.b64encode(b"0" * 16).decode(),
    "noise": base64.b64encode(b"\x07" * 64).decode(),
    "padding of zero": _sealed(_padded(FRAME, fill=0)),
    "padding beyond a block": _sealed(_padded(FRAME, fill=33)),
    "padding of unequal bytes": _sealed(_padded(FRAME)[:-3] + b"\x01\x02" + _padded(FRAME)[-1:]),
    "a length beyond the end": _sealed(_padded(FRAME[:16] + b"\xff\xff\xff\xff" + FRAME[20:])),
    "a frame too short for its head": _sealed(_padded(b"123")),
    "another receiver": _sealed(_padded(FRAME[:-1] + b"2")),
}


@pytest.mark.parametrize("name", BAD_CIPHER_TEXTS)
def test_a_bad_cipher_text_is_refused_instead_of_leaking(channel, phone, name):
    sealed = BAD_CIPHER_TEXTS[name]
    query = dict(phone.deliver(b"<xml/>").query)
    query["msg_signature"] = sign(TOKEN, query["timestamp"], query["nonce"], sealed)
    with pytest.raises(RefusedInput):
        channel.parse(query, write_xml(Encrypt=sealed))


def test_padding_that_wechatpy_believes_is_refused():
    wrong = _sealed(_padded(FRAME)[:-3] + b"\x01\x02" + _padded(FRAME)[-1:])
    signature = sign(TOKEN, "1", "2", wrong)
    assert WeChatCrypto(TOKEN, KEY, APP_ID).decrypt_message({"Encrypt": wrong}, signature, "1", "2") == "<xml>"
    with pytest.raises(RefusedInput, match="padding"):
        Sealer(KEY, APP_ID).open(wrong)


@pytest.mark.parametrize("signature", ["é" * 40, "\ud800", "", "0" * 40, " "])
def test_a_signature_of_any_characters_is_compared_safely(channel, phone, signature):
    delivery = phone.text(PERSON, "你好")
    with pytest.raises(RefusedInput):
        channel.parse({**delivery.query, "msg_signature": signature}, delivery.body)


def test_a_timestamp_of_any_age_is_not_accepted(channel, phone, clock):
    delivery = phone.text(PERSON, "你好")
    clock.move(minutes=6)
    with pytest.raises(RefusedInput, match="window"):
        channel.parse(delivery.query, delivery.body)


def test_entities_are_refused_also_inside_the_cipher_text(channel, phone):
    delivery = phone.deliver(b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>')
    with pytest.raises(RefusedInput, match="document type"):
        channel.parse(delivery.query, delivery.body)


def test_a_reply_cannot_inject_elements(channel, phone):
    text = "]]></Content><MsgType><![CDATA[image]]></MsgType><Content><![CDATA["
    assert b"<MsgType><![CDATA[image]]>" in TextReply(content=text).render().encode()
    delivery = phone.text(PERSON, "你好")
    wrapped = channel.wrap(channel.parse(delivery.query, delivery.body), text)
    inner, _ = read(Sealer(KEY, APP_ID).open(read(wrapped.body)[0]["Encrypt"]))
    assert (inner["MsgType"], inner["Content"]) == ("text", text)


@pytest.mark.parametrize("event", ["sys_approval_change", "kf_msg_or_event", "change_external_contact", "未知"])
def test_an_event_that_wechatpy_does_not_know_is_just_an_event(channel, phone, event):
    delivery = phone.event(PERSON, event)
    assert channel.parse(delivery.query, delivery.body).inbound.event == event
