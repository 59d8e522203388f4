"""One message being worked on, with everything its dialog needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.dialog.filling import Filler
from bot.dialog.plan import Item
from bot.dialog.speech import Speech
from bot.dialog.state import Dialog
from bot.forms import Form
from bot.slots.said import Said

# What must be said before a yes (cancelling, costs), for the answers given.
Notices = Callable[[Mapping[str, Any]], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One message to one dialog. `insist`: free words are an answer for certain. `is_stale`: it came after half an
    hour of silence or a pause; `is_long_ago`: after a day."""

    form: Form
    notices: Notices
    dialog: Dialog
    said: Said
    now: datetime
    filler: Filler
    speech: Speech
    insist: bool = False
    is_stale: bool = False
    is_long_ago: bool = False

    @property
    def words(self) -> str:
        """Return the plain text without blanks around it."""
        return self.said.plain.strip()

    def unanswered(self, dialog: Dialog) -> Item | None:
        """Return the first question that is neither answered nor skipped."""
        closed = {*dialog.answers, *dialog.skipped}
        return next((item for item in self.filler.plan(dialog) if item.key not in closed), None)
