"""The page behind a signed link on which a person fetches the copy of what is stored about them.

Opening the link costs nothing: messengers open links themselves to show previews. The button's POST is the download.
"""

from flask import Blueprint, Response, render_template

from bot.clock import Clock, in_china, system_clock
from bot.keys import Unreadable
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import personal_export
from care.personal_export import Export
from console.signed_links import private


def export_pages(*, store: Store, copies: SealedFiles, clock: Clock = system_clock) -> Blueprint:
    """Return the pages under `/exports/<token>`; `copies` is the folder that make_export writes to."""
    pages = Blueprint("exports", __name__, template_folder="templates")

    def found(token: str) -> Export | None:
        with store.reading() as connection:
            return personal_export.find(connection, store.keys, token, now=clock())

    @pages.get("/exports/<token>")
    def offer(token: str) -> Response:
        export = found(token)
        if export is None:
            return _over()
        until = f"{in_china(export.expires_at):%m月%d日 %H:%M}"
        return private(render_template("export.html", until=until, downloads_left=export.downloads_left))

    @pages.post("/exports/<token>")
    def download(token: str) -> Response:
        export = found(token)
        if export is None:
            return _over()
        try:
            content = copies.read(export.file)
        except Unreadable:
            return _over()
        if not store.write(lambda connection: personal_export.take(connection, store.keys, export, now=clock())):
            return _over()
        answer = private(content)
        answer.mimetype = "application/zip"
        answer.headers["Content-Disposition"] = 'attachment; filename="my-information.zip"'
        return answer

    return pages


def _over() -> Response:
    # The same words for a wrong, an old and a used-up link: they tell nothing to who tries links.
    return private(render_template("export.html", until=None, downloads_left=0), status=404)
