"""The page of figures: charts, each with the table of the same figures, and each table as a CSV file."""

import csv
import io
import threading
import time
from collections.abc import Callable

from flask import Blueprint, Response, abort, render_template, request

from console.figure_charts import chart_of
from console.figure_tables import DAYS, Cell, Table, by_id, span_of, tables
from console.office import Office
from console.rights import allowed, audited

_ROLES = ("operator", "supervisor", "auditor")
_DEFAULT_DAYS = 30
_FRESH_SECONDS = 30.0
_SHARE = 20
_CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def figure_pages(office: Office) -> Blueprint:
    """Return the pages under `/figures`."""
    pages = Blueprint("figures", __name__)
    counted = _Counted(office)

    @pages.get("/figures")
    @allowed(*_ROLES)
    def figures() -> str:
        days, product = _asked(office)
        names = {id: handbook.product.short for id, handbook in office.library.handbooks.items()}
        return render_template(
            "console/figures.html",
            tables=counted(days, product),
            days=days,
            product=product or "",
            choices=DAYS,
            products=names,
        )

    @pages.get("/figures/<table>.svg")
    @allowed(*_ROLES)
    def chart(table: str) -> Response:
        found = _table(office, counted, table)
        if not found.charted:
            abort(404)
        answer = Response(chart_of(found), mimetype="image/svg+xml")
        # Opened by itself, too, it runs nothing; its style stands inside it.
        answer.headers["Content-Security-Policy"] = _CHART_POLICY
        return answer

    @pages.get("/figures/<table>.csv")
    @allowed(*_ROLES)
    def export(table: str) -> Response:
        found = _table(office, counted, table)
        days, product = _asked(office)
        audited(office, "figures exported", f"figures:{table}", {"days": days, "product": product or "all"})
        answer = Response(_csv(found), mimetype="text/csv")
        answer.headers["Content-Disposition"] = f'attachment; filename="{table}-{days}d.csv"'
        return answer

    return pages


class _Counted:
    """Figures of half a minute ago will do: a page and its charts count once, and no crowd of pages counts more.

    What took long to count is kept longer, so that counting never takes more than a twentieth of the time.
    """

    def __init__(self, office: Office, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._office = office
        self._seconds = seconds
        self._counting = threading.Lock()
        self._kept: dict[tuple[int, str | None], tuple[float, list[Table]]] = {}

    def __call__(self, days: int, product: str | None) -> list[Table]:
        with self._counting:
            kept = self._kept.get((days, product))
            began = self._seconds()
            if kept is not None and began < kept[0]:
                return kept[1]
            with self._office.store.reading() as connection:
                found = tables(connection, self._office.library, span_of(days, product, now=self._office.clock()))
            ended = self._seconds()
            self._kept[days, product] = (ended + max(_FRESH_SECONDS, _SHARE * (ended - began)), found)
            return found


def _table(office: Office, counted: _Counted, id: str) -> Table:
    found = by_id(counted(*_asked(office))).get(id)
    if found is None:
        abort(404)
    return found


def _asked(office: Office) -> tuple[int, str | None]:
    """Return the days and the product of the address; anything else counts as not said."""
    days, product = request.args.get("days", ""), request.args.get("product", "")
    wanted = {str(one): one for one in DAYS}.get(days, _DEFAULT_DAYS)
    return wanted, product if product in office.library.handbooks else None


def _csv(table: Table) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(table.columns)
    rows.writerows([_cell(cell) for cell in row] for row in table.rows)
    return written.getvalue().encode("utf-8-sig")  # the mark by which Excel reads UTF-8


def _cell(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
