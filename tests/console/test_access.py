"""Who may open what: every route of the console against every role; forms of other sites; headers."""

import re

import pytest

from care.staff import ROLES
from console.rights import ANYBODY, roles_of
from tests.console.desk import STAFF, Visitor
from tests.console.talks import says

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = on_sqlite
BY_ROLE = {role: name for name, role in STAFF.items()}


def routes(app):
    """Return (endpoint, method, path with made-up values, roles) of every route under /console/."""
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/console") or rule.endpoint == "console.static":
            continue
        path = re.sub(r"<int:\w+>", "999999", rule.rule)
        path = re.sub(r"<(?:\w+:)?\w+>", "none", path)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, path, roles_of(app.view_functions[rule.endpoint])


def test_every_route_says_who_may_open_it(app) -> None:
    found = list(routes(app))
    assert len(found) > 15
    assert [endpoint for endpoint, _, _, roles in found if not roles] == []
    open_to_all = {endpoint for endpoint, _, _, roles in found if ANYBODY in roles}
    assert open_to_all == {"console.doors.login", "console.doors.sign_in", "console.doors.code"}


def test_no_route_opens_without_a_login(app) -> None:
    stranger = Visitor(app)
    for endpoint, method, path, roles in routes(app):
        if ANYBODY in roles:
            continue
        answer = stranger.client.open(path, method=method)
        is_shut = answer.status_code == 401 or (answer.status_code == 302 and "/console/login" in answer.location)
        assert is_shut, (endpoint, method, answer.status_code)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_its_routes_and_no_other(app, visit, role) -> None:
    visitor = visit(BY_ROLE[role])
    token = visitor.token()
    for endpoint, method, path, roles in routes(app):
        if endpoint in ("console.doors.logout", "console.live.stream") or ANYBODY in roles:
            continue
        answer = visitor.client.open(path, method=method, data={"csrf": token} if method == "POST" else None)
        if role in roles:
            assert answer.status_code != 403, (endpoint, method)
        else:
            assert answer.status_code == 403, (endpoint, method, answer.status_code)


def test_only_reading_is_for_auditors(app) -> None:
    acting = {
        endpoint
        for endpoint, method, _, roles in routes(app)
        if method == "POST" and "auditor" in roles and not endpoint.startswith("console.doors")
    }
    assert acting <= {"console.audit.check", "console.staff.totp"}


def test_a_form_without_its_token_is_refused(app, visit, office, clock) -> None:
    says(office.store, clock, "转人工", hand_over="handoff")
    visitor = visit("zhu")
    for endpoint, method, path, roles in routes(app):
        if method != "POST" or ANYBODY in roles:
            continue
        for data in ({}, {"csrf": "0" * 32}, {"csrf": "é"}):
            assert visitor.client.post(path, data=data).status_code in (400, 403), endpoint


def test_a_token_of_another_session_is_refused(visit) -> None:
    one, other = visit("zhu"), visit("zhu")
    assert other.client.post("/console/users", data={"csrf": one.token(), "name": "x"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_from_another_site_is_refused_even_at_the_login(app, visit, headers) -> None:
    form = {"username": "guan", "password": "correct horse 7"}
    assert Visitor(app).client.post("/console/login", data=form, headers=headers).status_code == 400
    visitor = visit("zhu")
    assert visitor.post("/console/users", {"name": "x", "role": "manager"}, headers=headers).status_code == 400


def test_every_page_forbids_what_is_foreign(app, visit, office, clock) -> None:
    number = says(office.store, clock, "你好")
    visitor = visit("zhu")
    for path in ("/console/", f"/console/conversations/{number}", "/console/audit", "/console/users", "/console/none"):
        answer = visitor.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        page = answer.get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:|https?://(?!www\.w3\.org)", page), (
            path
        )


def test_a_style_sheet_may_be_kept_and_asks_for_no_login(app) -> None:
    answer = Visitor(app).get("/console/static/console.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert Visitor(app).get("/console/static/../templates/console/base.html").status_code in (404, 302)
