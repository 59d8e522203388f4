"""The quality loop as pages: what was missed, the list of additions, a box for questions.

Operators and supervisors write, approve what another wrote, publish and withdraw; managers suggest; auditors read.
"""

from datetime import timedelta

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from care import knowledge_items
from care.knowledge_items import STATES
from console import quality_view as view
from console.addition_pages import EDITORS, WRITERS, add_addition_pages
from console.office import Office
from console.quality_view import WORDS, one_of, products_of
from console.rights import EVERYBODY, READERS, allowed, audited, current_user
from console.sight import accounts_seen
from handlers.misses import KINDS, grouped, misses
from handlers.overlay_export import exported
from intents.match import Context

_DAYS = (1, 7, 30, 90)
_MOST_GROUPS = 60


def quality_pages(office: Office) -> Blueprint:
    """Return the pages under `/quality`."""
    pages = Blueprint("quality", __name__)
    store, clock = office.store, office.clock
    add_addition_pages(pages, office)

    @pages.get("/quality")
    @allowed(*EVERYBODY)
    def missed() -> str:
        days = one_of(request.args.get("days", ""), [str(one) for one in _DAYS]) or "7"
        kind = one_of(request.args.get("kind", ""), KINDS)
        product = one_of(request.args.get("product", ""), office.library.handbooks)
        with store.reading() as connection:
            since = clock() - timedelta(days=int(days))
            found = misses(connection, store.keys, office.library, since=since, accounts=accounts_seen(office))
        of_product = [miss for miss in found if product in ("", miss.question.product)]
        groups = grouped([miss for miss in of_product if kind in ("", miss.kind)])
        shown = [miss.question.id for group in groups[:_MOST_GROUPS] for miss in group.misses]
        audited(office, "questions read", "quality", {"days": int(days), "kind": kind, "questions": shown[:200]})
        additions = office.knowing.additions.library if office.knowing else office.library
        return render_template(
            "console/quality.html",
            groups=groups[:_MOST_GROUPS],
            more=len(groups) - _MOST_GROUPS,
            counts={name: sum(miss.kind == name for miss in of_product) for name in KINDS},
            asked={"days": days, "kind": kind, "product": product},
            days=_DAYS,
            words=WORDS,
            products=products_of(office),
            topics=lambda ids: view.topic_words(office.library, additions, ids),
            explained=office.explained,
            may_write=current_user().role in WRITERS,
            may_open=current_user().role in READERS,
        )

    @pages.get("/quality/items")
    @allowed(*EVERYBODY)
    def items() -> str:
        state = one_of(request.args.get("state", ""), STATES)
        with store.reading() as connection:
            found = knowledge_items.items(connection, states=(state,) if state else STATES, limit=300)
        return render_template(
            "console/quality_items.html",
            rows=[(item, view.about(office.library, item.content)) for item in found],
            state=state,
            words=WORDS,
            unfit=office.knowing.additions.unfit if office.knowing else (),
            may_write=current_user().role in WRITERS,
            may_export=current_user().role != "manager",
        )

    @pages.route("/quality/test", methods=["GET", "POST"])
    @allowed(*WRITERS)
    def test() -> str:
        words = request.form.get("words", "").strip()[:400]
        product = one_of(request.form.get("product", ""), office.library.handbooks)
        outcome = None
        if words and office.knowing is not None:
            office.knowing.look(at_once=True)
            context = Context(products=tuple(office.library.handbooks), product=product or None)
            outcome = office.knowing.assistant.discuss(words, context)
        additions = office.knowing.additions.library if office.knowing else office.library
        return render_template(
            "console/quality_test.html",
            typed=words,
            product=product,
            outcome=outcome,
            products=products_of(office),
            words=WORDS,
            topics=lambda ids: view.topic_words(office.library, additions, ids),
            explained=office.explained,
        )

    @pages.get("/quality/export")
    @allowed(*EDITORS, "auditor")
    def export() -> Response:
        with store.reading() as connection:
            published = knowledge_items.items(connection, states=("published",))
        audited(office, "knowledge exported", "quality", {"items": len(published)})
        answer = make_response(exported(office.library, published[::-1]))
        answer.mimetype = "application/zip"
        answer.headers["Content-Disposition"] = 'attachment; filename="additions.zip"'
        return answer

    return pages
