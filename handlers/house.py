"""Joins the desk: the handbooks, the router, what is stored of people, and who verifies policies."""

from collections.abc import Mapping

from bot.store.store import Store
from care.consents import ConsentKind
from care.insurer import Insurer, LocalInsurer
from care.workdays import WorkCalendar
from handlers import form_files
from handlers.customers import Customers
from handlers.desk import Desk
from handlers.respond import Assistant
from handlers.scene import House
from intents.requests import Requests
from intents.router import Router
from knowledge.library import Library


def build_desk(
    *,
    library: Library,
    router: Router,
    store: Store,
    products: Mapping[str, tuple[str, ...]],
    insurer: Insurer | None = None,
) -> Desk:
    """Return the desk of a serving process; without `insurer` policies are verified by the local table.

    Raises ConfigurationFault for a form, request or calendar file that is not as it should be.
    """
    calendar = WorkCalendar.load()
    customers = Customers(store=store, library=library, calendar=calendar, versions=consent_versions())
    house = House(
        library=library,
        router=router,
        customers=customers,
        insurer=insurer or LocalInsurer(store),
        calendar=calendar,
    )
    assistant = Assistant(library, router, products=products)
    return Desk(house=house, assistant=assistant, wishes=Requests.load(), products=products)


def consent_versions() -> Mapping[ConsentKind, int]:
    """Return the versions of the texts that people agree to: those of the forms that show them."""
    personal, application = form_files.form("consent").version, form_files.form("application").version
    return {
        ConsentKind.PERSONAL: personal,
        ConsentKind.MEDICAL: application,
        ConsentKind.GUARDIAN: application,
        ConsentKind.SHARING: personal,
    }
