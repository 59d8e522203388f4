"""Prebuilt HTTP requests: what people ask, signed and encrypted once, before any clock runs."""

import random
from collections.abc import Sequence
from urllib.parse import urlencode

from console.platform.phone import Delivery, Phone, PhoneAccount
from tests.bench.servers import ACCOUNT_ID, AES_KEY, APP_ID, TOKEN


class Callers:
    """Writes messages of many people to the one account."""

    def __init__(self, questions: Sequence[str], *, seed: int) -> None:
        account = PhoneAccount(id=ACCOUNT_ID, app_id=APP_ID, token=TOKEN, encoding_aes_key=AES_KEY)
        self._phone = Phone(account)
        self._questions = questions
        self._chance = random.Random(seed)

    def requests(self, count: int, *, contacts: Sequence[str]) -> list[bytes]:
        """Return fresh messages, from one contact after another. The platform's timestamp lets them wait 5 minutes."""
        return [
            self._request(self._phone.text(contacts[at % len(contacts)], self._chance.choice(self._questions)))
            for at in range(count)
        ]

    def is_answered(self, reply: bytes) -> bool:
        """Whether a body is a text that the platform would show. Raises RefusedInput for one it would refuse."""
        return bool(self._phone.read(reply))

    def _request(self, delivery: Delivery) -> bytes:
        head = (
            f"POST /webhooks/{ACCOUNT_ID}?{urlencode(delivery.query)} HTTP/1.1\r\n"
            "Host: 127.0.0.1\r\nContent-Type: text/xml\r\n"
            f"Content-Length: {len(delivery.body)}\r\n\r\n"
        )
        return head.encode() + delivery.body
