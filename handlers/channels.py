"""The channels as the desk sees them: what an account is called, and whom the platform takes a contact for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from bot.messages import Committing, Effect, Turn
from bot.store.store import Store
from care import joins
from handlers.wording import say

# The platform's contact → what the platform itself knows the same customer by elsewhere, or None.
Identity = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Channels:
    """`names`: account → what people call it; `identities`: of the accounts whose platform tells that a customer of
    one is a customer of another."""

    names: Mapping[str, str] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)

    def named(self, accounts: Iterable[str]) -> str:
        """Return the names of accounts for a sentence, each once."""
        return "”“".join(dict.fromkeys(self.names.get(one) or say("another_channel") for one in accounts))

    def noting(self, store: Store, turn: Turn) -> tuple[Effect, ...]:
        """Return what notes, with the first turn of a contact, whom the platform takes it for."""
        identity = self.identities.get(turn.inbound.account)
        contact_id = turn.conversation.contact_id
        if identity is None or not turn.inbound.contact:
            return ()
        if contact_id:
            with store.reading() as connection:
                if joins.is_identity_known(connection, contact_id):
                    return ()
        told = identity(turn.inbound.contact)

        def note(connection: Connection, committing: Committing) -> None:
            joins.note_identity(connection, store.keys, committing.contact_id, told, now=committing.now)

        return (note,)
