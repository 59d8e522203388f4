"""Every shape of callback, page and line of the customer service is taken or left, and holds nothing up behind it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from flask import Flask
from structlog.testing import capture_logs

from bot.errors import RetryLater
from bot.kf.sessions import State
from bot.store import encoding
from bot.store.people import cipher_of
from bot.webhook import webhooks
from console.platform import kf
from tests.bot.channels.shapes import message_of
from tests.bot.kf.place import CORP, CUSTOMER, POINT, SERVICER

RECIPES = yaml.safe_load(Path(__file__).with_name("shapes.yaml").read_text(encoding="utf-8"))
LENGTH = 20_000
NOBODY = {"external_userid": None}
NOT_UNDERSTOOD = "items not understood"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def shapes(part):
    return [pytest.param(recipe, id=recipe["shape"]) for recipe in RECIPES[part]]


def grown(value, name=""):
    """Spell out what a recipe only hints at."""
    if isinstance(value, dict):
        return {key: grown(inner, key) for key, inner in value.items()}
    hints = {"LONG": ("长" if name == "content" else "x") * LENGTH, "POINT": POINT}
    if value == "MANY":
        return {f"field{number}": number for number in range(1000)}
    return hints.get(value, value) if isinstance(value, str) else value


@pytest.fixture
def known(place):
    """A place whose customer has just written."""
    place.says("在吗")
    return place


@pytest.fixture
def webhook(known):
    app = Flask("customer-service")
    watcher = SimpleNamespace(input_refused=lambda account: None, store_unavailable=lambda: None)
    app.register_blueprint(webhooks(channels={"kf": known.channel}, turns=known.turns, watcher=watcher))
    return app.test_client()


def put(place, webhook, line):
    """Let the platform list a line, and announce it."""
    given = {
        "msgid": "line-1", "open_kfid": POINT, "external_userid": CUSTOMER, "send_time": int(place.clock().timestamp()),
        "origin": 3, **grown(line),
    }  # fmt: skip
    written = encoding._dump({name: value for name, value in given.items() if value is not None or name == "msgtype"})
    with place.twin.ledger.writing() as connection:
        place.twin.ledger.add_line(connection, POINT, written.encode(), place.twin.twin.now())
    delivery = place.phone.announce(POINT, "")
    answer = webhook.post("/webhooks/kf", query_string=dict(delivery.query), data=delivery.body)
    assert (answer.status_code, answer.data) == (200, b"success")


def stored(place):
    """Return the messages that are stored, as they were taken, and whether each has had its turn."""
    with place.store.reading() as connection:
        cipher = cipher_of(connection, place.store.keys, 1)
    turned = {message.key for message in place.turns_begun}
    for row in place.inbound_rows():
        opened = cipher.open(row.body, place=f"inbound|body|kf|{row.message_key}")
        yield encoding.inbound_from(opened), row.message_key in turned


def said_by_servicers(place):
    with place.store.reading() as connection:
        cipher = cipher_of(connection, place.store.keys, 1)
    for row in place.outbox_rows():
        if row.kind == "human":
            yield encoding.text_from(cipher.open(row.body, place=f"outbox|body|{row.idempotency_key}"))


def became(place, logged):
    """Return in the recipes' words what became of the line after the first message."""
    words = [f"servicer {said}" for said in said_by_servicers(place)]
    for message, has_turn in list(stored(place))[1:]:
        if message.kind == "event":
            words.append(f"{'event' if has_turn else 'noted'} {message.event}")
        else:
            words.append(f"{message.kind}{'' if has_turn else ' without turn'}")
    words += ["puzzling" for entry in logged if entry["event"] == NOT_UNDERSTOOD]
    return words


def assert_goes_on(place):
    """The next message is stored and has its turn: nothing holds the cursor."""
    place.says("还在吗")
    assert place.turns_begun[-1].text == "还在吗"
    assert not place.fetch()


def test_there_are_far_more_than_fifty_shapes():
    assert sum(len(part) for part in RECIPES.values()) > 150


@on_sqlite
@pytest.mark.parametrize("recipe", shapes("messages"))
def test_a_customers_message_is_taken(known, webhook, recipe):
    with capture_logs() as logged:
        put(known, webhook, recipe["line"])
        known.work()
    assert became(known, logged) == [recipe["becomes"]]
    assert_goes_on(known)


@on_sqlite
@pytest.mark.parametrize("recipe", shapes("servicers"))
def test_what_a_servicer_says_is_kept_and_the_bot_is_silent(known, webhook, recipe):
    with known.twin.ledger.writing() as connection:  # the event that tells so was missed
        kf._set_state(connection, POINT, CUSTOMER, State.SERVICER, SERVICER)
    with capture_logs() as logged:
        put(known, webhook, {"origin": 5, "servicer_userid": SERVICER, **recipe["line"]})
        known.work()
    assert became(known, logged) == [recipe["becomes"]]
    assert known.owner() == "human"
    assert_goes_on(known)
    assert known.shown() == ["1 在吗"]


@on_sqlite
@pytest.mark.parametrize("recipe", shapes("events"))
def test_an_event_is_taken(known, webhook, recipe):
    of = recipe.get("of", CUSTOMER)
    about = {"open_kfid": POINT, "external_userid": of} if of else {"open_kfid": POINT}
    event = {**about, **recipe["event"]} if isinstance(recipe["event"], dict) else recipe["event"]
    at = recipe.get("send_time", int(known.clock().timestamp()) - recipe.get("ago", 0))
    with capture_logs() as logged:
        put(known, webhook, {"external_userid": None, "send_time": at, "msgtype": "event", "origin": 4, "event": event})
        known.work()
    assert became(known, logged) == ([] if recipe["becomes"] == "heard" else [recipe["becomes"]])
    if "state" in recipe:
        assert known.session().state == recipe["state"]
    assert_goes_on(known)


@on_sqlite
@pytest.mark.parametrize("recipe", shapes("pages"))
def test_a_page_is_taken_or_asked_for_again(known, recipe):
    [real, answers] = known.calls.post, [recipe["answer"]]

    def post(interface, order):
        if interface != "kf/sync_msg" or not answers:
            return real(interface, order)
        onwards = {"MORE": f"0{order['cursor']}"}  # the twin takes it for the same place
        return {name: onwards.get(str(value), value) for name, value in answers.pop().items()}

    known.calls.post = post
    known.twin.say(POINT, CUSTOMER, "下一句")
    if recipe.get("waits"):
        with pytest.raises(RetryLater):
            known.fetch()
    known.work()
    assert [message.text for message in known.turns_begun] == ["在吗", "下一句"]


@on_sqlite
@pytest.mark.parametrize("recipe", shapes("callbacks"))
def test_a_callback_is_acknowledged_or_refused(known, webhook, recipe):
    now, fields = int(known.clock().timestamp()), grown(recipe["fields"])
    with known.twin.ledger.writing() as connection:
        connection.execute("INSERT INTO kf_calls VALUES (?, ?, ?)", (fields.get("Token", "t"), POINT, now + 600))
    head = {"ToUserName": CORP, "CreateTime": now, "MsgType": "event"}
    delivery = known.phone.deliver(message_of(fields, head))
    answers = [webhook.post("/webhooks/kf", query_string=dict(delivery.query), data=delivery.body) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {recipe["status"]}
    assert_goes_on(known)


@on_sqlite
def test_what_cannot_be_stored_is_left_out_and_holds_nothing_up(known, webhook):
    def fails():
        raise LookupError("a fault of ours")

    known.channel._listeners.duty_changed = fails
    known.twin.say(POINT, CUSTOMER, "之前")
    put(known, webhook, {"msgtype": "event", "event": {"event_type": "servicer_status_change", "status": 1}} | NOBODY)
    known.twin.say(POINT, CUSTOMER, "之后")
    with capture_logs() as logged:
        known.work()
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == [
        "page taken one by one", "item left out",
    ]  # fmt: skip
    assert [message.text for message in known.turns_begun] == ["在吗", "之前", "之后"]
    assert not known.fetch()
