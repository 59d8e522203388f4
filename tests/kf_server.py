"""A whole server with a customer service account and a handler that counts: what its soak runs against.

Started as `python -m tests.kf_server`, with the environment of the real one; ASSISTANT_CONFIG names the account.
"""

import os
from datetime import timedelta

from flask import Flask

from bot.connections import channel_of
from bot.machine import Machine
from bot.messages import Kind, Outcome, Reply, Turn
from bot.server import serve
from bot.settings import Settings, load_settings
from bot.store.store import open_store

_LEASE = timedelta(seconds=5)  # a killed server's messages follow soon, so that proofs are short


def count(turn: Turn) -> Outcome:
    """Answer with the number of the turn and the words; "many" says six things, "person" asks for somebody."""
    if turn.inbound.kind is Kind.EVENT:
        return Outcome()
    words = turn.inbound.text
    number = turn.conversation.state.get("number", 0) + 1
    parts = 6 if words.startswith("many") else 1
    return Outcome(
        replies=tuple(Reply(text=f"{number}.{part} {words}") for part in range(parts)),
        state={"number": number},
        hand_over="asked" if words.startswith("person") else None,
    )


def create_app(settings: Settings) -> Flask:
    """Return the app of one serving process."""
    store = open_store(settings.database_url, settings.keys)
    channels = {account.id: channel_of(account, store=store) for account in settings.accounts}
    machine = Machine(store=store, channels=channels, handler=count, lease=_LEASE)
    app = Flask("customer-service")
    app.extensions["machine"] = machine
    for pages in machine.blueprints():
        app.register_blueprint(pages)
    return app


def main() -> None:
    """Serve by the environment's settings until told to stop."""
    settings = load_settings(os.environ)
    serve(settings, lambda: create_app(settings), machine_of=lambda app: app.extensions["machine"])


if __name__ == "__main__":
    main()
