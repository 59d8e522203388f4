"""The webhook's edge: one answer for every kind of bad input, nothing acknowledged unstored, health and metrics."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.machine import Machine
from bot.messages import Outcome, Reply, Turn
from bot.store.store import Store
from tests.bot.workplace import Counting
from tests.clocks import FixedClock
from tests.fake_channel import FakeChannel

GOOD = "/webhooks/demo?seal=good"
Make = Callable[..., FlaskClient]


@pytest.fixture
def client_of(store: Store, clock: FixedClock) -> Iterator[Make]:
    machines: list[Machine] = []

    def make(handler: Callable[[Turn], Outcome] | None = None, **options: object) -> FlaskClient:
        channels = {"demo": FakeChannel("demo")}
        machine = Machine(store=store, channels=channels, handler=handler or Counting(), clock=clock, **options)  # type: ignore[arg-type] - options of the test
        machines.append(machine)
        app = Flask("webhook-test")
        app.extensions["machine"] = machine
        for pages in machine.blueprints():
            app.register_blueprint(pages)
        return app.test_client()

    yield make
    for machine in machines:
        machine.stop()


@pytest.fixture
def client(client_of: Make) -> FlaskClient:
    return client_of()


def metric(client: FlaskClient, name: str) -> float:
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_the_address_check_gets_its_own_word(client: FlaskClient) -> None:
    answer = client.get(GOOD + "&echostr=hello")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "hello")


def test_a_message_is_answered(client: FlaskClient) -> None:
    answer = client.post(GOOD, json={"contact": "o-lin", "key": "1", "text": "问"})
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "1 问")


def test_a_message_without_reply_is_received(client_of: Make) -> None:
    client = client_of(lambda turn: Outcome())
    assert client.post(GOOD, json={"contact": "o-lin", "key": "1"}).data == b"success"


BAD = {
    "wrong signature": ("/webhooks/demo?seal=bad", b'{"contact": "o", "key": "1"}'),
    "no signature": ("/webhooks/demo", b'{"contact": "o", "key": "1"}'),
    "unknown account": ("/webhooks/nobody?seal=good", b'{"contact": "o", "key": "1"}'),
    "no message": (GOOD, b"<xml>"),
    "empty": (GOOD, b""),
    "no key": (GOOD, b'{"contact": "o", "key": ""}'),
    "no sender": (GOOD, b'{"contact": "", "key": "1"}'),
    "an endless key": (GOOD, b'{"contact": "o", "key": "' + b"1" * 129 + b'"}'),
    "a key with NUL": (GOOD, b'{"contact": "o", "key": "1\\u00002"}'),
    "too large": (GOOD, b'{"contact": "o", "key": "1", "text": "' + b"x" * 65536 + b'"}'),
}


@pytest.mark.parametrize("kind", BAD)
def test_every_kind_of_bad_input_gets_the_same_answer_and_leaves_nothing(
    client: FlaskClient, kind: str, store: Store
) -> None:
    address, body = BAD[kind]
    answer = client.post(address, data=body)
    assert (answer.status_code, answer.data) == (403, b"refused\n")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contacts").scalar() == 0
    assert metric(client, "assistant_refused_inputs_total") == 1


def test_a_refused_account_name_cannot_grow_the_metrics(client: FlaskClient) -> None:
    for name in "abc":
        client.post(f"/webhooks/{name}")
    assert metric(client, 'assistant_refused_inputs_total{account="unknown"}') == 3


def test_a_body_of_unannounced_length_is_cut_off(client: FlaskClient) -> None:
    class Endless:
        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0, "a bounded read"
            self.read_bytes += size
            return b"x" * size

    body = Endless()
    environ = {"wsgi.input": body, "wsgi.input_terminated": True}
    answer = client.post(GOOD, environ_overrides=environ, headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 403
    assert body.read_bytes <= 80 * 1024


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(str).map(str.encode))
def test_no_body_makes_a_server_error(client: FlaskClient, body: bytes) -> None:
    assert client.post(GOOD, data=body).status_code == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_stored_is_not_acknowledged(client: FlaskClient, store: Store) -> None:
    store.writer.stop()
    answer = client.post(GOOD, json={"contact": "o-lin", "key": "1"})
    assert answer.status_code == 503
    assert client.get("/readyz").status_code == 503


def test_healthz_and_readyz(client_of: Make) -> None:
    loaded: list[int] = []
    client = client_of(is_knowledge_loaded=lambda: bool(loaded))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").get_data(as_text=True) == "not ready: knowledge, worker\n"
    loaded.append(1)
    client.application.extensions["machine"].start()
    assert client.get("/readyz").get_data(as_text=True) == "ok\n"


def test_metrics_count_turns_and_the_outbox(client_of: Make) -> None:
    two = Outcome(replies=(Reply(text="一"), Reply(text="二")))
    client = client_of(lambda turn: two)
    client.post(GOOD, json={"contact": "o-lin", "key": "1"})
    assert metric(client, "assistant_turn_seconds_count") == 1
    assert metric(client, 'assistant_turns_total{decision="none"}') == 1
    assert metric(client, "assistant_outbox_depth") == 1
    assert metric(client, "assistant_dead_letters") == 0
