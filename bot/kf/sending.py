"""Sending to a customer: takes a place, hands the message over, and asks for the session's state when it is refused."""

from collections.abc import Callable

from sqlalchemy import Connection

from bot.channels.envelope import make_safe
from bot.errors import AssistantError, GiveUp, RetryLater
from bot.files import OutgoingFile
from bot.kf import places, sessions
from bot.kf.account import KfAccount
from bot.kf.menus import menu_of
from bot.kf.places import Place
from bot.kf.sessions import Session, State

_FIVE_USED, _ENDED, _WRONG_STATE = 95001, 95013, frozenset((95016, 95018))


class KfSender:
    """Sends for one account. Any number may work on one database."""

    def __init__(self, account: KfAccount) -> None:
        self._account = account
        self._store = account.store

    def send(self, contact: str, text: str, *, key: str) -> None:
        """Send one text. Raises RetryLater, GiveUp or ConfigurationFault; `key` is the same over retries."""
        text = make_safe(text)
        customer, _ = self._account.customer_of(contact)

        def hand_over(place: Place) -> None:
            self._account.api.send(
                customer=customer,
                open_kfid=place.open_kfid,
                message_id=place.message_id,
                text=text,
                code=place.code,
            )

        self._placed(contact, key, hand_over, is_menu=menu_of(text, "m") is not None)

    def send_file(self, contact: str, file: OutgoingFile, *, key: str) -> None:
        """Send one picture or document. Raises RetryLater, GiveUp or ConfigurationFault."""
        customer, _ = self._account.customer_of(contact)
        kind = "image" if file.is_picture else "file"
        media_id = self._account.api.upload(kind, file.name, file.content)

        def hand_over(place: Place) -> None:
            self._account.api.send_media(
                customer=customer,
                open_kfid=place.open_kfid,
                message_id=place.message_id,
                kind=kind,
                media_id=media_id,
            )

        # A code is for a text or a menu.
        self._placed(contact, key, hand_over, takes_code=False)

    def _placed(
        self, contact: str, key: str, hand_over: Callable[[Place], None], *, is_menu: bool = False,
        takes_code: bool = True,
    ) -> None:  # fmt: skip
        """Take a place and hand the message over. What waited for the customer was not late before they wrote."""
        try:
            self._place(contact, key, hand_over, is_menu=is_menu, takes_code=takes_code)
        except RetryLater as fault:
            with self._store.reading() as connection:
                fault.since = self._session(connection, contact).window_at
            raise

    def _place(
        self, contact: str, key: str, hand_over: Callable[[Place], None], *, is_menu: bool, takes_code: bool
    ) -> None:
        """Take a place, hand the message over, and free the place where the platform did not take it."""
        self._look(contact)

        def take(connection: Connection) -> Place:
            session, now = self._session(connection, contact), self._account.clock()
            return places.take(
                connection, session, account=self._account.id, key=key, is_menu=is_menu, takes_code=takes_code, now=now
            )

        place = self._store.write(take)
        try:
            hand_over(place)
        except GiveUp as fault:
            self._store.write(lambda connection: places.free(connection, place, account=self._account.id))
            raise self._meaning(contact, place, fault) from fault

    def look_again(self, contact: str) -> State | None:
        """Ask the platform how a customer's session stands, and follow it. Raises RetryLater, …"""
        customer, open_kfid = self._account.customer_of(contact)
        state, servicer = self._account.api.state(customer=customer, open_kfid=open_kfid)

        def note(connection: Connection) -> None:
            session = sessions.of_contact(connection, self._store.keys, account=self._account.id, contact=contact)
            if session is not None:
                self._account.follow(connection, session, state, servicer=servicer, now=self._account.clock())

        self._store.write(note)
        return state

    def _look(self, contact: str) -> None:
        """Know the state before anything is said."""
        with self._store.reading() as connection:
            session = sessions.of_contact(connection, self._store.keys, account=self._account.id, contact=contact)
        if session is not None and session.state is None:
            self.look_again(contact)

    def _session(self, connection: Connection, contact: str) -> Session:
        session = sessions.of_contact(connection, self._store.keys, account=self._account.id, contact=contact)
        if session is None:
            raise GiveUp("the customer never wrote here")
        return session

    def _meaning(self, contact: str, place: Place, fault: GiveUp) -> AssistantError:
        """Return what a refusal means for this message."""
        if place.code:
            return RetryLater("the event's code was not taken", wait_seconds=0.5, code=fault.code)
        if fault.code == _FIVE_USED:
            with self._store.reading() as connection:
                return places.full(self._session(connection, contact), code=fault.code)
        if fault.code not in _WRONG_STATE and fault.code != _ENDED:
            return fault
        state = self.look_again(contact)
        if state in (State.NEW, State.BOT):
            return RetryLater("the session's state had changed", wait_seconds=2, code=fault.code)
        if state is State.QUEUE:
            return RetryLater(str(fault), wait_seconds=places.QUEUED_SECONDS, code=fault.code)
        return fault
