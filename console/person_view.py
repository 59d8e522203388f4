"""Everything a health manager needs to know of a person, as plain values: policies, family, uses, consents, children,
reminders, locks. Numbers are masked unless somebody asked to see them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, select

from bot.clock import in_china
from bot.store.people import conversation_of
from bot.store.schema import contacts
from care import attempts, bindings, call_attempts, children, consents, media, person_reminders, policies
from care.attempts import Lock
from care.call_attempts import Call
from care.case_board import Asked, Listed, listed
from care.child import Child
from care.consents import ConsentKind
from care.media import Material
from care.person_reminders import Seen
from care.policy import Policy, standing
from care.workdays import WorkCalendar
from console.case_board_page import product_name as product_called
from console.case_board_page import service_name, step_name
from console.case_words import Due, due_words, tail
from console.child_card import ChildCard, child_card
from console.joined_card import JoinedAccount, joined_accounts
from console.office import Office
from handlers.customers import Customers, covered
from handlers.house import consent_versions
from handlers.policy_words import person_name, plan_of
from handlers.reminder_kind import kind_title

RELATIONS = {"self": "本人", "spouse": "配偶", "child": "子女", "parent": "父母", "other": "其他"}
STANDINGS = {
    "in_force": ("有效", "good"), "not_begun": ("还没生效", "warn"), "expired": ("已到期", "bad"),
    "lapsed": ("效力中止", "bad"), "surrendered": ("已退保", "bad"), "unclear": ("状态要核实", "warn"),
}  # fmt: skip
DECISIONS = {"eligible": ("可以申请", "good"), "not_eligible": ("还不能", "bad"), "unknown": ("要核实", "warn")}
CONSENTS = {"personal": "使用个人信息", "medical": "使用病情资料", "guardian": "监护人同意", "sharing": "提供给合作方"}
REMINDER_STATES = {
    "planned": "等发送", "claimed": "正在发送", "handed": "已发出", "sent": "已送达", "called": "转电话", 
    "expired": "没有发", "dropped": "不用发了", "opted_out": "客户不要",
}  # fmt: skip
_MOST_CASES = 15  # under way, and as many that are over


@dataclass(frozen=True, kw_only=True)
class ServiceLine:
    """What is left of a service, for one person of a policy or for each of several."""

    service: str
    person: str = field(repr=False)
    left: str
    decision: str
    tone: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PersonOfPolicy:
    """Somebody covered."""

    name: str = field(repr=False)
    relation: str
    age: int
    id_number: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """One bound policy."""

    product: str
    plan: str
    number: str = field(repr=False)
    state: str
    tone: str
    effective_on: date
    expires_on: date
    holder: str = field(repr=False)
    holder_id_number: str = field(repr=False)
    holder_phone: str = field(repr=False)
    covered: Sequence[PersonOfPolicy]
    services: Sequence[ServiceLine]


@dataclass(frozen=True, kw_only=True)
class CaseLine:
    """One case of the person."""

    number: str
    service: str
    step: str
    is_open: bool
    due: Due


@dataclass(frozen=True, kw_only=True)
class PersonView:
    """A person with all that the card shows."""

    contact_id: int
    account: str
    known_since: datetime
    is_deleted: bool
    conversation_id: int | None
    policies: Sequence[PolicyCard]
    others: int
    is_revealed: bool
    consents: Sequence[tuple[str, bool, datetime]]
    locks: Sequence[Lock]
    cases: Sequence[CaseLine]
    children: Sequence[ChildCard]
    coming: Sequence[Seen]
    past: Sequence[Seen]
    stopped: Sequence[tuple[str, str]]
    calls: Sequence[Call]
    loose: Sequence[Material]
    joined: Sequence[JoinedAccount]


class People:
    """Reads people whole."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._calendar = WorkCalendar.load()

    def find(
        self, connection: Connection, contact_id: int, *, products: Sequence[str] | None, is_revealed: bool = False
    ) -> PersonView | None:
        """Return a person, or None where there is none. `products`: those whose policies may be seen (None: all)."""
        office, keys, now = self._office, self._office.store.keys, self._office.clock()
        row = connection.execute(select(contacts).where(contacts.c.id == contact_id)).first()
        if row is None:
            return None
        conversation_id = conversation_of(connection, contact_id)
        numbers = [one.policy_id for one in bindings.of_contact(connection, contact_id)]
        bound = policies.by_ids(connection, keys, numbers)
        shown = [one for one in bound if products is None or one.product in products]
        account = office.accounts.get(row.account)
        return PersonView(
            contact_id=contact_id,
            account=account.name if account else row.account,
            known_since=row.created_at,
            is_deleted=conversation_id is None,
            conversation_id=conversation_id,
            policies=[self._policy(contact_id, one, now, is_revealed=is_revealed) for one in shown],
            others=len(bound) - len(shown),
            is_revealed=is_revealed,
            consents=_consents(connection, contact_id),
            locks=attempts.locks_of(connection, contact_id, now=now),
            cases=self._cases(connection, contact_id, products, now),
            children=[
                child_card(one, in_china(now).date())
                for one in children.children_of_contact(connection, keys, contact_id)
                if _is_seen(one, bound, products)
            ],
            coming=person_reminders.coming(connection, contact_id, now=now),
            past=person_reminders.past(connection, contact_id),
            stopped=[(kind, kind_title(kind)) for kind in person_reminders.opted_out_of(connection, contact_id)],
            calls=call_attempts.calls(connection, keys, contact_id=contact_id),
            loose=media.unassigned(connection, contact_id),
            joined=joined_accounts(connection, office, contact_id),
        )

    def _policy(self, contact_id: int, policy: Policy, now: datetime, *, is_revealed: bool) -> PolicyCard:
        today = in_china(now).date()
        state, tone = STANDINGS[standing(policy, today)]
        shown = str if is_revealed else tail
        return PolicyCard(
            product=product_called(self._office.library, policy.product),
            plan=plan_of(policy),
            number=shown(policy.number),
            state=state,
            tone=tone,
            effective_on=policy.effective_on,
            expires_on=policy.expires_on,
            holder=policy.holder_name,
            holder_id_number=shown(policy.holder_id_number),
            holder_phone=shown(policy.holder_phone),
            covered=[
                PersonOfPolicy(
                    name=one.name,
                    relation=RELATIONS.get(one.relation, one.relation),
                    age=_years(one.birth, today),
                    id_number=shown(one.id_number),
                )
                for one in policy.insured
            ],
            services=list(self._services(contact_id, policy, now)),
        )

    def _services(self, contact_id: int, policy: Policy, now: datetime) -> Iterator[ServiceLine]:
        handbook = self._office.library.handbooks.get(policy.product)
        if handbook is None:
            return
        records = Customers(
            store=self._office.store, library=self._office.library, calendar=self._calendar, versions=consent_versions()
        )
        customer = records.of(contact_id)
        for id, flow in handbook.flows.items():
            alike: dict[tuple[str, str, str, str], list[str]] = {}
            for person in covered(policy, flow):
                verdict = customer.verdict(policy, person, id, now=now)
                left = "不限次数" if verdict.uses_left is None else f"还剩 {verdict.uses_left} 次"
                why = "".join(check.why for check in verdict.against)
                told = (left, *DECISIONS[verdict.decision], why)
                alike.setdefault(told, []).append(person_name(policy, person))
            service = service_name(self._office.library, policy.product, id)
            for (left, decision, tone, why), names in alike.items():
                for_all = len(alike) == 1 and len(names) > 1
                yield ServiceLine(
                    service=service,
                    person="每人" if for_all else "、".join(names),
                    left=left,
                    decision=decision,
                    tone=tone,
                    why=why,
                )

    def _cases(
        self, connection: Connection, contact_id: int, products: Sequence[str] | None, now: datetime
    ) -> list[CaseLine]:
        library, rows = self._office.library, list[Listed]()
        for is_open in (True, False):
            asked = Asked(products=products, contact_id=contact_id, is_open=is_open)
            rows += listed(connection, asked, now=now, limit=_MOST_CASES)
        return [
            CaseLine(
                number=row.number,
                service=service_name(library, row.product, row.service),
                step=step_name(library, row.product, row.service, row.step),
                is_open=row.is_open,
                due=due_words(row.due_at, is_paused=row.is_paused, is_open=row.is_open, now=now),
            )
            for row in rows
        ]


def _is_seen(child: Child, bound: Sequence[Policy], products: Sequence[str] | None) -> bool:
    if products is None or child.policy_id is None:
        return True
    return any(one.id == child.policy_id and one.product in products for one in bound)


def _consents(connection: Connection, contact_id: int) -> list[tuple[str, bool, datetime]]:
    """Return (what, whether it stands, since when) for each kind, by its latest agreement."""
    latest = {one.kind: one for one in consents.history(connection, contact_id)}
    return [
        (CONSENTS[kind.value], latest[kind].withdrawn_at is None, latest[kind].withdrawn_at or latest[kind].given_at)
        for kind in ConsentKind
        if kind in latest
    ]


def _years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
