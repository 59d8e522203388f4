"""The load's client, against real servers on this machine."""

import threading

import pytest
from flask import Flask, Response, request

from tests.bench.client import LoadFailed, closed_loop, open_loop
from tests.served import served


@pytest.fixture
def port():
    """An app that gives back what it gets; "slow" takes a tenth of a second. Its server hangs up after each answer."""
    app = Flask("back")

    @app.post("/")
    def back():
        body = request.get_data()
        if body == b"slow":
            threading.Event().wait(0.1)
        return Response(body, status=500 if body == b"fail" else 200)

    with served(app) as address:
        yield int(address.rpartition(":")[2])


def post(body):
    return b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def test_every_request_gets_its_own_answer(port):
    bodies = [b"message %d" % number for number in range(40)]
    load = closed_loop(port, [post(body) for body in bodies], people=4)
    assert load.replies == bodies
    assert all(latency > 0 for latency in load.latencies)
    assert load.per_second == pytest.approx(40 / load.seconds)


def test_in_a_closed_loop_each_person_waits_for_the_answer(port):
    load = closed_loop(port, [post(b"slow")] * 4, people=1)
    assert load.seconds > 0.4


def test_in_an_open_loop_slow_answers_hold_nobody_back(port):
    load = open_loop(port, [post(b"slow")] * 8, due=[0.01 * number for number in range(1, 9)])
    assert min(load.latencies) > 0.1
    assert sum(load.latencies) > 1.5 * load.seconds


def test_an_answer_that_is_no_200_ends_the_load(port):
    with pytest.raises(LoadFailed):
        closed_loop(port, [post(b"fine"), post(b"fail")], people=1)
