"""Joins the desk: the handbooks, the router, what is stored of people, and who verifies policies."""

from collections.abc import Mapping, Sequence

from bot.clock import Clock
from bot.errors import ConfigurationFault
from bot.settings import Insurer as CoreSystemSettings
from bot.signed_api import SignedApi
from bot.store.store import Store
from care.consents import ConsentKind
from care.core_system import CoreSystem
from care.insurer import Insurer, InsurerOfProduct, LocalInsurer
from care.workdays import WorkCalendar
from handlers import form_files
from handlers.channels import Channels
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
    public_url: str = "",
    channels: Channels | None = None,
) -> Desk:
    """Return the desk of a serving process; without `insurer` policies are verified by the local table.

    `public_url` is what links in messages begin with; without it none are sent.

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
        public_url=public_url,
        channels=channels or Channels(),
    )
    assistant = Assistant(library, router, products=products)
    return Desk(house=house, assistant=assistant, wishes=Requests.load(), products=products)


def insurer_of(core_systems: Sequence[CoreSystemSettings], *, store: Store, library: Library, clock: Clock) -> Insurer:
    """Return who verifies policies: the core systems of the insurers that have one, else what was imported.

    Raises ConfigurationFault for a product that no handbook has.
    """
    known: dict[str, Insurer] = {}
    for one in core_systems:
        secret = one.secret.encode()
        api = SignedApi(name=one.name, base_url=one.base_url, key_id=one.key_id, secret=secret, ca_file=one.ca_file)
        for product in one.products:
            if product not in library.handbooks:
                raise ConfigurationFault(
                    f"insurers: {one.name}: products: {product} has no folder in knowledge/handbooks; correct it"
                )
            known[product] = CoreSystem(api.ask, clock=clock)
    local = LocalInsurer(store)
    return InsurerOfProduct(known, others=local) if known else local


def consent_versions() -> Mapping[ConsentKind, int]:
    """Return the versions of the texts that people agree to: those of the forms that show them."""
    personal, application = form_files.form("consent").version, form_files.form("application").version
    return {
        ConsentKind.PERSONAL: personal,
        ConsentKind.MEDICAL: application,
        ConsentKind.GUARDIAN: application,
        ConsentKind.SHARING: personal,
    }
