"""The page and the calendar file of a child's vaccination plan, by signed link."""

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import Connection

from bot.keys import KeyRing
from bot.store.store import Store
from care import bindings, child_records, children, policy_saving
from care.child import Child, Dose, Growth, Profile
from care.plan_links import VALID_FOR, plan_link
from console.vaccine_plan import RULE, plan_pages
from tests.care import people
from tests.care.policies_told import child as insured_child
from tests.care.policies_told import told
from tests.clocks import FixedClock

BIRTH = date(2026, 3, 10)
URL = "https://plans.example"
Make = Callable[..., Child]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
def database_url(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'assistant.db'}"


@pytest.fixture
def client(store: Store, clock: FixedClock) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(plan_pages(store=store, clock=clock))
    return app.test_client()


@pytest.fixture
def born(store: Store, clock: FixedClock) -> Make:
    def make(*doses: Dose, name: str = "测试小苗", **profile: object) -> Child:
        def work(connection: Connection) -> Child:
            parent = people.contact(connection, store.keys, "o-1", clock())
            described = Profile(name=name, birth=BIRTH, sex="F", **profile)
            child = children.add_child(connection, store.keys, described, contact_id=parent, now=clock())
            child_records.add_doses(connection, store.keys, child, doses, by="contact:1", now=clock())
            return child

        return store.write(work)

    return make


def path_of(keys: KeyRing, child: Child, clock: FixedClock, contact: int = 1) -> str:
    return plan_link(keys, URL, child_id=child.id, contact_id=contact, now=clock()).removeprefix(URL)


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.text


def test_the_page_tells_what_was_given_what_may_be_given_now_and_what_comes(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock
) -> None:
    child = born(
        Dose(on=BIRTH, vaccine="HepB"), Dose(on=BIRTH, vaccine="BCG"), Dose(on=date(2026, 5, 12), vaccine="IPV")
    )
    text = page(client, path_of(keys, child, clock))
    given, now, ahead = (text.index(f"<h2>{title}") for title in ("打过的", "现在可以打", "接下来"))
    assert now < ahead < given
    assert "乙肝疫苗第2剂" in text[now:ahead]
    assert "麻腮风疫苗第1剂" in text[ahead:given]
    assert "2026年11月10日起<span>8个月</span>" in text
    assert "脊灰灭活疫苗第1针" in text[given:]
    assert "家长登记" in text[given:]
    assert "已经打齐：卡介苗" in text
    assert RULE in text


def test_a_rule_that_is_not_certain_is_marked(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock
) -> None:
    text = page(client, path_of(keys, born(selected=("PCV13",)), clock))
    line = text[text.index("13价肺炎结合疫苗") :]
    assert "待门诊确认" in line[: line.index("</li>")]


def test_what_was_never_told_is_named_and_not_called_late(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock
) -> None:
    text = page(client, path_of(keys, born(record_since=date(2026, 9, 30)), clock))
    assert "还没告诉我们的" in text
    assert "晚了一些" not in text
    assert "还没有登记" in text
    assert "已经打齐" not in text


@pytest.mark.parametrize(("region", "is_paid"), [("上海市", False), ("浙江省", True), ("", True)])
def test_a_vaccine_that_is_free_in_the_province_is_not_called_self_paid(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock, region: str, is_paid: bool
) -> None:
    text = page(client, path_of(keys, born(region=region, selected=("VAR",)), clock))
    line = text[text.index("水痘疫苗第1剂") :]
    assert ("自费" in line[: line.index("</li>")]) is is_paid


@pytest.mark.parametrize("name", [EVIL, "{{ 7*7 }}", "测试\u202e苗", "长" * 300])
def test_a_name_or_remark_is_text_whatever_it_holds(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock, name: str
) -> None:
    child = born(Dose(on=BIRTH, vaccine="HepB", product=EVIL), name=name, region=EVIL, conditions=EVIL)
    text = page(client, path_of(keys, child, clock))
    assert name in unescape(text)
    assert "<script" not in text
    assert "<img" not in text
    assert "default-src 'none'" in client.get(path_of(keys, child, clock)).headers["Content-Security-Policy"]
    calendar = client.get(f"{path_of(keys, child, clock)}/plan.ics").data
    assert all(name in str(event["summary"]) for event in Calendar.from_ical(calendar).walk("VEVENT"))


def test_the_calendar_holds_each_visit_once_and_says_who_decides(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock
) -> None:
    child = born(record_since=date(2026, 9, 30))
    answer = client.get(f"{path_of(keys, child, clock)}/plan.ics")
    assert answer.mimetype == "text/calendar"
    events = list(Calendar.from_ical(answer.data).walk("VEVENT"))
    days = [event["dtstart"].dt for event in events]
    assert days == sorted(set(days))
    assert days[0] == date(2026, 11, 10)
    assert all(RULE in str(event["description"]) for event in events)
    assert len({str(event["uid"]) for event in events}) == len(events)
    clock.move(days=1)
    again = Calendar.from_ical(client.get(f"{path_of(keys, child, clock)}/plan.ics").data)
    assert {str(one["uid"]) for one in again.walk("VEVENT")} == {str(event["uid"]) for event in events}


def test_growth_is_shown_without_a_judgement(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock, store: Store
) -> None:
    child, on = born(), BIRTH + timedelta(days=100)
    grown = Growth(on=on, height_cm=62.5)
    store.write(lambda c: child_records.add_growth(c, keys, child, grown, by="contact:1", now=clock()))
    assert "<td>62.5</td><td></td>" in page(client, path_of(keys, child, clock))


def test_a_link_ends_after_a_week_and_tells_no_more_than_a_wrong_one(
    client: FlaskClient, born: Make, keys: KeyRing, clock: FixedClock
) -> None:
    path = path_of(keys, born(), clock)
    assert client.get(path).status_code == 200
    clock.now += VALID_FOR
    for dead in (path, f"{path}/plan.ics", "/plans/nothing", f"{path}x", "/plans/WzEsMSwxXQ"):
        answer = client.get(dead)
        assert (answer.status_code, "不能用了" in answer.text, "测试小苗" in answer.text) == (404, True, False)


def test_a_link_ends_with_the_binding_and_shows_nobody_elses_child(
    client: FlaskClient, store: Store, keys: KeyRing, clock: FixedClock
) -> None:
    def work(connection: Connection) -> tuple[Child, int]:
        parent, other = (people.contact(connection, keys, name, clock()) for name in ("o-1", "o-2"))
        policy = policy_saving.save(connection, keys, told(insured=(insured_child(birth=BIRTH),)), now=clock())
        bindings.bind(connection, contact_id=parent, policy_id=policy.id or 0, now=clock())
        [child] = children.add_insured_children(connection, keys, policy, now=clock())
        return child, other

    child, other = store.write(work)
    path = path_of(keys, child, clock)
    assert client.get(path).status_code == 200
    assert client.get(path_of(keys, child, clock, contact=other)).status_code == 404
    store.write(lambda c: bindings.end(c, contact_id=1, policy_id=child.policy_id or 0, now=clock()))
    assert client.get(path).status_code == 404
