"""The papers of a case: looked at one by one, taken or sent back with a reason that the person reads.

A file is opened only for who may see its case, under that case's own address; each time leaves a row in the audit.
"""

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from bot.keys import Unreadable
from care import audit
from care.media import Material, material
from console.case_pages import Page, Work
from console.case_view import view_of
from console.case_words import REASONS
from console.office import Office
from console.rights import DESK, READERS, allowed, audited, current_user
from handlers.case_work import LONGEST_REASON

_PICTURES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_PDF = "application/pdf"
_VOICE = "audio/amr"  # browsers don't play it: it is saved
_ENDINGS = {**_PICTURES, _PDF: "pdf", _VOICE: "amr"}
# A file is not a page of ours: whatever is in it may load and do nothing.
_OF_PICTURE = "default-src 'none'; sandbox"
_OF_PDF = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"


def paper_pages(office: Office) -> Blueprint:
    """Return the pages under `/cases/<number>/papers`."""
    pages = Blueprint("papers", __name__)
    work, store, clock = Work(office), office.store, office.clock

    def paper_of(number: str, paper_id: int) -> Material:
        """Return a paper of this very case, if the current user may see that; else the page ends."""
        with store.reading() as connection:
            case = work.case(connection, number)
            found = material(connection, paper_id)
        if found is None or found.case_id != case.id:
            abort(404)
        return found

    @pages.get("/cases/<number>/papers/<int:paper_id>")
    @allowed(*READERS)
    def paper(number: str, paper_id: int) -> Page:
        found = paper_of(number, paper_id)
        with store.reading() as connection:
            shown = view_of(connection, office, work.case(connection, number))
        place = next(at for at, one in enumerate(shown.papers) if one.id == paper_id)
        audited(office, "case read", f"case:{number}", {"paper": paper_id})
        return render_template(
            "console/paper.html",
            one=shown,
            paper=shown.papers[place],
            is_picture=found.media_type in _PICTURES,
            before=shown.papers[place - 1].id if place else None,
            after=shown.papers[place + 1].id if place + 1 < len(shown.papers) else None,
            place=place + 1,
            reasons=REASONS,
            longest=LONGEST_REASON,
        )

    @pages.get("/cases/<number>/papers/<int:paper_id>/file")
    @allowed(*READERS)
    def file(number: str, paper_id: int) -> Response:
        return file_answer(office, paper_of(number, paper_id), subject=f"case:{number}")

    @pages.post("/cases/<number>/papers/<int:paper_id>/accept")
    @allowed(*DESK)
    def accept(number: str, paper_id: int) -> Page:
        paper_of(number, paper_id)
        return work.act(
            number, "accepted", lambda worker, connection: worker.accept(connection, number, paper_id, now=clock())
        )

    @pages.post("/cases/<number>/papers/<int:paper_id>/refuse")
    @allowed(*DESK)
    def refuse(number: str, paper_id: int) -> Page:
        paper_of(number, paper_id)
        own, chosen = request.form.get("own", "").strip(), request.form.get("reason", "").strip()
        reason = "；".join(part for part in (chosen, own) if part)[: LONGEST_REASON + 1]
        return work.act(
            number,
            "refused",
            lambda worker, connection: (
                "refused" if worker.refuse(connection, number, paper_id, reason, now=clock()) else "refused-untold"
            ),
        )

    @pages.post("/cases/<number>/papers/<int:paper_id>/sort")
    @allowed(*DESK)
    def sort(number: str, paper_id: int) -> Page:
        paper_of(number, paper_id)
        kind = request.form.get("material", "")
        return work.act(
            number, "sorted", lambda worker, connection: worker.sort(connection, number, paper_id, kind, now=clock())
        )

    @pages.get("/cases/<number>/papers")
    @allowed(*READERS)
    def papers(number: str) -> Page:
        return redirect(url_for("console.cases.case", number=number))

    return pages


def file_answer(office: Office, paper: Material, *, subject: str) -> Response:
    """Return the content of a paper that the current user may see, after a row in the audit; 404 where it is gone."""
    if paper.file is None or paper.state not in ("kept", "refused") or not _is_shown(paper.media_type):
        abort(404)
    # The row comes before the content: nothing is read without a trace of it.
    who, keys, now, fields = current_user().actor, office.store.keys, office.clock(), (f"paper {paper.id}",)
    office.store.write(
        lambda connection: audit.reveal(connection, keys, actor=who, subject=subject, fields=fields, now=now)
    )
    try:
        content = office.papers.read(paper.file)
    except Unreadable:
        abort(404)
    return _file(content, paper, as_download="download" in request.args)


def _is_shown(media_type: str | None) -> bool:
    return media_type in _ENDINGS


def _file(content: bytes, paper: Material, *, as_download: bool) -> Response:
    answer = make_response(content)
    answer.mimetype = paper.media_type or _PDF
    ending = _ENDINGS.get(paper.media_type or "", "pdf")
    way = "attachment" if as_download or paper.media_type == _VOICE else "inline"
    answer.headers["Content-Disposition"] = f'{way}; filename="paper-{paper.id}.{ending}"'
    answer.headers["Content-Security-Policy"] = _OF_PDF if answer.mimetype == _PDF else _OF_PICTURE
    answer.headers["Cache-Control"] = "no-store"
    return answer
