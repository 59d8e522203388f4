"""The page behind a signed link on which a person opens a file that a health manager sent.

Opening the link shows nothing of the file: messengers open links themselves to show previews. The button's POST does.
"""

from flask import Blueprint, Response, render_template
from sqlalchemy import Connection

from bot.clock import Clock, in_china, system_clock
from bot.keys import Unreadable
from bot.sealed_files import SealedFiles
from bot.store.store import Store
from care import audit, sent_files
from care.sent_files import SentFile
from console.signed_links import private

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


def sent_file_pages(*, store: Store, files: SealedFiles, clock: Clock = system_clock) -> Blueprint:
    """Return the pages under `/files/<token>`; `files` is the folder that people's papers lie in."""
    pages = Blueprint("sent_files", __name__, template_folder="templates")

    def found(token: str) -> SentFile | None:
        with store.reading() as connection:
            return sent_files.find(connection, store.keys, token, now=clock())

    @pages.get("/files/<token>")
    def offer(token: str) -> Response:
        file = found(token)
        if file is None:
            return _over()
        until = f"{in_china(file.expires_at):%m月%d日 %H:%M}"
        kind = "PDF 文件" if file.media_type == "application/pdf" else "图片"
        return private(render_template("sent_file.html", until=until, kind=kind, megabytes=file.bytes / 1024 / 1024))

    @pages.post("/files/<token>")
    def content(token: str) -> Response:
        file = found(token)
        if file is None:
            return _over()
        try:
            plain = files.read(file.file)
        except Unreadable:
            return _over()
        store.write(lambda connection: _note(connection, file))
        answer = private(plain)
        answer.mimetype = file.media_type
        ending = _ENDINGS.get(file.media_type, "bin")
        answer.headers["Content-Disposition"] = f'attachment; filename="file-{file.id}.{ending}"'
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer

    def _note(connection: Connection, file: SentFile) -> None:
        name = f"contact:{file.contact_id}"
        audit.append(connection, store.keys, actor=name, action="sent file opened", subject=name, now=clock())

    return pages


def _over() -> Response:
    # The same words for a wrong, an old and a deleted file's link: they tell nothing to who tries links.
    return private(render_template("sent_file.html", until=None, kind="", megabytes=0), status=404)
