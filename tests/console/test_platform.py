"""The platform's twin keeps the platform's rules, so that what passes here is worth something."""

import pytest
from flask import Flask

from bot.keys import KeyRing
from console.platform.ledger import Ledger
from console.platform.routes import platform
from console.platform.twin import PlatformFault, Twin

APP, SECRET, PERSON = "wx0000000000000001", "the-secret", "oPerson"


@pytest.fixture
def twin(tmp_path, clock):
    ledger = Ledger(tmp_path / "twin.db", KeyRing(masters=[b"m" * 32], index_key=b"i" * 32))
    return Twin(ledger=ledger, secrets_by_app={APP: SECRET}, clock=clock)


@pytest.fixture
def client(twin):
    app = Flask("twin")
    app.register_blueprint(platform(twin))
    return app.test_client()


def stable(client, **more):
    order = {"grant_type": "client_credential", "appid": APP, "secret": SECRET, **more}
    return client.post("/cgi-bin/stable_token", json=order).json


def send(client, token, text="您好"):
    order = {"touser": PERSON, "msgtype": "text", "text": {"content": text}}
    return client.post("/cgi-bin/message/custom/send", query_string={"access_token": token}, json=order).json["errcode"]


def code_of(call):
    with pytest.raises(PlatformFault) as caught:
        call()
    return caught.value.code


def test_a_stable_token_stays_the_same_until_its_last_five_minutes(client, clock):
    first = stable(client)
    clock.move(seconds=7200 - 301)
    assert stable(client) == {"access_token": first["access_token"], "expires_in": 301}
    clock.move(seconds=2)
    second = stable(client)
    assert second["access_token"] != first["access_token"]
    assert second["expires_in"] == 7200


def test_a_renewed_token_and_its_predecessor_both_work_for_a_while(client, twin, clock):
    twin.hear(APP, PERSON)
    first = stable(client)["access_token"]
    clock.move(seconds=7200 - 200)
    second = stable(client)["access_token"]
    assert [send(client, first), send(client, second)] == [0, 0]
    clock.move(seconds=200)
    assert [send(client, first), send(client, second)] == [42001, 0]


def test_a_forced_token_ends_the_earlier_one_and_twenty_a_day_are_allowed(client, twin, clock):
    first = stable(client)["access_token"]
    forced = [stable(client, force_refresh=True) for _ in range(21)]
    assert len({answer.get("access_token") for answer in forced}) == 21
    assert forced[20]["errcode"] == 45009
    assert code_of(lambda: twin.app_of(first)) == 40001
    clock.move(days=1, seconds=1)
    assert "access_token" in stable(client, force_refresh=True)


def test_a_classic_token_ends_the_one_before(client, twin):
    query = {"grant_type": "client_credential", "appid": APP, "secret": SECRET}
    first, second = (client.get("/cgi-bin/token", query_string=query).json["access_token"] for _ in range(2))
    assert code_of(lambda: twin.app_of(first)) == 40001
    assert twin.app_of(second) == APP


@pytest.mark.parametrize(
    ("more", "code"), [({"appid": "wx9"}, 40013), ({"secret": "wrong"}, 40125), ({"secret": "密"}, 40125)]
)
def test_a_token_needs_the_right_account_and_secret(client, more, code):
    assert stable(client, **more)["errcode"] == code


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"touser": 5}', b'{"touser": "a", "msgtype": ["text"]}'])
def test_a_message_in_a_wrong_format_is_answered_with_a_code(client, body):
    query = {"access_token": stable(client)["access_token"]}
    answer = client.post("/cgi-bin/message/custom/send", query_string=query, data=body)
    assert (answer.status_code, answer.json["errcode"]) == (200, 47001)


def test_windows_and_quotas(twin, client, clock):
    token = stable(client)["access_token"]
    assert send(client, token) == 40003
    twin.meet(APP, PERSON)
    assert send(client, token) == 45015
    twin.hear(APP, PERSON, "CLICK")
    assert [send(client, token) for _ in range(4)] == [0, 0, 0, 45047]
    twin.hear(APP, PERSON)
    assert [send(client, token) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    clock.move(hours=49)
    token = stable(client)["access_token"]
    assert send(client, token) == 45015
    twin.hear(APP, PERSON, "VIEW")
    assert send(client, token) == 45015


def test_a_text_beyond_2048_bytes_is_refused(twin, client):
    twin.hear(APP, PERSON)
    token = stable(client)["access_token"]
    assert [send(client, token, "天" * 682), send(client, token, "天" * 683)] == [0, 45002]


def test_demanded_errors_come_in_order_and_for_their_interface_only(twin, client):
    twin.hear(APP, PERSON)
    twin.fail_next(APP, 45033)
    twin.fail_next(APP, -1, times=2)
    token = stable(client)["access_token"]
    assert [send(client, token) for _ in range(4)] == [45033, -1, -1, 0]


def test_two_processes_share_one_world(tmp_path, clock):
    keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)

    def process():
        return Twin(ledger=Ledger(tmp_path / "twin.db", keys), secrets_by_app={APP: SECRET}, clock=clock)

    token, _ = process().token(APP, SECRET, stable=True)
    process().hear(APP, PERSON)
    process().send(token, {"touser": PERSON, "msgtype": "text", "text": {"content": "您好"}})
    assert [bubble.text for bubble in process().ledger.bubbles(APP, PERSON)] == ["您好"]


def notice(client, token, *, path="template/send", value="宝宝接种", **more):
    order = {"touser": PERSON, "template_id": "T", "data": {"thing1": {"value": value}}, **more}
    return client.post(f"/cgi-bin/message/{path}", query_string={"access_token": token}, json=order).json


def test_a_template_message_is_a_card_and_its_report_follows(twin, client):
    twin.hear(APP, PERSON)
    token = stable(client)["access_token"]
    number = notice(client, token, client_msg_id="k")["msgid"]
    assert notice(client, token, client_msg_id="k")["msgid"] == number
    assert [bubble.kind for bubble in twin.ledger.bubbles(APP, PERSON)] == ["card"]
    [(app_id, report)] = twin.untold()
    assert (app_id, report.fields()) == (APP, {"MsgID": str(number), "Status": "success"})
    assert twin.untold() == []


def test_a_template_message_can_be_told_to_fail_later(twin, client):
    twin.hear(APP, PERSON)
    twin.fail_next(APP, 9001, interface="report")
    assert notice(client, stable(client)["access_token"])["errcode"] == 0
    assert twin.ledger.bubbles(APP, PERSON) == []
    [(_, report)] = twin.untold()
    assert report.status == "failed:user block"


@pytest.mark.parametrize("value", ["", "一" * 21, "两\n行"])
def test_a_field_that_the_platform_would_not_take_is_refused(twin, client, value):
    twin.hear(APP, PERSON)
    assert notice(client, stable(client)["access_token"], value=value)["errcode"] == 47003


def test_a_subscription_message_uses_up_one_consent(twin, client):
    token = stable(client)["access_token"]
    twin.agree(APP, PERSON, "T")
    path = "subscribe/bizsend"
    assert [notice(client, token, path=path)["errcode"] for _ in range(2)] == [0, 43101]


def test_who_does_not_follow_gets_no_notice(twin, client):
    twin.hear(APP, PERSON, "unsubscribe")
    assert notice(client, stable(client)["access_token"])["errcode"] == 43004


def batch(client, token, *people):
    order = {"user_list": [{"openid": person, "lang": "zh_CN"} for person in people]}
    return client.post("/cgi-bin/user/info/batchget", query_string={"access_token": token}, json=order).json


def test_a_follower_is_told_of_with_the_unionid_that_was_set(twin, client):
    token = stable(client)["access_token"]
    query = {"access_token": token, "openid": PERSON}
    assert client.get("/cgi-bin/user/info", query_string=query).json["errcode"] == 40003
    twin.meet(APP, PERSON)
    assert "unionid" not in client.get("/cgi-bin/user/info", query_string=query).json
    twin.bind(APP, PERSON, "oUnion")
    assert client.get("/cgi-bin/user/info", query_string=query).json["unionid"] == "oUnion"
    twin.hear(APP, PERSON, "unsubscribe")
    told = client.get("/cgi-bin/user/info", query_string=query).json
    assert (told["subscribe"], told["openid"], "unionid" in told) == (0, PERSON, False)


def test_a_batch_has_a_hundred_at_most_and_knows_everybody_or_nobody(twin, client):
    token = stable(client)["access_token"]
    people = [f"o-{number}" for number in range(101)]
    for person in people:
        twin.meet(APP, person)
    told = batch(client, token, *people[:100])["user_info_list"]
    assert [one["openid"] for one in told] == people[:100]
    assert batch(client, token, *people)["errcode"] == batch(client, token)["errcode"] == 40032
    assert batch(client, token, people[0], "o-stranger")["errcode"] == 40003
    assert batch(client, "no-token", people[0])["errcode"] == 40001
