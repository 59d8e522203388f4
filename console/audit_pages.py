"""The audit trail as a page: who read or did what, searched by person, thing, act and day. It only reads."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, render_template, request

from bot.clock import CHINA
from care import audit
from care.audit import Entry
from console.audit_words import AuditWords
from console.office import Office
from console.rights import allowed, audited

_PAGE = 100
_ASKED = ("actor", "subject", "action", "on")


def audit_pages(office: Office) -> Blueprint:
    """Return the page of the audit trail."""
    pages, in_words = Blueprint("audit", __name__), AuditWords(office.library)

    @pages.get("/audit")
    @allowed("supervisor", "auditor")
    def trail() -> str:
        asked = {name: in_words.stored(request.args.get(name, "")[:80]) for name in _ASKED}
        before = request.args.get("before", "")
        rows = _found(office, asked, before=int(before) if before.isascii() and before.isdigit() else None)
        if any(asked.values()):
            audited(office, "audit searched", "audit", {name: value for name, value in asked.items() if value})
        older = rows[_PAGE - 1].id if len(rows) > _PAGE else None
        return render_template("console/audit.html", asked=asked, rows=rows[:_PAGE], older=older, words=in_words)

    @pages.post("/audit/check")
    @allowed("supervisor", "auditor")
    def check() -> str:
        with office.store.reading() as connection:
            broken = audit.verify(connection, office.store.keys)
        audited(office, "audit verified", "audit", {"broken_at": broken} if broken else {"whole": True})
        rows = _found(office, {}, before=None)
        asked = dict.fromkeys(_ASKED, "")
        return render_template(
            "console/audit.html",
            asked=asked,
            rows=rows[:_PAGE],
            older=None,
            words=in_words,
            is_checked=True,
            broken=broken,
        )

    return pages


def _found(office: Office, asked: dict[str, str], *, before: int | None) -> list[Entry]:
    since, until = _day(asked.get("on", ""))
    with office.store.reading() as connection:
        return audit.searched(
            connection,
            office.store.keys,
            actor=asked.get("actor", ""),
            subject=asked.get("subject", ""),
            action=asked.get("action", ""),
            since=since,
            until=until,
            before=before,
            limit=_PAGE + 1,
        )


def _day(text: str) -> tuple[datetime | None, datetime | None]:
    try:
        start = datetime.combine(date.fromisoformat(text), time(), CHINA)
        return start, start + timedelta(days=1)
    except (ValueError, OverflowError):
        return None, None
