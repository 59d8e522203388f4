"""Whatever comes in: a refusal or a turn, never another exception, never a 5xx, and nothing stored that was refused."""

import logging
from types import SimpleNamespace

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.channel import Envelope
from bot.channels.crypto import Sealer
from bot.errors import RefusedInput
from bot.keys import KeyRing
from bot.logs import configure_logs
from bot.messages import Outcome
from bot.store import schema
from bot.store.store import open_store
from bot.turns import Turns
from bot.webhook import webhooks
from tests.bot.channels.bad_input import MESSAGES, encrypted, mutated, queries
from tests.bot.channels.conftest import APP_ID, KEY, TOKEN, make_channel, make_phone
from tests.bot.channels.corporation import CORP, make_wecom_channel, make_wecom_phone
from tests.clocks import FixedClock

CLOCK = FixedClock()
SEALER = Sealer(KEY, APP_ID)
GOOD = make_phone(CLOCK).text("oPerson", "等待期多久？")
GOOD_INSIDE = SEALER.open(GOOD.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode())
NOW = GOOD.query["timestamp"]


def sealed(message):
    return encrypted(message, sealer=SEALER, token=TOKEN, timestamp=NOW)


# A wrong query, or a body that nobody signed: must be refused. A well-signed body of any content: may be a message.
WRONG = st.one_of(
    st.tuples(queries(dict(GOOD.query)), st.just(GOOD.body)),
    st.tuples(queries(dict(GOOD.query)), MESSAGES),
    st.tuples(st.just(dict(GOOD.query)), MESSAGES),
    st.tuples(st.dictionaries(st.text(max_size=9), st.text(max_size=30), max_size=5), MESSAGES),
)
SIGNED = st.one_of(MESSAGES.map(sealed), mutated(GOOD_INSIDE).map(sealed))
MUTATED = st.tuples(st.just(dict(GOOD.query)), mutated(GOOD.body))

# The same to an application in WeCom.
CORPORATION = Sealer(KEY, CORP)
MEMBERS = make_wecom_phone(CLOCK).text("LiHua", "等待期多久？")
MEMBERS_INSIDE = CORPORATION.open(MEMBERS.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode())


def sealed_for_members(message):
    return encrypted(message, sealer=CORPORATION, token=TOKEN, timestamp=MEMBERS.query["timestamp"])


WRONG_FOR_MEMBERS = st.one_of(
    st.tuples(queries(dict(MEMBERS.query)), st.just(MEMBERS.body)),
    st.tuples(st.just(dict(MEMBERS.query)), MESSAGES),
    st.tuples(st.just(dict(GOOD.query)), st.just(GOOD.body)),  # sealed for an Official Account
)
SIGNED_FOR_MEMBERS = st.one_of(MESSAGES.map(sealed_for_members), mutated(MEMBERS_INSIDE).map(sealed_for_members))

few = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
many = settings(few, max_examples=25_000, derandomize=False, phases=[Phase.explicit, Phase.generate])


class Recording:
    """Turns that only remember what they were given."""

    def __init__(self):
        self.taken = []

    def take(self, inbound):
        self.taken.append(inbound)
        return SimpleNamespace(text="收到")


class Webhook:
    """The real webhook pages over the real channel."""

    def __init__(self, turns=None):
        self.turns = turns or Recording()
        app = Flask("webhook")
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.logger.setLevel(logging.CRITICAL)
        watcher = SimpleNamespace(input_refused=lambda account: None, store_unavailable=lambda: None)
        channels = {"demo": make_channel(CLOCK), "staff": make_wecom_channel(CLOCK)}
        app.register_blueprint(webhooks(channels=channels, turns=self.turns, watcher=watcher))
        self._client = app.test_client()

    def status(self, query, body, account="demo"):
        return self._client.post(f"/webhooks/{account}", query_string=query, data=body).status_code

    def post(self, query, body, account="demo"):
        """Return the status and how many messages were taken."""
        self.turns.taken.clear()
        return self.status(query, body, account), len(self.turns.taken)


@pytest.fixture(scope="module")
def webhook():
    configure_logs("CRITICAL")
    yield Webhook()
    configure_logs("WARNING")  # as for all other tests


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The webhook over real turns, and what is in their database."""
    keys = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('stored') / 'assistant.db'}", keys)
    turns = Turns(store=store, handler=lambda turn: Outcome(), max_bytes=lambda account: 2048)

    def rows():
        with store.reading() as connection:
            tables = (schema.inbound, schema.contacts, schema.conversations, schema.outbox)
            return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]

    yield SimpleNamespace(webhook=Webhook(turns), rows=rows)
    turns.stop()
    store.close()


def check_channel(query, body):
    channel = make_channel(CLOCK)
    try:
        envelope = channel.parse(query, body)
    except RefusedInput:
        return
    assert isinstance(envelope, Envelope)
    assert channel.wrap(envelope, "收到").body


def check_webhook(webhook, query, body):
    assert webhook.post(query, body) in ((403, 0), (200, 1))


@few
@given(case=st.one_of(WRONG, MUTATED, SIGNED))
def test_the_channel_refuses_or_reads_anything(case):
    check_channel(*case)


@few
@given(case=WRONG)
def test_the_webhook_refuses_what_is_wrong_and_stores_nothing(stored, case):
    assert stored.webhook.status(*case) == 403
    assert stored.rows() == [0, 0, 0, 0]


@few
@given(case=st.one_of(MUTATED, SIGNED))
def test_the_webhook_never_fails(webhook, case):
    check_webhook(webhook, *case)


@few
@given(case=WRONG_FOR_MEMBERS)
def test_the_webhook_of_an_application_refuses_what_is_wrong(webhook, case):
    assert webhook.post(*case, "staff") == (403, 0)


@few
@given(case=SIGNED_FOR_MEMBERS)
def test_the_webhook_of_an_application_never_fails(webhook, case):
    # A notice of WeCom itself is acknowledged without a turn.
    assert webhook.post(*case, "staff") in ((403, 0), (200, 1), (200, 0))


@few
@given(case=st.one_of(WRONG, SIGNED))
def test_a_plaintext_account_refuses_or_reads_anything(case):
    channel = make_channel(CLOCK, key="")
    query = {name: value for name, value in GOOD.query.items() if name != "msg_signature"}
    for given_query in (case[0], query):
        try:
            assert isinstance(channel.parse(given_query, case[1]), Envelope)
        except RefusedInput:
            continue


def test_the_good_message_itself_is_taken(webhook):
    assert webhook.post(dict(GOOD.query), GOOD.body) == (200, 1)
    assert webhook.turns.taken[0].text == "等待期多久？"


def test_the_good_message_of_a_member_is_taken(webhook):
    assert webhook.post(dict(MEMBERS.query), MEMBERS.body, "staff") == (200, 1)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(webhook, method):
    assert getattr(webhook._client, method)("/webhooks/demo").status_code == 405


@pytest.mark.proof
@many
@given(case=WRONG)
def test_25_000_wrong_inputs_are_all_refused_and_none_is_stored(stored, case):
    assert stored.webhook.status(*case) == 403
    assert stored.rows() == [0, 0, 0, 0]


@pytest.mark.proof
@many
@given(case=st.one_of(MUTATED, SIGNED))
def test_25_000_well_signed_inputs_never_fail(webhook, case):
    check_channel(*case)
    check_webhook(webhook, *case)


@pytest.mark.proof
@many
@given(case=SIGNED_FOR_MEMBERS)
def test_25_000_well_signed_inputs_never_fail_an_application(webhook, case):
    assert webhook.post(*case, "staff") in ((403, 0), (200, 1), (200, 0))
