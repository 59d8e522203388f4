"""Both platforms tell unionids by one contract, over real HTTP against their twins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, jsonify

from bot.channels.tokens import MemoryTokenStore
from bot.channels.wecom_kf import WecomKfChannel
from bot.errors import ConfigurationFault, RetryLater
from bot.store.store import Store
from bot.unionids import MOST_AT_ONCE, TellsUnionids, read
from console.platform.kf_routes import kf_pages
from console.platform.twin import Twin
from console.platform.wecom_routes import corporation_pages
from tests.bot.channels.conftest import APP_ID, make_api, make_channel
from tests.bot.channels.corporation import make_qyapi
from tests.bot.kf.place import APP, OTHER_POINT, POINT, SECRET, kf_account, kf_twin
from tests.served import served


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One of the two: its channel, its twin, and how people come and stay away."""

    channel: TellsUnionids
    twin: Twin
    app: str
    interface: str
    missing_right: int
    come: Callable[[str], Any]
    leave: Callable[[str], Any]


@pytest.fixture
def unread(tmp_path, keys):
    """A store for channels that need not look into it."""
    store = Store(f"sqlite:///{tmp_path / 'unread.db'}", keys)
    yield store
    store.close()


@pytest.fixture(params=["wechat", "wecom_kf"])
def platform(request: pytest.FixtureRequest, tmp_path, clock, unread) -> Iterator[Platform]:
    if request.param == "wechat":
        serving = request.getfixturevalue("serving")
        yield Platform(
            channel=make_channel(clock, sender=make_api(serving.address, clock)),
            twin=serving.twin,
            app=APP_ID,
            interface="user/info/batchget",
            missing_right=48001,
            come=lambda contact: serving.twin.hear(APP_ID, contact),
            leave=lambda contact: serving.twin.hear(APP_ID, contact, "unsubscribe"),
        )
        return
    kf = kf_twin(tmp_path, clock)
    app = Flask("wecom")
    app.register_blueprint(corporation_pages(kf.twin))
    app.register_blueprint(kf_pages(kf))
    with served(app) as address:
        calls = make_qyapi(address, clock, account="kf", secret=SECRET, store=MemoryTokenStore())
        account = kf_account(open_kfids=(POINT, OTHER_POINT))
        yield Platform(
            channel=WecomKfChannel(account, store=unread, calls=calls, clock=clock),
            twin=kf.twin,
            app=APP.id,
            interface="kf/customer/batchget",
            missing_right=48002,
            come=lambda contact: kf.enter(POINT, contact),
            leave=lambda _: clock.move(hours=49),
        )


def test_a_unionid_is_told_where_the_platform_has_one(platform):
    for contact in ("lin", "wang"):
        platform.come(contact)
    platform.twin.bind(platform.app, "lin", "o-union-lin")
    assert isinstance(platform.channel, TellsUnionids)
    assert platform.channel.unionids(["lin", "wang"]) == {"lin": "o-union-lin", "wang": ""}


def test_nothing_is_told_of_who_is_not_there_any_more(platform):
    for contact in ("lin", "wang"):
        platform.come(contact)
    platform.twin.bind(platform.app, "lin", "o-union-lin")
    platform.leave("lin")
    platform.come("wang")
    assert platform.channel.unionids(["lin", "wang"]) == {"wang": ""}


def test_who_was_never_there_spoils_nobody_elses_answer(platform):
    known = [f"person-{number}" for number in range(7)]
    for contact in known:
        platform.come(contact)
        platform.twin.bind(platform.app, contact, f"union-of-{contact}")
    told = platform.channel.unionids([*known[:3], "stranger", *known[3:], "other-stranger"])
    assert told == {contact: f"union-of-{contact}" for contact in known}
    assert platform.channel.unionids(["stranger"]) == {}


def test_a_hundred_are_asked_for_in_one_call(platform):
    people = [f"person-{number}" for number in range(MOST_AT_ONCE)]
    for contact in people:
        platform.come(contact)
    platform.twin.fail_next(platform.app, -1, interface=platform.interface, times=2)
    with pytest.raises(RetryLater):
        platform.channel.unionids(people)
    assert platform.twin.faults(platform.app) == [-1]
    with pytest.raises(RetryLater):
        platform.channel.unionids(people)
    assert set(platform.channel.unionids(people)) == set(people)


def test_a_missing_permission_is_a_fault_of_the_configuration(platform):
    platform.come("lin")
    platform.twin.fail_next(platform.app, platform.missing_right, interface=platform.interface)
    with pytest.raises(ConfigurationFault) as caught:
        platform.channel.unionids(["lin"])
    assert caught.value.code == platform.missing_right


def test_a_customer_of_several_service_points_is_asked_for_once(tmp_path, clock, unread):
    kf = kf_twin(tmp_path, clock)
    kf.enter(OTHER_POINT, "lin")
    kf.twin.bind(APP.id, "lin", "o-union-lin")
    asked = []

    class Calls:
        def post(self, interface, order):
            asked.append(order["external_userid_list"])
            return kf.customers(kf.twin.token_of("ww0000000000000001", SECRET)[0], order)

    account = kf_account(open_kfids=(POINT, OTHER_POINT))
    channel = WecomKfChannel(account, store=unread, calls=Calls(), clock=clock)
    assert channel.unionids(["lin", f"lin@{OTHER_POINT}"]) == {
        "lin": "o-union-lin",
        f"lin@{OTHER_POINT}": "o-union-lin",
    }
    assert asked == [["lin"]]


@pytest.mark.parametrize(
    "lines", [None, {}, "x", [None, 5, "x", [], {}, {"openid": None}, {"openid": 5, "unionid": "o"}]]
)
def test_lines_that_are_none_tell_nothing(lines):
    assert read(lines, name="openid") == {}


def test_a_unionid_that_is_no_text_is_none():
    assert read([{"openid": "lin", "unionid": 7}], name="openid") == {"lin": ""}


@pytest.mark.parametrize("answer", [{}, {"user_info_list": None}, {"user_info_list": {"a": 1}}, []])
def test_an_answer_that_cannot_be_read_is_tried_again(clock, answer):
    app = Flask("odd")
    token = {"access_token": "t", "expires_in": 7200}
    app.add_url_rule("/cgi-bin/stable_token", "token", lambda: jsonify(token), methods=["POST"])
    app.add_url_rule("/cgi-bin/user/info/batchget", "users", lambda: jsonify(answer), methods=["POST"])
    with served(app) as address, pytest.raises(RetryLater):
        make_api(address, clock).unionids(["lin"])
