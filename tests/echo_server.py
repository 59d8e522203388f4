"""A whole server with a channel in memory and a handler that counts: what kill and load proofs run against.

Started as `python -m tests.echo_server`, with the environment of the real one. Each turn answers with its number in
the conversation; "slow N …" takes N seconds first. What the channel sends goes to sent.jsonl in the data directory.
"""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

from flask import Flask

from bot.machine import Machine
from bot.messages import Outcome, Reply, Turn, Understanding
from bot.server import serve
from bot.settings import Settings, load_settings
from bot.store.store import open_store
from tests.fake_channel import FakeChannel

_LEASE_SECONDS = 2  # a killed server's messages follow soon, so that proofs are short


class RecordingChannel(FakeChannel):
    """Keeps what it sends in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def send(self, contact: str, text: str, *, key: str) -> None:
        line = json.dumps({"contact": contact, "text": text, "key": key}) + "\n"
        with self._path.open("a") as file:
            file.write(line)


def count(turn: Turn) -> Outcome:
    """Answer with the number of the turn and the words of the message."""
    words = turn.inbound.text
    if words.startswith("slow "):
        time.sleep(float(words.split()[1]))
    number = turn.conversation.state.get("number", 0) + 1
    replies = [Reply(text=f"{number} {words}")]
    if words.startswith("two "):
        replies.append(Reply(text=f"{number} and more"))
    return Outcome(replies=tuple(replies), state={"number": number}, understanding=Understanding(decision="answer"))


def create_app(settings: Settings) -> Flask:
    """Return the app of one serving process."""
    store = open_store(settings.database_url, settings.keys)
    channel = RecordingChannel(settings.data_dir / "sent.jsonl")
    machine = Machine(store=store, channels={"demo": channel}, handler=count, lease=timedelta(seconds=_LEASE_SECONDS))
    app = Flask("echo")
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
