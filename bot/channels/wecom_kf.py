"""WeChat customer service in WeCom: its callback only announces messages, the pump fetches them, sessions have states.

Nothing is answered in the exchange of a callback: every reply is sent by the API, where the session's state allows it.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

import structlog

from bot.accounts import WecomKfAccount
from bot.channel import Envelope, Wrapped
from bot.channels.qyapi import QyApi
from bot.channels.wecom_callbacks import RECEIVED, SealedCallbacks
from bot.clock import Clock, system_clock
from bot.errors import AssistantError, RefusedInput
from bot.fetching import Begin, Ended, Taken
from bot.files import DOCUMENT_BYTES, PDF, PICTURE_BYTES, PICTURES, OutgoingFile
from bot.kf import places, sessions
from bot.kf.account import KfAccount
from bot.kf.api import Calls, KfApi
from bot.kf.moves import Mover
from bot.kf.pump import Pump
from bot.kf.sending import KfSender
from bot.kf.sessions import SILENT
from bot.kf.taking import Taking
from bot.kf.watching import Watch
from bot.store.store import Store
from bot.store.tokens import DatabaseTokens

log = structlog.get_logger()

_EVENT = "kf_msg_or_event"
_MOVES_SECONDS = 1.0
_CLEARING_ROUNDS = 3600  # rounds of moving, about an hour


class WecomKfChannel:
    """One customer service account; see bot.channel.Channel and Fetching for what it promises."""

    # The platform's limit for a text; the rest is split off.
    max_bytes = 2048
    carries: Mapping[str, int] = {**dict.fromkeys(PICTURES, PICTURE_BYTES), PDF: DOCUMENT_BYTES}

    def __init__(self, account: WecomKfAccount, *, store: Store, calls: Calls, clock: Clock = system_clock) -> None:
        """Raises ConfigurationFault for a key that is none."""
        self.account = account.id
        keys = (account.encoding_aes_key, account.previous_encoding_aes_key)
        self._callbacks = SealedCallbacks(token=account.token, corp_id=account.corp_id, keys=keys, clock=clock)
        self._store = store
        self._clock = clock
        of = KfAccount(id=account.id, open_kfids=account.open_kfids, store=store, api=KfApi(calls), clock=clock)
        self._api, self._listeners, self._customer_of = of.api, of.listeners, of.customer_of
        taking = Taking(of)
        self._sender = KfSender(of)
        self.pumps = {open_kfid: Pump(of, open_kfid, taking) for open_kfid in account.open_kfids}
        self.mover = Mover(of) if account.hand_over == "native" else None
        self.watch = Watch(of, self._sender)
        if self.mover is not None:
            of.listeners.duty_changed = self.mover.duty_changed
        self._stopping = threading.Event()
        self._moving: threading.Thread | None = None

    def challenge(self, query: Mapping[str, str]) -> str:
        """Answer the platform's address check. Raises RefusedInput."""
        return self._callbacks.challenge(query)

    def parse(self, query: Mapping[str, str], body: bytes) -> Envelope:
        """Verify and open one callback. It takes no turn: it only says where something is to be fetched."""
        fields = self._callbacks.open(query, body).fields
        pump = self.pumps.get(fields.get("OpenKfId", ""))
        if fields.get("MsgType", "").lower() != "event" or not fields.get("Event"):
            raise RefusedInput("the callback is no event")
        if fields["Event"].lower() != _EVENT or pump is None:
            # The corporation's other events and service points come to the same address.
            return Envelope(inbound=None)
        token = fields.get("Token", "")
        return Envelope(inbound=None, notice=lambda: pump.notify(token))

    def wrap(self, envelope: Envelope, text: str | None) -> Wrapped:
        """Acknowledge; the customer service knows no passive reply."""
        return RECEIVED

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Send one text, as a menu where it has numbered choices. Our own id lets a repeat do no harm."""
        self._sender.send(contact, text, key=key)

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        """Send one picture or document."""
        self._sender.send_file(contact, file, key=key)

    def fetch_media(self, media_id: str) -> bytes:
        """Return a file that a customer sent; the platform keeps it for three days."""
        return self._api.fetch_media(media_id)

    def unionids(self, contacts: Sequence[str]) -> Mapping[str, str]:
        """Return the unionids of customers who were there within 48 hours."""
        customers = {contact: self._customer_of(contact)[0] for contact in contacts}
        told = self._api.unionids(list(dict.fromkeys(customers.values())))
        return {contact: told[customer] for contact, customer in customers.items() if customer in told}

    def may_speak(self, conversation_id: int) -> bool:
        """Whether the session lets the bot speak: not in the queue, not with a servicer, not after its end."""
        with self._store.reading() as connection:
            session = sessions.of(connection, conversation_id)
        return session is None or session.state not in SILENT

    def look_again(self, contact: str) -> None:
        """Ask the platform how a customer's session stands, and follow it. Raises RetryLater and its like."""
        self._sender.look_again(contact)

    def listen(self, *, taken: Taken, ended: Ended) -> None:
        """Have others do what they do in the transactions in which people take sessions, and end them."""
        self._listeners.taken, self._listeners.ended = taken, ended

    def start(self, *, begin: Begin, wake_outbox: Callable[[], None]) -> None:
        """Begin to fetch, with what came while nobody did. Call it in the serving process."""
        for pump in self.pumps.values():
            pump.start(begin=begin, wake_outbox=wake_outbox)
        self._moving = threading.Thread(target=self._run, name="kf-moves", daemon=True)
        self._moving.start()

    def stop(self, *, within_seconds: float) -> None:
        """Fetch and move nothing more."""
        self._stopping.set()
        for pump in self.pumps.values():
            pump.stop(within_seconds=within_seconds)

    def _run(self) -> None:
        rounds = 0
        while not self._stopping.wait(_MOVES_SECONDS):
            try:
                if self.mover is not None:
                    self.mover.once()
                self.watch.once()
                if rounds % _CLEARING_ROUNDS == 0:
                    self._store.write(lambda connection: places.clear_away(connection, now=self._clock()))
                rounds += 1
            except AssistantError:
                continue
            except Exception as error:
                log.error("moving sessions failed", account=self.account, exc_info=error)


def connect(account: WecomKfAccount, *, store: Store, clock: Clock = system_clock) -> WecomKfChannel:
    """Return the channel of an account of the settings. Raises ConfigurationFault."""
    calls = QyApi(
        account=account.id,
        corp_id=account.corp_id,
        secret=account.secret,
        base_url=account.api_base_url,
        token_store=DatabaseTokens(store),
        clock=clock,
    )
    return WecomKfChannel(account, store=store, calls=calls, clock=clock)
