"""A customer service account put together for tests: the platform's twin, the channel, turns, outbox, one store."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bot.accounts import WecomKfAccount
from bot.channels.qyapi_codes import fault_of
from bot.channels.wecom_kf import WecomKfChannel
from bot.errors import RetryLater
from bot.kf.sessions import Session, of_contact
from bot.kf.tables import kf_cursors
from bot.messages import Inbound, Kind, Outcome, Reply, Turn
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.store.schema import conversations, delivery_reports, inbound, outbox
from bot.store.store import Store
from bot.turns import Turns
from console.platform.corporation import App, Corporation
from console.platform.kf import KfTwin
from console.platform.kf_phone import KfPhone
from console.platform.ledger import Ledger
from console.platform.twin import PlatformFault
from console.platform.wecom_phone import WeComPhoneAccount
from tests.bot.channels.conftest import KEY, TOKEN, OpenBox
from tests.clocks import FixedClock

CORP, SECRET = "ww0000000000000001", "secret-of-customer-service"
APP = App(corp_id=CORP, secret=SECRET)
POINT, OTHER_POINT = "wk0000000000000000000000000001", "wk0000000000000000000000000002"
CUSTOMER, SERVICER = "wm-lin", "WangGuanjia"


def kf_account(**fields: Any) -> WecomKfAccount:
    """The account as the TOML file gives it."""
    given = {
        "id": "kf",
        "channel": "wecom_kf",
        "name": "微信客服",
        "products": ("zhenai-wuxian-2023",),
        "token": TOKEN,
        "corp_id": CORP,
        "secret": SECRET,
        "encoding_aes_key": KEY,
        "open_kfids": (POINT,),
        "hand_over": "native",
    }
    return WecomKfAccount.model_validate({**given, **fields})


def kf_phone(clock: FixedClock) -> KfPhone:
    """The platform's callbacks to the account."""
    return KfPhone(WeComPhoneAccount(id="kf", corp_id=CORP, token=TOKEN, encoding_aes_key=KEY), clock=clock)


def kf_twin(folder: Path, clock: FixedClock) -> KfTwin:
    """The platform with the account's service points."""
    corporation = Corporation(ledger=Ledger(folder / "kf-twin.sqlite3", OpenBox()), apps=[APP], clock=clock)
    return KfTwin(twin=corporation, points={POINT: APP.id, OTHER_POINT: APP.id})


class DirectCalls:
    """The twin without HTTP between: quick, with the same errors."""

    def __init__(self, twin: KfTwin) -> None:
        self._twin = twin
        self.calls: list[str] = []

    def post(self, interface: str, order: Mapping[str, Any]) -> dict[str, Any]:
        twin = self._twin
        calls: dict[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
            "kf/sync_msg": twin.sync,
            "kf/send_msg": twin.send,
            "kf/send_msg_on_event": twin.send_on_event,
            "kf/service_state/get": twin.state,
            "kf/service_state/trans": twin.move,
            "kf/customer/batchget": twin.customers,
        }
        return self._called(interface, lambda: calls[interface](self._token(), order))

    def get(self, interface: str, **query: str) -> dict[str, Any]:
        assert interface == "kf/servicer/list"
        return self._called(interface, lambda: self._twin.servicers(self._token(), query["open_kfid"]))

    def fetch_media(self, media_id: str) -> bytes:
        raise AssertionError("files are fetched over HTTP in these tests")

    def _token(self) -> str:
        corporation = self._twin.twin
        assert isinstance(corporation, Corporation)
        return corporation.token_of(CORP, SECRET)[0]

    def _called(self, interface: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(interface)
        try:
            return call()
        except PlatformFault as fault:
            if 500 <= fault.code < 600:
                raise RetryLater(f"HTTP {fault.code}") from None
            raise fault_of(fault.code) from None


def echo(turn: Turn) -> Outcome:
    """Answer "1 …", "2 …"; 人工 asks for a person; 菜单 offers choices; 多条 says six things."""
    said = turn.inbound.text
    number = turn.conversation.state.get("number", 0) + 1
    if turn.inbound.kind is Kind.EVENT:
        return Outcome(replies=(Reply(text=f"欢迎：{turn.inbound.event}"),))
    if said == "菜单":
        return Outcome(replies=(Reply(text="您想问：\n1. 等待期\n2. 怎么申请\n回复数字就行。"),))
    if said == "多条":
        return Outcome(replies=tuple(Reply(text=f"第{at}条") for at in range(1, 7)))
    wants = "asked" if said == "人工" else None
    return Outcome(replies=(Reply(text=f"{number} {said}"),), state={"number": number}, hand_over=wants)


class Place:
    """Everything of one account. Nothing runs by itself: `work` does what threads would do."""

    def __init__(
        self,
        store: Store,
        twin: KfTwin,
        clock: FixedClock,
        *,
        handler: Callable[[Turn], Outcome] = echo,
        while_human: Callable[[Turn], Outcome] | None = None,
        **account: Any,
    ) -> None:
        self.store, self.twin, self.clock = store, twin, clock
        self.calls = DirectCalls(twin)
        self.account = kf_account(**account)
        self.channel = WecomKfChannel(self.account, store=store, calls=self.calls, clock=clock)
        self.phone = kf_phone(clock)
        self.turns_begun: list[Inbound] = []
        self.outbox = Outbox(
            store=store, channels={"kf": self.channel}, clock=clock, policy=RetryPolicy(), chance=random.Random(7)
        )
        self.turns = Turns(
            store=store,
            handler=handler,
            while_human=while_human,
            max_bytes=lambda _: self.channel.max_bytes,
            clock=clock,
            budget_seconds=20,
            may_speak=lambda conversation: conversation.id == 0 or self.channel.may_speak(conversation.id),
        )

    def says(self, text: str, *, customer: str = CUSTOMER, **more: str) -> None:
        """Let a customer write, and do all that follows."""
        self.twin.say(POINT, customer, text, **more)
        self.work()

    def fetch(self, open_kfid: str = POINT) -> int | None:
        """Let the pump fetch all, and wait for the turns."""
        begun = []

        def begin(message: Inbound) -> Any:
            self.turns_begun.append(message)
            begun.append(self.turns.begin(message))
            return begun[-1]

        count = self.channel.pumps[open_kfid].fetch(begin)
        for ticket in begun:
            assert ticket.wait(20)
            ticket.result()
        return count

    def work(self) -> None:
        """Fetch, send, move, until nothing is left to do."""
        for _ in range(3):
            self.fetch()
            self.outbox.deliver_due()
            if self.channel.mover is not None:
                self.channel.mover.once()

    def shown(self, customer: str = CUSTOMER) -> list[str]:
        """What a customer's phone shows of the other side."""
        return [bubble.text for bubble in self.twin.ledger.bubbles(POINT, customer) if bubble.side != "note"]

    def session(self, customer: str = CUSTOMER) -> Session | None:
        with self.store.reading() as connection:
            return of_contact(connection, self.store.keys, account="kf", contact=customer)

    def paged(self) -> bool:
        """Whether somebody was alerted."""
        with self.store.reading() as connection:
            return connection.scalar(select(conversations.c.paged_at)) is not None

    def owner(self) -> str:
        with self.store.reading() as connection:
            return str(connection.scalar(select(conversations.c.owner)))

    def rows(self, table: Any) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))

    def outbox_rows(self) -> list[Any]:
        return self.rows(outbox)

    def inbound_rows(self) -> list[Any]:
        return self.rows(inbound)

    def reports(self) -> list[Any]:
        with self.store.reading() as connection:
            return list(connection.execute(select(delivery_reports)))

    def forget_cursor(self) -> None:
        """Let the next fetch begin at the oldest message again."""
        self.store.write(lambda connection: connection.execute(update(kf_cursors).values(cursor="")) and None)
