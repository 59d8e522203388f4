"""One process that reminds, for proofs that kill it: `python -m tests.proof.reminder_worker FOLDER`.

The clock runs sixty times as fast as the wall's, from the moment in the folder's file `begin`, so that leases end soon.
What is sent goes to sent.jsonl in the folder, one line with one write.
"""

import json
import os
import random
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bot.keys import KeyRing
from bot.outbox import Outbox
from bot.retry import RetryPolicy
from bot.store.store import Store
from care.workdays import WorkCalendar
from handlers.remind import Rounds
from handlers.reminder_facts import Desk
from handlers.reminder_ways import Template, Ways
from knowledge.library import Library

KEYS = KeyRing(masters=[b"m" * 32], index_key=b"i" * 32)
FASTER = 60


class Recorded:
    """The platform: notes what it takes, and takes its time for it."""

    max_bytes = 2048
    account = "demo"

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, contact: str, text: str, *, key: str) -> None:
        time.sleep(0.002)
        os.write(self._file, json.dumps({"contact": contact, "key": key}).encode() + b"\n")

    def send_template(self, contact: str, template_id: str, fields: Mapping[str, str], *, key: str) -> str:
        self.send(contact, "", key=key)
        return key

    def send_subscribed(self, contact: str, template_id: str, fields: Mapping[str, str]) -> str:
        raise NotImplementedError


def main(folder: Path) -> None:
    """Remind until it is killed."""
    told = json.loads((folder / "begin").read_text())
    begin, wall = datetime.fromisoformat(told["at"]), float(told["wall"])

    def clock() -> datetime:
        return begin + timedelta(seconds=(time.time() - wall) * FASTER)

    store, platform = Store(told["url"], KEYS), Recorded(folder / "sent.jsonl")
    template = Template(id="T", fields={"thing1": "kind", "time2": "day"})
    rounds = Rounds(
        store=store,
        house=Desk(library=Library(handbooks={}), calendar=WorkCalendar.load(), keys=KEYS),
        ways=Ways(templates={"demo": {"vaccination": template}}, senders={"demo": platform}),
    )
    outbox = Outbox(
        store=store,
        channels={"demo": platform},
        clock=clock,
        policy=RetryPolicy(),
        chance=random.Random(),
    )
    (folder / f"ready-{os.getpid()}").touch()
    while True:
        now = clock()
        if rounds.has_due(now):
            rounds.once(now)
        outbox.release_expired()
        if not outbox.deliver_due():
            time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
