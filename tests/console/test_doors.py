"""Coming into the console: passwords, locks, sessions, one-time codes."""

import pyotp
import pytest
from sqlalchemy import select

from care import audit, staff, staff_sessions
from care.staff_tables import staff_sessions as sessions_table
from console.gate import COOKIE
from tests.console.desk import HASHED, PASSWORD, Visitor, csrf_of
from tests.console.talks import says

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def actions(office) -> list[str]:
    with office.store.reading() as connection:
        return [entry.action for entry in audit.entries(connection, office.store.keys)]


def test_without_a_login_every_page_leads_to_the_login(app) -> None:
    answer = Visitor(app).get("/console/")
    assert answer.status_code == 302
    assert answer.location == "/console/login"
    assert Visitor(app).get("/console/audit?actor=a").location == "/console/login?next=/console/audit%3Factor%3Da"


def test_name_and_password_open_the_console(visit, office) -> None:
    page = visit("guan").get("/console/")
    assert page.status_code == 200
    assert "guan" in page.get_data(as_text=True)
    assert actions(office) == ["queue read", "login"]


@on_sqlite
@pytest.mark.parametrize("name", ["guan", "nobody", "", "guan' OR 1=1 --"])
def test_a_wrong_password_and_an_unknown_name_get_the_same_words(app, name) -> None:
    first, second = Visitor(app).login(name, "wrong"), Visitor(app).login("zhu", "wrong as well")
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert first.status_code == 401
    assert COOKIE not in first.headers.get("Set-Cookie", "")


def test_five_failures_lock_for_a_quarter_of_an_hour(app, office, clock) -> None:
    visitor = Visitor(app)
    for _ in range(5):
        assert visitor.login("guan", "wrong").status_code == 401
    assert visitor.login("guan").status_code == 401
    assert actions(office)[:2] == ["login refused", "login locked"]
    clock.move(minutes=16)
    assert visitor.login("guan").status_code == 302


def test_a_login_gets_a_new_session_and_ends_the_one_it_came_with(app, office) -> None:
    visitor = Visitor(app)
    visitor.client.set_cookie(COOKIE, "planted-by-somebody", path="/console")
    visitor.login("guan")
    first = visitor.client.get_cookie(COOKIE, path="/console").value
    assert first != "planted-by-somebody"
    visitor.login("guan")
    assert visitor.client.get_cookie(COOKIE, path="/console").value != first
    with office.store.reading() as connection:
        assert staff_sessions.find(connection, first, now=office.clock()) is None
        stored = connection.scalars(select(sessions_table.c.token_digest)).all()
    assert len(stored) == 1
    assert first not in stored


@on_sqlite
@pytest.mark.parametrize(("minutes", "times"), [(31, 1), (25, 30)])
def test_a_session_ends_when_left_alone_or_after_twelve_hours(visit, clock, minutes, times) -> None:
    visitor = visit("guan")
    statuses = []
    for _ in range(times):
        clock.move(minutes=minutes)
        statuses.append(visitor.get("/console/account").status_code)
    assert statuses[-1] == 302
    assert statuses.count(200) == (0 if times == 1 else 28)


@on_sqlite
def test_what_a_page_fetches_by_itself_keeps_nobody_logged_in(visit, clock) -> None:
    visitor = visit("guan")
    for _ in range(6):
        clock.move(minutes=6)
        answer = visitor.get("/console/account", headers={"X-Live": "1"})
    assert answer.status_code == 401


@on_sqlite
@pytest.mark.parametrize("act", ["typing", "reply", "note", "take"])
def test_what_somebody_does_through_a_pages_script_keeps_them_logged_in(visit, office, clock, act) -> None:
    visitor, number = visit("guan"), says(office.store, clock, "转人工", hand_over="handoff")
    token = visitor.token()
    for _ in range(3):
        clock.move(minutes=20)
        visitor.get(f"/console/rows?ids={number}", headers={"X-Live": "1", "X-Script": "1"})
        visitor.client.post(
            f"/console/conversations/{number}/{act}",
            data={"text": "您好", "key": f"{1:032x}"},
            headers={"X-Script": "1", "X-CSRF-Token": token},
        )
    assert visitor.get("/console/account", headers={"X-Live": "1"}).status_code == 200
    clock.move(minutes=31)
    assert visitor.get("/console/account", headers={"X-Script": "1"}).status_code == 401, "a script gets no login page"


def test_logging_out_ends_the_session_for_good(visit) -> None:
    visitor = visit("guan")
    token = visitor.client.get_cookie(COOKIE, path="/console").value
    assert visitor.post("/console/logout").location == "/console/login"
    visitor.client.set_cookie(COOKIE, token, path="/console")
    assert visitor.get("/console/account").status_code == 302


@on_sqlite
def test_a_new_password_ends_every_session(visit) -> None:
    here, elsewhere = visit("guan"), visit("guan")
    assert (
        here.post("/console/password", {"old": PASSWORD, "new": "another one 8", "again": "another one 8"}).status_code
        == 302
    )
    assert here.get("/console/account").status_code == 200
    assert elsewhere.get("/console/account").status_code == 302


@on_sqlite
@pytest.mark.parametrize(
    ("old", "new", "again"),
    [("wrong", "another one 8", "another one 8"), (PASSWORD, "short", "short"), (PASSWORD, "another one 8", "other"),
     (PASSWORD, PASSWORD, PASSWORD), (PASSWORD, "aaaaaaaaaa", "aaaaaaaaaa")],
)  # fmt: skip
def test_a_password_that_will_not_do_changes_nothing(visit, old, new, again) -> None:
    assert visit("guan").post("/console/password", {"old": old, "new": new, "again": again}).status_code == 400
    visit("guan")


@on_sqlite
def test_a_first_password_must_be_changed_before_anything_else(app, office, clock) -> None:
    office.store.write(
        lambda c: staff.add_member(c, name="new", role="manager", password_hash=HASHED, must_change=True, now=clock())
    )
    visitor = Visitor(app)
    visitor.login("new")
    assert visitor.get("/console/").location == "/console/password"
    assert visitor.get("/console/account").location == "/console/password"
    token = csrf_of(visitor.get("/console/password").get_data(as_text=True))
    form = {"csrf": token, "old": PASSWORD, "new": "my own one 9", "again": "my own one 9"}
    assert visitor.client.post("/console/password", data=form).location == "/console/"
    assert visitor.get("/console/").status_code == 200


def test_with_a_second_factor_the_password_alone_opens_nothing(app, office, clock) -> None:
    def turn_on(connection) -> str:
        return staff.set_totp(connection, office.store.keys, staff.named(connection, "guan").id)

    totp = pyotp.TOTP(office.store.write(turn_on))
    visitor = Visitor(app)
    page = visitor.login("guan")
    assert page.status_code == 200
    assert visitor.get("/console/").status_code == 302
    ticket = page.get_data(as_text=True).split('name="ticket" value="')[1].split('"')[0]
    wrong = visitor.client.post("/console/login/code", data={"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 401
    code = totp.at(clock())
    assert visitor.client.post("/console/login/code", data={"ticket": ticket, "code": code}).status_code == 302
    assert visitor.get("/console/").status_code == 200
    again = Visitor(app).client.post("/console/login/code", data={"ticket": ticket, "code": code})
    assert again.status_code == 401, "a code is taken once"
    forged = Visitor(app).client.post("/console/login/code", data={"ticket": "1.x.y", "code": code})
    assert forged.location == "/console/login"


@on_sqlite
@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/console/\\evil", "/simulator/"])
def test_after_the_login_nobody_is_sent_elsewhere(app, target) -> None:
    assert Visitor(app).login("guan", next=target).location == "/console/"


@on_sqlite
def test_cookies_are_out_of_reach_of_scripts_and_secure_under_https_alone(app) -> None:
    plain = Visitor(app).login("guan").headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    over_tls = Visitor(app).client.post(
        "/console/login", data={"username": "guan", "password": PASSWORD}, headers={"X-Forwarded-Proto": "https"}
    )
    assert "Secure" in over_tls.headers["Set-Cookie"]


@on_sqlite
def test_the_demos_staff_is_let_in_by_the_demo_only(app, office, clock) -> None:
    office.store.write(
        lambda c: staff.add_member(
            c, name="demo", role="manager", password_hash=HASHED, must_change=False, now=clock(), is_demo=True
        )
    )
    assert Visitor(app).login("demo").status_code == 401


@on_sqlite
def test_who_is_kept_out_is_out_at_once(visit, office) -> None:
    visitor = visit("guan")
    visit("zhu").post(f"/console/users/{_id(office, 'guan')}/active", {"is_active": "no"})
    assert visitor.get("/console/").status_code == 302
    assert Visitor(visitor.client.application).login("guan").status_code == 401


def _id(office, name: str) -> int:
    with office.store.reading() as connection:
        return staff.named(connection, name).id
