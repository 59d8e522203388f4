"""Conversations for the console's tests: people who wrote, and a bot of few words that answered them."""

import io
from itertools import count

from PIL import Image

from bot.messages import Citation, Inbound, Kind, Outcome, Reply, Understanding
from bot.store import inbox, outbox
from bot.store.store import Store
from bot.store.turn_record import Ending, Leaving, save, turn_key

_NUMBERS = count(1)


def says(
    store: Store, clock, text: str = "", *, contact: str = "o-1", answer: str = "", hand_over: str | None = None,
    page: bool = False, kind: Kind = Kind.TEXT, late: str = "", account: str = "demo", **more,
) -> int:  # fmt: skip
    """Record a turn as the machine does, and return the conversation's number."""
    message = Inbound(
        account=account, contact=contact, key=f"m-{next(_NUMBERS)}", kind=kind, sent_at=clock(), text=text, **more
    )
    replies = (Reply(text=answer, citations=(Citation(product="zhenai-wuxian-2023", clause="二、2(3)①"),)),)
    outcome = Outcome(
        replies=replies if answer else (),
        hand_over=hand_over,
        page=page,
        understanding=Understanding(
            decision="answer", product="zhenai-wuxian-2023", facts=("x/waiting",), reasons=("词语：等待期",)
        )
        if answer
        else None,
    )
    leaving = [Leaving(key=turn_key(message) + "1", text=late, kind="reply", due_at=clock())] if late else []

    def work(connection) -> int:
        found = inbox.loaded(connection, store.keys, message, locking=False, now=clock())
        state = "passive" if answer else "outbox" if late else "none"
        ending = Ending(
            outcome=outcome, state=None, reply_state=state, passive=answer or None, leaving=leaving, now=clock()
        )
        save(connection, message, found, ending)
        return found.conversation.id

    number = store.write(work)
    clock.move(seconds=1)
    return number


def delivered(store: Store, clock, *, state: str = "sent", error: str | None = None) -> int:
    """Settle everything that waits in the outbox; return how many that were."""
    from datetime import timedelta

    def work(connection) -> int:
        claimed = outbox.claim(
            connection, store.keys, now=clock(), lease=timedelta(minutes=1), limit=50, claim_token="t" * 32
        )
        for one in claimed:
            outbox.settle(connection, one.id, one.claim_token, state=state, now=clock(), error=error)
        return len(claimed)

    return store.write(work)


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "JPEG")
    return content.getvalue()
