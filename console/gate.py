"""The console's gate: who is logged in, what they may, whether a form is ours, and the headers of every page.

A request passes only with a route that names its roles, a session that holds, and (to change something) the form's
own token from the same site.
"""

import hmac
from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import Request, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from care import staff, staff_sessions
from care.staff import Member
from console.office import Office
from console.rights import ANYBODY, User, roles_of

COOKIE = "console_session"
CSRF_FIELD, CSRF_HEADER = "csrf", "X-CSRF-Token"
SCRIPT_HEADER = "X-Script"  # a page's script asks, and wants no page in return
LIVE_HEADER = "X-Live"  # ... and it asks by itself: nobody did anything
_FORM_BYTES = 21 * 1024 * 1024  # a file of 20 MB with its form
_SAFE = ("GET", "HEAD", "OPTIONS")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def checked(office: Office) -> AnyResponse | None:
    """Let the request through (None), send it to the login, or refuse it (abort)."""
    g.user = None
    request.max_content_length = _FORM_BYTES
    if request.blueprint == "console" and request.endpoint == "console.static":
        return None
    roles = roles_of(current_app.view_functions.get(request.endpoint or ""))
    if request.method not in _SAFE and not _is_from_here(request, office):
        abort(400, "cross-site")
    g.user = _user(office)
    if ANYBODY in roles:
        return None
    if g.user is None:
        return _to_login()
    if request.method not in _SAFE and not _has_token(g.user):
        abort(400, "csrf")
    if g.user.member.must_change and request.endpoint not in ("console.doors.password", "console.doors.logout"):
        return redirect(url_for("console.doors.password"))
    if g.user.role not in roles:
        abort(403)
    return None


def hardened(response: Response) -> Response:
    """Put the headers on: nothing foreign runs, nothing is kept by browsers or proxies unless a page says so."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "console.static":
        response.headers["Cache-Control"] = "no-cache"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def keep_session(response: AnyResponse, token: str) -> None:
    """Give the browser its session: out of scripts' reach, and by https alone where it came by https."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=_is_https(), path="/console")


def drop_session(response: AnyResponse) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(COOKIE, path="/console", httponly=True, samesite="Lax", secure=_is_https())


def csrf_token(office: Office, session_token: str) -> str:
    """Return what this session's forms carry: it follows from the session and tells nothing of it."""
    return office.store.keys.blind_index("console csrf", session_token).hex()[:32]


def may_sign_in(member: Member, office: Office, *, now: datetime) -> bool:
    """Whether an account works at all here and now, whatever the password."""
    return member.is_active and (office.is_demo or not member.is_demo) and not staff.is_locked(member, now=now)


def by_script() -> bool:
    """Whether a page's script asks, be it by itself or for somebody."""
    return SCRIPT_HEADER in request.headers or LIVE_HEADER in request.headers


def _user(office: Office) -> User | None:
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    now = office.clock()
    with office.store.reading() as connection:
        session = staff_sessions.find(connection, token, now=now)
        member = staff.numbered(connection, session.staff_id) if session else None
    if session is None or member is None or not member.is_active or (member.is_demo and not office.is_demo):
        return None
    # What a page fetches by itself keeps nobody logged in; what somebody does through its script does.
    if session.is_stale and LIVE_HEADER not in request.headers and request.endpoint != "console.live.stream":
        office.store.write(lambda connection: staff_sessions.note_use(connection, session.id, now=now))
    return User(member=member, csrf=csrf_token(office, token))


def _to_login() -> AnyResponse:
    if by_script() or request.endpoint == "console.live.stream":
        abort(401)  # a script asks: a page in place of its piece would only confuse it
    wanted = request.full_path.rstrip("?") if request.method in _SAFE else ""
    return redirect(
        url_for("console.doors.login") + (f"?next={quote(wanted)}" if wanted not in ("", "/console/") else "")
    )


def _has_token(user: User) -> bool:
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    return bool(given) and given.isascii() and hmac.compare_digest(given, user.csrf)


def _is_from_here(asked: Request, office: Office) -> bool:
    """Whether a browser says that this page's own site sent the form. Programs that are no browsers say nothing."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    if origin is None:
        return True
    from_where = urlsplit(origin).netloc
    return bool(from_where) and from_where in (asked.host, urlsplit(office.public_url).netloc)


def _is_https() -> bool:
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
