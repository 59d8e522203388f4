"""The demo's policies as the page shows them, of made-up people: with these numbers a newcomer can try to apply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from care import csv_file
from care.policy import Policy, standing
from care.policy_import import DEMO_POLICIES
from care.policy_rows import COLUMNS, read_policy
from handlers.wording import say


@dataclass(frozen=True, kw_only=True)
class DemoPolicy:
    """What one needs to know of a policy to verify it, and how it stands."""

    product: str
    number: str
    insured: Sequence[str]
    phone_last4: str
    about: str


def demo_policies(products: Mapping[str, str], *, today: date) -> list[DemoPolicy]:
    """Return the demo's policies of some products (id → what it is called), the first product's first."""
    found: dict[str, list[Policy]] = {}
    for _line, cells, _fault in csv_file.rows(DEMO_POLICIES, COLUMNS):
        if cells["product"] in products:
            row = read_policy(cells, products=products, today=today)
            found.setdefault(row.number, []).append(row)
    order = list(products)
    shown = sorted(found.values(), key=lambda rows: order.index(rows[0].product))
    return [_shown(rows, products[rows[0].product], today) for rows in shown]


def _shown(rows: Sequence[Policy], product: str, today: date) -> DemoPolicy:
    """Make one of the rows of a policy, which name one insured person each."""
    policy = rows[0]
    return DemoPolicy(
        product=product,
        number=policy.number,
        insured=[person.name for row in rows for person in row.insured],
        phone_last4=policy.holder_phone[-4:],
        about=f"{policy.effective_on.isoformat()} 起，{say(f'standing_{standing(policy, today)}')}",
    )
