"""Which part of a queue a page asks for: the queue, a page of it, words to find in what its rows show."""

from collections.abc import Callable

from flask import request

from console.inbox_view import QUEUES, ListedRow
from console.wordings import reason

_LONGEST = 60  # characters that are looked for
_LAST_PAGE = 10_000


def queue_asked_for(otherwise: str = "waiting") -> str:
    """Return the queue of the address, or another where it names none."""
    queue = request.args.get("queue", "")
    return queue if queue in QUEUES else otherwise


def page_asked_for() -> int:
    """Return the number of the page, from 1."""
    page = request.args.get("page", "")
    return min(max(1, int(page)), _LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 6 else 1


def words_asked_for() -> str:
    """Return what is looked for; empty: nothing."""
    return " ".join(request.args.get("find", "").split())[:_LONGEST]


def finder(words: str) -> Callable[[ListedRow], bool]:
    """Return what tells whether a row shows all of these words: in its name, what was said last, whatever it is about.

    Only what the list shows is looked at: what is masked there cannot be guessed by searching.
    """
    wanted = words.casefold().split()

    def is_found(row: ListedRow) -> bool:
        shown = (row.who, row.words, row.account, row.product, row.staff_name, row.offered_name)
        why = reason(row.reason) if row.reason and row.queue != "bot" else ""
        text = " ".join(part for part in (*shown, why) if part).casefold()
        return all(word in text for word in wanted)

    return is_found
