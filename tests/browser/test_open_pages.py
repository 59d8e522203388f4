"""Open pages of the console on a small server of their own: what comes without a reload, many tabs, no answer."""

import re
import threading
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from care.service_hours import ServiceHours
from care.workdays import WorkCalendar
from handlers.customers import Customers
from handlers.hand_over_packet import Packets
from handlers.handling import Handling
from handlers.house import consent_versions
from tests.console.desk import PASSWORD, add_staff, app_of, office_of
from tests.console.talks import says
from tests.console.test_inbox import NoForms

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
SEEN = """is_seen => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => !is_seen });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def manager(store, library, clock, tmp_path, open_page):
    add_staff(store, clock)
    office = office_of(store, library, clock, tmp_path, live_seats=20)
    calendar = WorkCalendar.load()
    customers = Customers(store=store, library=library, calendar=calendar, versions=consent_versions())
    packets = Packets(customers=customers, forms=NoForms(), hours=ServiceHours(calendar=calendar))
    app = app_of(replace(office, handling=Handling(store=store, forms=NoForms()), packets=packets))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = open_page(f"http://127.0.0.1:{server.port}/console/")
    page.get_by_label("用户名").fill("guan")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#rows")).to_be_attached()
    page.base = f"http://127.0.0.1:{server.port}/console"
    yield page
    page.context.close()
    server.shutdown()


def test_taken_over_from_an_open_page_the_packet_comes_without_a_reload(manager, store, clock) -> None:
    number = says(store, clock, "等待期多久", answer="30天")
    manager.goto(f"{manager.base}/conversations/{number}")
    expect(manager.locator("#packet")).to_have_count(0)
    manager.locator("#person > summary").click()
    asked = []
    manager.on("request", lambda one: asked.append((one.method, "x-live" in one.headers)))
    manager.get_by_role("button", name="接管").click()
    expect(manager.locator("#packet")).to_contain_text("交接要点")
    expect(manager.locator("#person")).not_to_have_attribute("open", "")
    manager.locator("#text").press_sequentially("您好")
    manager.get_by_role("button", name="发送").click()
    expect(manager.locator(".said.human").last).to_contain_text("您好")
    assert {is_live for method, is_live in asked if method == "POST"} == {False}, "acts keep somebody logged in"


def test_acts_on_an_older_page_are_seen(manager, store, clock) -> None:
    number = says(store, clock, "转人工", hand_over="handoff")
    manager.goto(f"{manager.base}/conversations/{number}?before=99999.99999.{'9' * 16}")
    manager.get_by_role("button", name="接管").click()
    expect(manager.locator("#head")).to_contain_text("我在处理")
    expect(manager.locator("#exchange")).to_contain_text("回到最新")
    manager.locator("#text").fill("翻到前面看过了")
    manager.get_by_role("button", name="发送").click()
    expect(manager.locator(".said.human").last).to_contain_text("翻到前面看过了")
    expect(manager.locator("#exchange")).not_to_contain_text("回到最新")


def test_many_open_tabs_leave_the_browser_its_connections(manager, store, clock) -> None:
    tabs = [manager]
    for _ in range(7):  # a browser opens six connections to a host
        tabs[-1].evaluate(SEEN, False)
        tabs.append(manager.context.new_page())
        tabs[-1].goto(f"{manager.base}/")
        expect(tabs[-1].locator("#rows")).to_be_attached()
    says(store, clock, "转人工，很急", hand_over="handoff")
    expect(tabs[-1].locator("#rows li", has_text="很急")).to_be_visible()
    expect(manager.locator("#rows li")).to_have_count(0)
    manager.evaluate(SEEN, True)
    expect(manager.locator("#rows li", has_text="很急")).to_be_visible()


def test_what_gets_no_answer_is_said_and_not_lost(manager, store, clock) -> None:
    number = says(store, clock, "转人工", hand_over="handoff")
    soon = "{ const real = setTimeout; window.setTimeout = (work, ms) => real(work, ms === 15000 ? 2000 : ms); }"
    manager.add_init_script(soon)
    manager.goto(f"{manager.base}/conversations/{number}")
    manager.get_by_role("button", name="接管").click()
    manager.locator("#text").fill("在的")
    manager.route("**/reply", lambda _route: None)  # nobody answers
    manager.get_by_role("button", name="发送").click()
    expect(manager.locator("#toast")).to_contain_text("没有回音")
    expect(manager.locator("#text")).to_have_value("在的")
    manager.unroute("**/reply")
    manager.get_by_role("button", name="发送").click()
    expect(manager.locator(".said.human", has_text="在的")).to_have_count(1)


def test_how_long_somebody_waits_goes_on(manager, store, clock) -> None:
    says(store, clock, "转人工", hand_over="handoff")
    since = manager.locator("#rows time")
    since.evaluate("at => { at.dateTime = new Date(Date.parse(at.dateTime) - 125 * 60000).toISOString(); }")
    expect(since).to_have_text(re.compile("2 小时 [56] 分"), timeout=20_000)


def test_a_page_renewed_between_a_press_and_its_release_does_not_lose_the_click(manager, store, clock) -> None:
    number = says(store, clock, "等待期多久", answer="30天")
    with manager.expect_response(re.compile("/piece")):
        manager.goto(f"{manager.base}/conversations/{number}")
    place = manager.get_by_role("button", name="接管").bounding_box()
    manager.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    manager.mouse.down()
    with manager.expect_response(re.compile("/rows")):
        says(store, clock, "保单怎么查", answer="看服务卡")
    manager.wait_for_timeout(300)  # longer than a page takes to show what it was answered
    manager.mouse.up()
    expect(manager.locator("#text")).to_be_visible()
    expect(manager.locator("#exchange")).to_contain_text("保单怎么查")
