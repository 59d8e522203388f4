"""The inbox: who waits, who is looked after, who talks with the bot."""

from flask import Blueprint, render_template

from console.office import Office
from console.rights import EVERYBODY, allowed


def inbox_pages(office: Office) -> Blueprint:
    """Return the pages of the inbox."""
    pages = Blueprint("inbox", __name__)

    @pages.get("/")
    @allowed(*EVERYBODY)
    def inbox() -> str:
        return render_template("console/inbox.html")

    return pages
