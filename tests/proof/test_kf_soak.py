"""Customer service under trouble: failing calls, lost answers, repeated pages, doubled and lost callbacks, kill -9.

Each message is handled once and in order, replies stay within the platform's five, none is taken after a servicer has
the session, and what the customer sees comes once.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import text

from bot.clock import system_clock
from bot.keys import load_keys
from bot.kf.sessions import State
from bot.store.encoding import state_from
from bot.store.inbox import state_place
from bot.store.people import cipher_of
from bot.store.store import Store
from console.platform.kf import Disturbance, KfTwin
from console.platform.kf_routes import kf_pages
from console.platform.twin import PlatformFault
from console.platform.wecom_routes import corporation_pages
from tests.bot.channels.conftest import KEY, TOKEN
from tests.bot.kf.place import CORP, POINT, SECRET, kf_phone, kf_twin
from tests.proof.servers import EchoServer
from tests.served import served
from tests.waiting import eventually

_SERVICERS = ("WangGuanjia", "LiGuanjia")
_MESSAGES_EACH = 25
_ALL_PLACES = 5
_PARKED = "the five messages"


class Refusals(Counter[int]):
    """How often the platform refused a message, by code."""

    def watch(self, twin: KfTwin) -> None:
        send = twin.send

        def watched(token: str, order: Mapping[str, Any]) -> dict[str, Any]:
            try:
                return send(token, order)
            except PlatformFault as fault:
                self[fault.code] += 1
                raise

        twin.send = watched  # type: ignore[method-assign]  # the routes ask for it when they are made


class World:
    """Customers who write, servicers who answer, and the platform between them and the server."""

    def __init__(self, twin: KfTwin, server: EchoServer, chance: random.Random, *, messages: int) -> None:
        self.twin, self.server, self.chance, self.messages = twin, server, chance, messages
        self.customers = [f"wm-{number}" for number in range(max(4, messages // _MESSAGES_EACH))]
        self.said: dict[str, list[str]] = defaultdict(list)
        self.taken = self.doubled = self.unheard = 0
        self._phone = kf_phone(system_clock)
        self._session = requests.Session()

    @contextmanager
    def attended(self) -> Iterator[None]:
        """Have servicers at work: also after everything was said, or who waits in the queue would wait for ever."""
        over = threading.Event()
        serving = threading.Thread(target=self._serve, args=(over,), daemon=True)
        serving.start()
        try:
            yield
        finally:
            over.set()
            serving.join(60)

    def live(self, *, kills: int) -> None:
        """Let everything be said, with kills between."""
        every = self.messages // (kills + 1)
        for number in range(self.messages):
            self._say(number)
            if number % every == every - 1 and number < every * kills:
                self.server.kill()
                self.server.start()

    def announce(self, token: str, *, times: int = 1) -> None:
        """Deliver the callback so often; a server that is down loses it."""
        delivery = self._phone.announce(POINT, token)
        for _ in range(times):
            try:
                url = f"http://127.0.0.1:{self.server.port}/webhooks/kf"
                self._session.post(url, params=dict(delivery.query), data=delivery.body, timeout=5)
            except requests.RequestException:
                return

    def _say(self, number: int) -> None:
        customer = self._who_writes()
        kind = self.chance.choices(("plain", "many", "person"), (90, 4, 6))[0]
        words = f"{kind} {len(self.said[customer])}"
        token = self.twin.say(POINT, customer, words, key=f"{customer}-{number}")
        self.said[customer].append(words)
        times = self.chance.choices((0, 1, 3), (10, 75, 15))[0]
        self.doubled += times == 3
        self.unheard += times == 0
        self.announce(token, times=times)

    def _who_writes(self) -> str:
        """Most people wait for an answer before they write again; some write on."""
        for _ in range(20):
            customer = self.chance.choice(self.customers)
            known = self.twin.state_of(POINT, customer)
            is_unanswered = known is not None and known[0] in (State.NEW, State.BOT) and known[2] == _ALL_PLACES
            if not is_unanswered or self.chance.random() < 0.02:
                return customer
        threading.Event().wait(0.05)
        return customer

    def _serve(self, over: threading.Event) -> None:
        """Servicers: answer whoever they have, end some sessions, take some from the bot unasked."""
        chance = random.Random(7)
        while not over.wait(0.02):
            customer, userid = chance.choice(self.customers), chance.choice(_SERVICERS)
            self._serve_one(customer, userid, chance)

    def _serve_one(self, customer: str, userid: str, chance: random.Random) -> None:
        known = self.twin.state_of(POINT, customer)
        if known is None:
            return
        state, servicer, _ = known
        try:
            if state is State.SERVICER:
                token = self.twin.answer(POINT, customer, servicer, "您好")
                if chance.random() < 0.7:
                    token = self.twin.end(POINT, customer, servicer)
            elif state is State.QUEUE or chance.random() < 0.02:
                token = self.twin.pick_up(POINT, customer, userid)
                self.taken += 1
            else:
                return
        except PlatformFault:
            return
        self.announce(token)


class Stored:
    """What the server's database says at the end."""

    def __init__(self, directory: Path, url: str) -> None:
        self.store = Store(url, load_keys({}, directory))

    def left(self) -> int:
        """Count what is still to be done: turns, and messages that do not wait for their customer."""
        with self.store.reading() as connection:
            turns = connection.execute(text("SELECT count(*) FROM inbound WHERE reply_state = 'acknowledged'")).scalar()
            waiting = connection.execute(
                text("SELECT conversation_id, error FROM outbox WHERE state IN ('pending', 'claimed')")
            ).all()
            parked = {row.conversation_id for row in waiting if _PARKED in (row.error or "")}
            return (turns or 0) + sum(row.conversation_id not in parked for row in waiting)

    def messages(self) -> int:
        with self.store.reading() as connection:
            return connection.execute(text("SELECT count(*) FROM inbound WHERE kind = 'text'")).scalar() or 0

    def numbers(self) -> dict[int, tuple[int, int]]:
        """Return, by conversation, how many turns the handler counted, and how many are recorded as answered."""
        found: dict[int, tuple[int, int]] = {}
        with self.store.reading() as connection:
            answered = Counter(
                row.conversation_id
                for row in connection.execute(text("SELECT conversation_id FROM inbound WHERE reply_state = 'outbox'"))
            )
            for row in connection.execute(text("SELECT id, contact_id, state FROM conversations")).all():
                plain = (
                    None
                    if row.state is None
                    else cipher_of(connection, self.store.keys, row.contact_id).open(
                        row.state, place=state_place(row.id)
                    )
                )
                number = 0 if plain is None else state_from(plain).get("number", 0)
                found[row.id] = (number, answered[row.id])
        return found


def _config(directory: Path, platform: str) -> Path:
    path = directory / "assistant.toml"
    path.write_text(
        f"""
[[accounts]]
id = "kf"
channel = "wecom_kf"
name = "微信客服"
products = ["zhenai-wuxian-2023"]
token = "{TOKEN}"
corp_id = "{CORP}"
secret = "{SECRET}"
encoding_aes_key = "{KEY}"
open_kfids = ["{POINT}"]
hand_over = "native"
api_base_url = "{platform}"
""",
        encoding="utf-8",
    )
    return path


def _shown(twin: KfTwin, customer: str) -> list[tuple[int, int, str]]:
    """Return what a customer's phone shows of the bot: number of the turn, part, words."""
    shown = []
    for bubble in twin.ledger.bubbles(POINT, customer):
        if bubble.side == "push":
            place, words = bubble.text.split(" ", 1)
            number, part = place.split(".")
            shown.append((int(number), int(part), words))
    return shown


@pytest.mark.timeout(3500)
@pytest.mark.parametrize(
    ("messages", "kills"), [(120, 1), pytest.param(50_000, 12, marks=pytest.mark.proof)], ids=["120", "50000"]
)
def test_every_message_is_handled_once_in_order_within_the_platforms_rules(
    tmp_path: Path, messages: int, kills: int
) -> None:
    chance, began = random.Random(messages), time.monotonic()
    twin, refused = kf_twin(tmp_path, system_clock), Refusals()  # type: ignore[arg-type]  # any clock will do
    refused.watch(twin)
    for userid in _SERVICERS:
        twin.employ(POINT, userid)
    twin.disturbance = Disturbance(chance=random.Random(3), failing=0.05, repeating=0.05)
    platform = Flask("platform")
    platform.register_blueprint(corporation_pages(twin.twin))  # type: ignore[arg-type]  # it is WeCom's twin here
    platform.register_blueprint(kf_pages(twin))
    with served(platform) as address:
        config = _config(tmp_path, address)
        server = EchoServer(tmp_path, module="tests.kf_server", ASSISTANT_CONFIG=str(config))
        server.start()
        world = World(twin, server, chance, messages=messages)
        stored = Stored(tmp_path, f"sqlite:///{tmp_path / 'assistant.db'}")
        try:
            with world.attended():
                world.live(kills=kills)
                twin.disturbance = None
                said = time.monotonic() - began

                def is_done() -> bool:
                    world.announce(twin.recall(POINT, world.customers[0], "x"))
                    threading.Event().wait(0.5)
                    return stored.messages() == messages and stored.left() == 0

                assert eventually(is_done, within_seconds=60 + messages / 20), (stored.messages(), stored.left())
        finally:
            server.kill()
        _check(world, stored, refused)
        stored.store.close()
    counted = {"messages": messages, "customers": len(world.customers), "kills": kills, "taken": world.taken}
    print(f"{counted} said in {said:.0f} s, done in {time.monotonic() - began:.0f} s; refused by code: {dict(refused)}")


def _check(world: World, stored: Stored, refused: Refusals) -> None:
    # Once each: the handler's own count and the record agree, and no key is there twice (the unique key sees to that).
    assert all(number == answered for number, answered in stored.numbers().values())
    answered = 0
    for customer in world.customers:
        shown = _shown(world.twin, customer)
        assert len(set(shown)) == len(shown), customer
        assert shown == sorted(shown), customer
        # The number counts turns in the order in which the messages were said.
        by_number = {number: int(words.split()[1]) for number, _, words in shown}
        assert [by_number[number] for number in sorted(by_number)] == sorted(by_number.values()), customer
        answered += len(by_number)
    assert answered > world.messages / 4
    # The platform refuses what goes against its rules: that may happen only where it knew something before us.
    assert refused[95018] + refused[95013] <= 2 * world.taken + 5
    assert refused[95001] + refused[95002] <= world.messages / 100 + 5
