"""The inbox and the conversation page: reading what was said, and the acts of who looks after it."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.errors import UserFault
from care import staff, typing_signs
from console.conversation_view import Conversations, Shown
from console.escalated import escalated_to_user
from console.gate import by_script
from console.handbook_search import search
from console.inbox_view import QUEUES, SEARCHED, Inbox
from console.listing import finder, page_asked_for, queue_asked_for, words_asked_for
from console.office import Office
from console.readings import Readings
from console.rights import DESK, EVERYBODY, READERS, allowed, audited, current_user
from console.sight import accounts_seen, open_to_user
from handlers.handling import CLOSE_REASONS, Handling


def inbox_pages(office: Office, inbox: Inbox) -> Blueprint:
    """Return the pages of the inbox."""
    pages = Blueprint("inbox", __name__)
    shown = Conversations(office)
    readings = Readings(office)
    clock = office.clock

    def listing(queue: str) -> dict[str, Any]:
        me, accounts, words, page = current_user().id, accounts_seen(office), words_asked_for(), page_asked_for()
        wanted = finder(words) if words else None
        listed = inbox.listed(queue, staff_id=me, accounts=accounts, page=page, found=wanted)
        return {
            "queue": queue,
            "queues": QUEUES,
            "counts": inbox.counts(staff_id=me, accounts=accounts),
            "rows": listed.rows,
            "has_more": listed.has_more,
            "looked_through": SEARCHED,
            "page": page,
            "words": words,
            "now": clock(),
            "escalated": escalated_to_user(office),
        }

    @pages.get("/")
    @allowed(*EVERYBODY)
    def inbox_page() -> str | AnyResponse:
        if current_user().role not in READERS:
            return redirect(url_for("console.quality.missed"))
        queue = queue_asked_for()
        found = listing(queue)
        # What was looked for may be a person's name or words: that something was, not what, stands in the trail.
        detail = {"rows": len(found["rows"]), "page": found["page"], "searched": bool(found["words"])}
        audited(office, "queue read", f"queue:{queue}", detail)
        return render_template("console/inbox.html", **found)

    @pages.get("/conversations/<int:conversation_id>")
    @allowed(*READERS)
    def conversation(conversation_id: int) -> str:
        return page_of(conversation_id)

    def page_of(conversation_id: int, **more: Any) -> str:
        open_to_user(office, inbox.account_of(conversation_id))
        before = request.args.get("before", "")
        found = shown.find(conversation_id, user=current_user(), before=before)
        if found is None:
            abort(404)
        readings.note(conversation_id, fresh=True)
        drafted = more.pop("draft", None)
        return render_template(
            "console/conversation.html",
            shown=found,
            mark=_mark(found),
            key=secrets.token_hex(16),
            draft=_draft(found) if drafted is None else drafted,
            reasons=CLOSE_REASONS,
            found=_searched(office, found),
            searched=request.args.get("q", ""),
            **listing(queue_asked_for(found.queue)),
            **more,
        )

    @pages.get("/conversations/<int:conversation_id>/piece")
    @allowed(*READERS)
    def piece(conversation_id: int) -> Response:
        """What of a page changes while it is open: packet and card only with what they depend on (`mark`: what the page
        shows), since they cost more and each showing of a card is a reading."""
        open_to_user(office, inbox.account_of(conversation_id))
        found = shown.find(conversation_id, user=current_user(), before="", is_whole=False)
        names = ["head", "exchange", "composer"]
        if found is not None and request.args.get("mark") != _mark(found):
            found = shown.find(conversation_id, user=current_user(), before="")
            names += ["packet", "person"]
        if found is None:
            abort(404)
        readings.note(conversation_id, fresh=False)
        values = {"shown": found, "key": secrets.token_hex(16), "draft": "", "reasons": CLOSE_REASONS, "now": clock()}
        told = {name: render_template(f"console/piece_{name}.html", **values) for name in names}
        return _json({**told, "state": found.state, "mark": _mark(found), "typing": found.typing})

    def act(conversation_id: int, work: Callable[[Handling], Any], *, draft: str = "", there: str = "") -> Any:
        open_to_user(office, inbox.account_of(conversation_id))
        if office.handling is None:
            abort(404)
        try:
            work(office.handling)
        except UserFault as fault:
            if by_script():
                return _json({"wrong": str(fault)}), 409
            return page_of(conversation_id, wrong=str(fault), draft=draft), 409
        if by_script():
            return _json({"done": True})
        return redirect(there or url_for(".conversation", conversation_id=conversation_id), 303)

    @pages.post("/conversations/<int:conversation_id>/take")
    @allowed(*DESK)
    def take(conversation_id: int) -> Any:
        me = current_user().member

        def work(handling: Handling) -> None:
            taken = handling.take(conversation_id, by=me, now=clock())
            if not taken.is_mine:
                with office.store.reading() as connection:
                    name = staff.names_by_id(connection).get(taken.staff_id, "同事")
                raise UserFault(f"晚了一步：{name} 已经接管了这个会话。")

        return act(conversation_id, work)

    @pages.post("/conversations/<int:conversation_id>/reply")
    @allowed(*DESK)
    def reply(conversation_id: int) -> Any:
        me, text, key = current_user().member, request.form.get("text", ""), _key()
        warnings = [] if request.form.get("anyway") == "yes" else list(office.warnings(text))
        if warnings:
            if by_script():
                return _json({"warnings": warnings}), 422
            return page_of(conversation_id, warnings=warnings, draft=text), 422

        def work(handling: Handling) -> None:
            handling.reply(conversation_id, by=me, text=text, request_key=key, now=clock())
            office.store.write(lambda connection: typing_signs.end(connection, conversation_id, me.id))

        return act(conversation_id, work, draft=text)

    @pages.post("/conversations/<int:conversation_id>/file")
    @allowed(*DESK)
    def send_file(conversation_id: int) -> Any:
        me, given, key = current_user().member, request.files.get("file"), _key()
        name, content = (given.filename or "", given.read()) if given else ("", b"")

        def work(handling: Handling) -> None:
            handling.send_file(conversation_id, by=me, content=content, name=name, request_key=key, now=clock())

        return act(conversation_id, work)

    @pages.post("/conversations/<int:conversation_id>/note")
    @allowed(*DESK)
    def note(conversation_id: int) -> Any:
        me, text, key = current_user().member, request.form.get("text", ""), _key()
        return act(
            conversation_id,
            lambda handling: handling.note(conversation_id, by=me, text=text, request_key=key, now=clock()),
        )

    @pages.post("/conversations/<int:conversation_id>/hand")
    @allowed(*DESK)
    def hand(conversation_id: int) -> Any:
        me, to_id = current_user().member, request.form.get("to", "")
        with office.store.reading() as connection:
            to = staff.numbered(connection, int(to_id)) if to_id.isascii() and to_id.isdigit() else None

        def work(handling: Handling) -> None:
            if to is None:
                raise UserFault("请先选一位同事。")
            handling.hand_to(conversation_id, by=me, to=to, now=clock())

        return act(conversation_id, work)

    @pages.post("/conversations/<int:conversation_id>/fill")
    @allowed(*DESK)
    def fill(conversation_id: int) -> Any:
        me, slot, text = current_user().member, request.form.get("slot", ""), request.form.get("text", "")
        return act(
            conversation_id,
            lambda handling: handling.fill(conversation_id, by=me, slot=slot, text=text, now=clock()),
        )

    @pages.post("/conversations/<int:conversation_id>/back")
    @allowed(*DESK)
    def back(conversation_id: int) -> Any:
        me, step = current_user().member, request.form.get("step", "") or None
        return act(conversation_id, lambda handling: handling.give_back(conversation_id, by=me, now=clock(), step=step))

    @pages.post("/conversations/<int:conversation_id>/close")
    @allowed(*DESK)
    def close(conversation_id: int) -> Any:
        me, reason = current_user().member, request.form.get("reason", "")
        return act(
            conversation_id,
            lambda handling: handling.close(conversation_id, by=me, reason=reason, now=clock()),
        )

    @pages.get("/conversations/<int:conversation_id>/handbook")
    @allowed(*DESK)
    def handbook(conversation_id: int) -> str:
        """Answers to insert, for the page's script; without it the page itself shows them (?q=)."""
        open_to_user(office, inbox.account_of(conversation_id))
        found = shown.find(conversation_id, user=current_user(), before="", is_whole=False)
        if found is None:
            abort(404)
        return render_template("console/piece_found.html", found=_searched(office, found), shown=found)

    return pages


def _mark(shown: Shown) -> str:
    """Return what the packet and the card follow: who has the conversation, which form, how much is filled in."""
    form = shown.form
    so_far = f"{form.title} {sum(bool(field.value) for field in form.fields)}" if form else ""
    return f"{shown.owner} {shown.state} {so_far}".strip()


def _searched(office: Office, shown: Shown) -> list[Any]:
    words = request.args.get("q", "")
    if not words.strip():
        return []
    account = office.accounts.get(shown.account_id)
    products = account.products if account else tuple(office.library.handbooks)
    return search(office.library, office.assistant, words, products=products, product=shown.product_id)


def _draft(shown: Shown) -> str:
    """Return what a link of the page put into the answer: a set reply, or an entry that was found."""
    wanted = request.args.get("canned", "")
    return next((one.text for one in shown.canned if one.id == wanted), request.args.get("draft", "")[:4000])


def _key() -> str:
    key = request.form.get("key", "")
    if not (key.isascii() and key.isalnum() and len(key) == 32):
        abort(400)
    return key


def _json(told: dict[str, Any]) -> Response:
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")
