"""A counter to apply at: one person in front of the real desk, heard message by message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.clock import in_china
from bot.messages import Citation, Inbound, Kind, Outcome
from tests.service_desk import ServiceDesk

ACCOUNT, PERSON = "all", "a-person"
PHOTO = "[图片]"  # stands for a picture


@dataclass
class Counter:
    """One person's conversation: `state` is what it keeps, `cited` the clauses of the last reply."""

    desk: ServiceDesk
    state: Mapping[str, Any] = field(default_factory=dict)
    cited: tuple[Citation, ...] = ()

    def hear(self, text: str, *, is_spoken: bool = False) -> str:
        """Take one message, half a minute after the last one, and return the reply."""
        self.desk.clock.move(seconds=35)
        kind, media_id = (Kind.VOICE, "voice") if is_spoken else (Kind.TEXT, "")
        if text == PHOTO:
            kind, media_id, text = Kind.IMAGE, "photo", ""
        at = datetime(2026, 1, 1, tzinfo=UTC)
        heard = self.desk.take(
            Inbound(account=ACCOUNT, contact=PERSON, key="", kind=kind, sent_at=at, text=text, media_id=media_id)
        )
        self.keep(heard.outcome)
        return heard.reply

    def keep(self, outcome: Outcome) -> None:
        """Remember what was decided on the last message."""
        self.cited = tuple(citation for said in outcome.replies for citation in said.citations)
        if outcome.state is not None:
            self.state = json.loads(json.dumps(outcome.state))

    def wait(self, *, hours: float) -> None:
        """Let time pass."""
        self.desk.clock.move(hours=hours)

    @property
    def now(self) -> datetime:
        """The time in China."""
        return in_china(self.desk.clock())

    @property
    def task(self) -> Mapping[str, Any] | None:
        """The dialog being talked about, as it is stored."""
        tasks = self.state.get("tasks") or [None]
        return tasks[-1]
