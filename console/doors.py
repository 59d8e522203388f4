"""Coming in and going out: login (with a one-time code where somebody has one), logout, one's own password and duty."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.errors import UserFault
from care import audit, passwords, staff, staff_sessions
from care.staff import Member, actor
from console.gate import COOKIE, drop_session, keep_session, may_sign_in
from console.office import Office
from console.rights import ANYBODY, EVERYBODY, allowed, current_user

_WRONG = "用户名或密码不对，或账号已停用、暂时锁定。连续输错 5 次会锁定 15 分钟。"
_TICKET_SECONDS = 300


def door_pages(office: Office) -> Blueprint:
    """Return the pages for logging in and out."""
    pages = Blueprint("doors", __name__)
    store, keys, clock = office.store, office.store.keys, office.clock
    tickets = URLSafeTimedSerializer(keys.blind_index("console", "login ticket").hex(), salt="code")

    @pages.get("/login")
    @allowed(ANYBODY)
    def login() -> str:
        return render_template("console/login.html", wrong=None, next=_wanted())

    @pages.post("/login")
    @allowed(ANYBODY)
    def sign_in() -> Response | tuple[str, int]:
        name, password = request.form.get("username", "").strip(), request.form.get("password", "")
        with store.reading() as connection:
            member = staff.named(connection, name)
            stored = staff.stored_hash(connection, member.id) if member else None
        is_right = passwords.is_right(password, stored)
        if member is None or not may_sign_in(member, office, now=clock()):
            return _refused(name if member else "?", "refused")
        if not is_right:
            store.write(lambda connection: _count_failure(connection, member))
            return _again()
        if member.has_totp:
            return render_template(
                "console/code.html", wrong=None, ticket=tickets.dumps(member.id), next=_wanted()
            ), 200
        return _welcome(member)

    @pages.post("/login/code")
    @allowed(ANYBODY)
    def code() -> Response | tuple[str, int]:
        try:
            staff_id = int(tickets.loads(request.form.get("ticket", ""), max_age=_TICKET_SECONDS))
        except (BadSignature, ValueError):
            return redirect(url_for("console.doors.login"))
        with store.reading() as connection:
            member = staff.numbered(connection, staff_id)
        if member is None or not may_sign_in(member, office, now=clock()):
            return _refused(member.name if member else "?", "refused")
        given = request.form.get("code", "").replace(" ", "")
        if not store.write(lambda connection: staff.take_code(connection, keys, staff_id, given, now=clock())):
            store.write(lambda connection: _count_failure(connection, member))
            wrong = "验证码不对或已用过，请等下一个验证码。"
            ticket = tickets.dumps(member.id)
            return render_template("console/code.html", wrong=wrong, ticket=ticket, next=_wanted()), 401
        return _welcome(member)

    @pages.post("/logout")
    @allowed(*EVERYBODY)
    def logout() -> Response:
        token, who = request.cookies.get(COOKIE, ""), current_user().actor

        def end(connection: Connection) -> None:
            staff_sessions.end(connection, token)
            audit.append(connection, keys, actor=who, action="logout", subject="console", now=clock())

        store.write(end)
        answer = redirect(url_for("console.doors.login"))
        drop_session(answer)
        return answer

    @pages.route("/password", methods=["GET", "POST"])
    @allowed(*EVERYBODY)
    def password() -> Response | str | tuple[str, int]:
        if request.method == "GET":
            return render_template("console/password.html", wrong=None)
        user = current_user()
        try:
            _check_change(user.id)
            hashed = staff.hash_of_new(request.form.get("new", ""))
        except UserFault as fault:
            return render_template("console/password.html", wrong=str(fault)), 400

        def change(connection: Connection) -> str:
            staff.set_password(connection, user.id, password_hash=hashed, must_change=False)
            token = staff_sessions.begin(connection, user.id, now=clock())
            audit.append(connection, keys, actor=user.actor, action="password changed", subject=user.actor, now=clock())
            return token

        answer = redirect(url_for("console.inbox.inbox_page"))
        keep_session(answer, store.write(change))
        return answer

    @pages.post("/duty")
    @allowed("manager", "supervisor")
    def duty() -> Response:
        user, on_duty = current_user(), request.form.get("on_duty") == "yes"

        def change(connection: Connection) -> None:
            staff.set_duty(connection, user.id, on_duty=on_duty)
            action = "on duty" if on_duty else "off duty"
            audit.append(connection, keys, actor=user.actor, action=action, subject=user.actor, now=clock())

        store.write(change)
        return redirect(_wanted() or url_for("console.inbox.inbox_page"))

    @pages.get("/<path:_rest>")
    @allowed(*EVERYBODY)
    def nowhere(_rest: str) -> Response:
        """Every other address, so that the gate stands before it, too."""
        abort(404)

    def _check_change(staff_id: int) -> None:
        with store.reading() as connection:
            stored = staff.stored_hash(connection, staff_id)
        new = request.form.get("new", "")
        if not passwords.is_right(request.form.get("old", ""), stored):
            raise UserFault("现在的密码不对。")
        if new != request.form.get("again", ""):
            raise UserFault("两次输入的新密码不一样。")
        if new == request.form.get("old"):
            raise UserFault("新密码不能和现在的一样。")

    def _welcome(member: Member) -> Response:
        old = request.cookies.get(COOKIE, "")

        def begin(connection: Connection) -> str:
            staff.succeeded(connection, member.id)
            if old:
                staff_sessions.end(connection, old)  # a session that was brought along is never raised to a login
            token = staff_sessions.begin(connection, member.id, now=clock())
            audit.append(connection, keys, actor=actor(member.name), action="login", subject="console", now=clock())
            return token

        answer = redirect(_wanted() or url_for("console.inbox.inbox_page"))
        keep_session(answer, store.write(begin))
        return answer

    def _count_failure(connection: Connection, member: Member) -> None:
        is_locked = staff.failed(connection, member.id, now=clock())
        action = "login locked" if is_locked else "login failed"
        audit.append(connection, keys, actor=actor(member.name), action=action, subject="console", now=clock())

    def _refused(name: str, why: str) -> tuple[str, int]:
        if name != "?":
            store.write(
                lambda connection: audit.append(
                    connection, keys, actor=actor(name), action=f"login {why}", subject="console", now=clock()
                )
            )
        return _again()

    def _again() -> tuple[str, int]:
        return render_template("console/login.html", wrong=_WRONG, next=_wanted()), 401

    return pages


def _wanted() -> str:
    """Return the page to go to afterwards: one of the console's, or none."""
    page = request.values.get("next", "")
    is_ours = page.startswith("/console/") and not set(page) & set("\\\r\n") and "//" not in page
    return page if is_ours else ""
