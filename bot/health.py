"""Health: /healthz tells that the process answers, /readyz that it takes messages."""

from collections.abc import Callable

from flask import Blueprint, Response
from sqlalchemy import text

from bot.errors import AssistantError
from bot.store.migrate import is_current
from bot.store.store import Store


def health(*, store: Store, is_knowledge_loaded: Callable[[], bool], is_working: Callable[[], bool]) -> Blueprint:
    """Return the pages for whoever watches the service. `is_working` tells that this process's worker runs."""
    pages = Blueprint("health", __name__)
    migrated: list[bool] = []  # once it is so it stays so: a schema newer than this program is refused at start

    @pages.get("/healthz")
    def healthz() -> Response:
        return _told("ok")

    @pages.get("/readyz")
    def readyz() -> Response:
        return _told(*_wants())

    def _wants() -> list[str]:
        wanting = []
        if not is_knowledge_loaded():
            wanting.append("knowledge")
        if not store.writer.is_alive() or not is_working():
            wanting.append("worker")
        if not _is_reachable():
            wanting.append("database")
        return wanting or ["ok"]

    def _is_reachable() -> bool:
        try:
            with store.reading() as connection:
                connection.execute(text("SELECT 1"))
                if not migrated and is_current(connection):
                    migrated.append(True)
        except AssistantError:
            return False
        return bool(migrated)

    return pages


def _told(*words: str) -> Response:
    is_well = words == ("ok",)
    told = "ok\n" if is_well else f"not ready: {', '.join(words)}\n"
    return Response(told, status=200 if is_well else 503, mimetype="text/plain")
