"""The hand-over packet on the conversation's page: shown, harmless, and absent where the bot answers."""

import re
from dataclasses import replace

import pytest

from care.service_hours import ServiceHours
from care.workdays import WorkCalendar
from console.office import Office
from handlers.customers import Customers
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.house import consent_versions
from tests.console.desk import app_of, visitors
from tests.console.talks import says
from tests.console.test_inbox import NoForms

XSS = "<script>alert(1)</script>投诉你们"


@pytest.fixture
def desk(office: Office):
    calendar = WorkCalendar.load()
    customers = Customers(store=office.store, library=office.library, calendar=calendar, versions=consent_versions())
    packets = Packets(customers=customers, forms=NoForms(), hours=ServiceHours(calendar=calendar))
    handling = Handling(store=office.store, forms=NoForms())
    return visitors(app_of(replace(office, handling=handling, packets=packets)))


def test_the_packet_tells_why_mood_and_what_was_asked(desk, office, clock) -> None:
    number = says(office.store, clock, "等待期多久", answer="30天")
    says(office.store, clock, XSS, answer="好", hand_over="handoff")
    page = desk("guan").get(f"/console/conversations/{number}").get_data(as_text=True)
    assert "交接要点" in page
    assert "没有核对" in page
    assert "投诉" in page
    assert "二、2(3)①" in page
    assert "<script>alert(1)" not in page


def test_there_is_no_packet_while_the_bot_answers(desk, office, clock) -> None:
    number = says(office.store, clock, "等待期多久", answer="30天")
    page = desk("guan").get(f"/console/conversations/{number}").get_data(as_text=True)
    assert "交接要点" not in page


def test_what_an_open_page_fetches_after_taking_over_holds_the_packet_and_the_card(desk, office, clock) -> None:
    number = says(office.store, clock, XSS, answer="30天")
    guan = desk("guan")
    page = guan.get(f"/console/conversations/{number}").get_data(as_text=True)
    mark = re.search(r'data-mark="([^"]*)"', page)[1]
    same = guan.get(f"/console/conversations/{number}/piece", query_string={"mark": mark}).json
    assert "packet" not in same
    assert "person" not in same, "each card is a reading"
    guan.post(f"/console/conversations/{number}/take")
    taken = guan.get(f"/console/conversations/{number}/piece", query_string={"mark": mark}).json
    assert "交接要点" in taken["packet"]
    assert "客户资料" in taken["person"]
    assert "<script>alert(1)" not in taken["packet"]
    again = guan.get(f"/console/conversations/{number}/piece", query_string={"mark": taken["mark"]}).json
    assert "packet" not in again
