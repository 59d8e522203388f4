"""The staff as supervisors see them (role, duty, products, capacity, locks, passwords), and everybody's own account."""

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.errors import UserFault
from care import audit, passwords, staff
from care.staff import Member, actor
from console.office import Office
from console.rights import EVERYBODY, allowed, current_user

_MOST_AT_A_TIME = 500


def staff_pages(office: Office) -> Blueprint:
    """Return the pages about the staff."""
    pages = Blueprint("staff", __name__)
    store, keys, clock = office.store, office.store.keys, office.clock

    def listed(*, told: str = "", secret: str = "", wrong: str = "") -> str:
        with store.reading() as connection:
            everybody = staff.everybody(connection)
        members = [one for one in everybody if office.is_demo or not one.is_demo]
        products = {product: office.library.product(product).short for product in office.library.handbooks}
        return render_template(
            "console/users.html",
            members=members,
            roles=staff.ROLES,
            products=products,
            now=clock(),
            told=told,
            secret=secret,
            wrong=wrong,
        )

    @pages.get("/users")
    @allowed("supervisor")
    def users() -> str:
        return listed()

    @pages.post("/users")
    @allowed("supervisor")
    def add() -> str | tuple[str, int]:
        name, role, first = request.form.get("name", "").strip(), request.form.get("role", ""), passwords.made_up()
        hashed, who = passwords.hashed(first), current_user().actor

        def work(connection: Connection) -> None:
            staff.add_member(connection, name=name, role=role, password_hash=hashed, must_change=True, now=clock())
            audit.append(
                connection, keys, actor=who, action="user added", subject=actor(name), now=clock(),
                detail={"role": role},
            )  # fmt: skip

        try:
            store.write(work)
        except UserFault:
            return listed(wrong="没有添加：名字要用 1–64 个字母、数字、汉字或 . - _ @，且不能和已有的相同。"), 400
        return listed(told=f"已添加 {name}。首次登录密码只显示这一次，登录后须更改：", secret=first)

    @pages.post("/users/<int:staff_id>/work")
    @allowed("supervisor")
    def work(staff_id: int) -> Response:
        capacity, role = request.form.get("capacity", ""), request.form.get("role", "")
        is_fit = capacity.isascii() and capacity.isdigit() and int(capacity) <= _MOST_AT_A_TIME
        if not is_fit or role not in staff.ROLES:
            abort(400)
        ticked = [one for one in request.form.getlist("products") if one in office.library.handbooks]
        products = None if set(ticked) == set(office.library.handbooks) else ticked
        on_duty = request.form.get("on_duty") == "yes"

        def change(connection: Connection, member: Member) -> dict[str, object]:
            staff.set_work(connection, staff_id, products=products, capacity=int(capacity))
            staff.set_duty(connection, staff_id, on_duty=on_duty)
            if role != member.role and staff_id != current_id:
                staff.set_role(connection, staff_id, role=role)
            return {"role": role, "on_duty": on_duty, "capacity": int(capacity), "products": products or "all"}

        current_id = current_user().id
        _act(staff_id, "user changed", change)
        return redirect(url_for("console.staff.users"))

    @pages.post("/users/<int:staff_id>/active")
    @allowed("supervisor")
    def active(staff_id: int) -> Response:
        is_active = request.form.get("is_active") == "yes"
        if staff_id == current_user().id:
            abort(400)  # who locks themselves out lets nobody in again

        def change(connection: Connection, _member: Member) -> dict[str, object]:
            staff.set_active(connection, staff_id, is_active=is_active)
            return {}

        _act(staff_id, "user let in" if is_active else "user kept out", change)
        return redirect(url_for("console.staff.users"))

    @pages.post("/users/<int:staff_id>/password")
    @allowed("supervisor")
    def fresh_password(staff_id: int) -> str:
        first = passwords.made_up()
        hashed = passwords.hashed(first)

        def change(connection: Connection, _member: Member) -> dict[str, object]:
            staff.set_password(connection, staff_id, password_hash=hashed, must_change=True)
            return {}

        member = _act(staff_id, "user password reset", change)
        return listed(told=f"{member.name} 的新密码只显示这一次，登录后须更改：", secret=first)

    @pages.get("/account")
    @allowed(*EVERYBODY)
    def account() -> str:
        return render_template("console/account.html", secret="", products=office.library)

    @pages.post("/account/totp")
    @allowed(*EVERYBODY)
    def totp() -> str | Response:
        user, wants = current_user(), request.form.get("wants") == "yes"
        with store.reading() as connection:
            stored = staff.stored_hash(connection, user.id)
        if not passwords.is_right(request.form.get("password", ""), stored):
            return render_template("console/account.html", secret="", wrong="密码不对。")

        def change(connection: Connection) -> str:
            secret = staff.set_totp(connection, keys, user.id) if wants else ""
            if not wants:
                staff.drop_totp(connection, user.id)
            action = "totp on" if wants else "totp off"
            audit.append(connection, keys, actor=user.actor, action=action, subject=user.actor, now=clock())
            return secret

        secret = store.write(change)
        return render_template("console/account.html", secret=secret) if wants else redirect(url_for(".account"))

    def _act(staff_id: int, action: str, change: Callable[[Connection, Member], dict[str, object]]) -> Member:
        who = current_user().actor

        def work(connection: Connection) -> Member | None:
            member = staff.numbered(connection, staff_id)
            if member is None:
                return None
            detail = change(connection, member)
            audit.append(
                connection, keys, actor=who, action=action, subject=actor(member.name), now=clock(), detail=detail
            )
            return member

        member = store.write(work)
        if member is None:
            abort(404)
        return member

    return pages
