"""The platforms' access tokens, shared by all processes of one service. Implements the channels' TokenStore."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.channels.tokens import AccessToken
from bot.keys import Unreadable
from bot.store.people import insert_unless_there
from bot.store.schema import tokens
from bot.store.store import Store


class DatabaseTokens:
    """Tokens in the database, sealed with the master key. Raises RetryLater while the database is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, account: str) -> AccessToken | None:
        """Return the last token written, however old; None also for one that does not open."""
        query = select(tokens.c.token, tokens.c.expires_at).where(tokens.c.account == account)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        if row is None or row.token is None:
            return None
        try:
            value = self._store.keys.open(row.token, place=_place(account)).decode()
        except Unreadable:
            return None  # damaged or moved here from another account; a new one costs one call
        return AccessToken(value=value, expires_at=row.expires_at)

    def lease(self, account: str, *, now: datetime, until: datetime) -> bool:
        """Let exactly one caller refresh until then; false while another one's lease runs."""

        def work(connection: Connection) -> bool:
            connection.execute(insert_unless_there(connection.dialect, tokens).values(account=account))
            is_free = tokens.c.lease_until.is_(None) | (tokens.c.lease_until <= now)
            taken = connection.execute(
                update(tokens).where(tokens.c.account == account, is_free).values(lease_until=until)
            )
            return taken.rowcount == 1

        return self._store.write(work)

    def write(self, account: str, token: AccessToken) -> None:
        """Keep the token, and end the lease."""
        sealed = self._store.keys.seal(token.value.encode(), place=_place(account))
        values = {"token": sealed, "expires_at": token.expires_at, "lease_until": None}

        def work(connection: Connection) -> None:
            connection.execute(insert_unless_there(connection.dialect, tokens).values(account=account))
            connection.execute(update(tokens).where(tokens.c.account == account).values(values))

        self._store.write(work)

    def release(self, account: str) -> None:
        """End the lease without a token."""
        ending = update(tokens).where(tokens.c.account == account).values(lease_until=None)
        self._store.write(lambda connection: connection.execute(ending) and None)


def _place(account: str) -> str:
    return f"tokens|token|{account}"
