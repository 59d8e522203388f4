"""One addition to the handbooks as a page: writing it, having it approved, trying, publishing and withdrawing it."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from bot.errors import UserFault
from bot.store import asked
from bot.store.asked import Question
from care import knowledge_items, knowledge_replays
from care.knowledge_items import Content, Item
from console import quality_view as view
from console.office import Office
from console.quality_view import WORDS, one_of, products_of
from console.rights import EVERYBODY, allowed, audited, current_user
from console.sight import accounts_seen
from handlers.knowing import faults
from handlers.misses import masked
from handlers.replaying import Replayer
from intents.match import Context

Page = str | tuple[str, int] | Response

EDITORS = ("operator", "supervisor")
WRITERS = (*EDITORS, "manager")
# What was done → the state that it led to, and what is said.
_DONE = {
    "written": ("draft", "已存为草稿。请另一位同事审核。"),
    "changed": ("draft", "已改好。改过的内容要重新审核、重新试跑。"),
    "approved": ("approved", "已审核通过。"),
    "published": ("published", "已发布，几秒内对所有新消息生效，不用重启。"),
    "withdrawn": ("withdrawn", "已撤回。"),
}


class Quality:
    """What the pages share: reading what may be seen, acting in a transaction, saying what was not possible."""

    def __init__(self, office: Office) -> None:
        self.office = office
        knowing = office.knowing
        self.replayer = Replayer(store=office.store, knowing=knowing, clock=office.clock) if knowing else None

    def read(self, id: int) -> Item:
        """Return an addition, or end the page."""
        with self.office.store.reading() as connection:
            item = knowledge_items.item_of(connection, id)
        if item is None:
            abort(404)
        return item

    def page(self, id: int, *, wrong: str = "", code: int = 200) -> Page:
        """Return the page of an addition; recorded words on it are a reading that is audited."""
        office, item = self.office, self.read(id)
        with office.store.reading() as connection:
            shown = view.shown(connection, office, item, accounts=accounts_seen(office))
        if shown.read:
            audited(office, "questions read", f"knowledge:{id}", {"questions": list(shown.read)[:200]})
        text = render_template(
            "console/quality_item.html",
            one=shown,
            words=WORDS,
            wrong=wrong,
            done=_done(shown),
            may_edit=current_user().role in EDITORS,
            is_own=current_user().actor in item.writers,
            warnings=office.warnings(item.content.say or ""),
            can_try=self.replayer is not None,
        )
        return text, code

    def act(self, id: int, done: str, work: Callable[[Connection, int], object]) -> Page:
        """Do something to the version of an addition that was seen, and show it again."""
        version = request.form.get("version", "")
        if not (version.isascii() and version.isdigit() and len(version) < 9):
            abort(400)
        try:
            self.office.store.write(lambda connection: work(connection, int(version)))
        except UserFault as fault:
            return self.page(id, wrong=str(fault), code=409)
        if self.office.knowing is not None:
            self.office.knowing.look(at_once=True)
        return redirect(url_for("console.quality.item", id=id, done=done))

    def question(self, text: str) -> Question | None:
        """Return the recorded question with this number, if the current user may see it; reading it is audited."""
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            return None
        with self.office.store.reading() as connection:
            found = asked.numbered(connection, self.office.store.keys, [int(text)]).get(int(text))
        accounts = accounts_seen(self.office)
        if found is None or (accounts is not None and found.account not in accounts):
            return None
        audited(self.office, "questions read", "quality", {"questions": [found.id]})
        return found

    def faults(self, content: Content) -> list[str]:
        """Return what is wrong with an addition. Danger, and asking for a person, keep their answers."""
        found = faults(content, self.office.library)
        router = self.office.knowing.router if self.office.knowing else None
        if router is None or found:
            return found
        context = Context(products=tuple(self.office.library.handbooks), product=content.product)
        kept = [text for text in content.texts if router.alarm(text, context) or router.wants_person(text)]
        return [f"“{text}”是紧急情况或要找人工，不能改成别的回答。" for text in kept]


def _done(shown: view.Shown) -> str:
    """Return what was just done, as long as it still holds: pages are read again."""
    done = request.args.get("done", "")
    state, _ = _DONE.get(done, ("", ""))
    return _DONE[done][1] if state == shown.item.state else ""


def add_addition_pages(pages: Blueprint, office: Office) -> None:
    """Add the pages of one addition to `pages`."""
    quality, store, clock = Quality(office), office.store, office.clock

    @pages.get("/quality/items/<int:id>")
    @allowed(*EVERYBODY)
    def item(id: int) -> Page:
        return quality.page(id)

    @pages.get("/quality/write")
    @allowed(*WRITERS)
    def write_form() -> str:
        return _form(quality, request.args, item=None)

    @pages.post("/quality/items")
    @allowed(*WRITERS)
    def write() -> Page:
        content, who, now = _content(request.form), current_user().actor, clock()
        question = request.form.get("question", "")
        question_id = int(question) if question.isascii() and question.isdigit() and len(question) < 18 else None
        wrong = quality.faults(content)
        if wrong:
            return _form(quality, request.form, item=None, wrong=wrong), 400
        try:
            id = store.write(
                lambda connection: knowledge_items.write(
                    connection, store.keys, content, actor=who, now=now, question_id=question_id
                )
            )
        except UserFault as fault:
            return _form(quality, request.form, item=None, wrong=[str(fault)]), 409
        return redirect(url_for("console.quality.item", id=id, done="written"))

    @pages.get("/quality/items/<int:id>/change")
    @allowed(*EDITORS)
    def change_form(id: int) -> str:
        return _form(quality, request.args, item=quality.read(id))

    @pages.post("/quality/items/<int:id>/change")
    @allowed(*EDITORS)
    def change(id: int) -> Page:
        content, who = _content(request.form), current_user().actor
        wrong = quality.faults(content)
        if wrong:
            return _form(quality, request.form, item=quality.read(id), wrong=wrong), 400
        return quality.act(
            id,
            "changed",
            lambda connection, seen: knowledge_items.change(
                connection, store.keys, id, content, seen=seen, actor=who, now=clock()
            ),
        )

    @pages.post("/quality/items/<int:id>/approve")
    @allowed(*EDITORS)
    def approve(id: int) -> Page:
        who, is_checked = current_user().actor, request.form.get("checked") == "yes"

        def work(connection: Connection, seen: int) -> None:
            found = knowledge_items.item_of(connection, id)
            if found is not None and found.content.kind == "entry" and not is_checked:
                raise knowledge_items.Refused("请先对照手册条款的原文，再勾选确认。")
            knowledge_items.approve(connection, store.keys, id, seen=seen, actor=who, now=clock())

        return quality.act(id, "approved", work)

    @pages.post("/quality/items/<int:id>/replay")
    @allowed(*EDITORS)
    def replay(id: int) -> Page:
        found = quality.read(id)
        if quality.replayer is None:
            abort(404)
        quality.replayer.start(found, actor=current_user().actor)
        return redirect(url_for("console.quality.item", id=id))

    @pages.post("/quality/items/<int:id>/publish")
    @allowed(*EDITORS)
    def publish(id: int) -> Page:
        who, is_checked = current_user().actor, request.form.get("checked") == "yes"

        def work(connection: Connection, seen: int) -> None:
            found = knowledge_items.item_of(connection, id)
            if found is not None and found.state == "approved":
                knowledge_replays.require_done(connection, found)
            if not is_checked:
                raise knowledge_items.Refused("请先看过试跑结果，再勾选确认。")
            knowledge_items.publish(connection, store.keys, id, seen=seen, actor=who, now=clock())

        return quality.act(id, "published", work)

    @pages.post("/quality/items/<int:id>/withdraw")
    @allowed(*EDITORS)
    def withdraw(id: int) -> Page:
        who = current_user().actor
        return quality.act(
            id,
            "withdrawn",
            lambda connection, seen: knowledge_items.withdraw(
                connection, store.keys, id, seen=seen, actor=who, now=clock()
            ),
        )


def _form(quality: Quality, given: Mapping[str, str], *, item: Item | None, wrong: list[str] | None = None) -> str:
    """Return the form for a new or another version of an addition, filled with what was given so far."""
    office, library = quality.office, quality.office.library
    question = quality.question(given.get("question", ""))
    content = _content(request.form) if request.method == "POST" else item.content if item else None
    product = content.product if content else given.get("product", "") or (question.product if question else "") or ""
    handbook = library.handbooks.get(product)
    texts = list(content.texts) if content else [masked(question.text)] if question else [given.get("text", "")[:60]]
    looked_for = given.get("q", "").strip()[:60] or " ".join(texts)
    chosen = f"{content.service}/{content.key}" if content and content.kind == "phrasing" else ""
    return render_template(
        "console/quality_write.html",
        item=item,
        question=question,
        product=product if handbook else "",
        products=products_of(office),
        handbook=handbook,
        kind=content.kind if content else one_of(given.get("kind", ""), view.KIND_WORDS) or "phrasing",
        content=content,
        texts=texts,
        q=given.get("q", ""),
        chosen=chosen,
        targets=view.targets(library, product, looked_for, question.reasons if question else (), chosen=chosen)
        if handbook
        else [],
        clauses=[clause for clause in handbook.clauses if not clause.fact_free] if handbook else [],
        words=WORDS,
        wrong=wrong or [],
    )


def _content(form: Any) -> Content:
    """Read an addition from a form; fields of other kinds are left out."""
    kind = one_of(form.get("kind", ""), knowledge_items.KINDS) or "phrasing"
    texts = tuple(
        dict.fromkeys(line for part in form.get("texts", "").splitlines()[:50] if (line := part.strip()[:80]))
    )
    base = Content(kind=kind, product=form.get("product", "")[:64], texts=texts)
    if kind == "phrasing":
        service, _, key = form.get("topic", "")[:129].partition("/")
        return Content(kind=kind, product=base.product, texts=texts, service=service, key=key)
    if kind == "drug_name":
        no = form.get("drug_no", "")
        number = int(no) if no.isascii() and no.isdigit() and len(no) < 6 else None
        return Content(kind=kind, product=base.product, texts=texts, drug_no=number)
    service = form.get("service", "")[:64]
    if kind == "service_name":
        return Content(kind=kind, product=base.product, texts=texts, service=service)
    say, clauses = form.get("say", "").strip()[:600], tuple(form.getlist("clause")[:10])
    return Content(kind=kind, product=base.product, texts=texts, service=service, say=say, clauses=clauses)
