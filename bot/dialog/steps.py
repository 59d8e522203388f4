"""What one message did to a dialog, for the handler to act on."""

from dataclasses import dataclass
from enum import StrEnum

from bot.dialog.state import Dialog


class Kind(StrEnum):
    """What came of a message."""

    ASKED = "asked"  # something was taken, or a command followed; the next question is in `say`
    UNDERSTOOD_PARTLY = "understood_partly"  # something was taken, but the open question still wants its answer
    REFUSED = "refused"  # meant as an answer, but not acceptable (a wrong check digit, a day in the past)
    PICK = "pick"  # several were near: which one?
    CONFIRM = "confirm"  # all is there: the summary, and a yes is awaited
    COMPLETED = "completed"
    LEAVING = "leaving"  # whether to cancel really (or to start anew)
    CANCELLED = "cancelled"
    PAUSED = "paused"
    RESUME = "resume"  # a message after a long silence that is no answer: welcome back
    EXPIRED = "expired"
    NOT_UNDERSTOOD = "not_understood"
    IS_QUESTION = "is_question"  # a question of the person's own: answer it, then `repeat`


@dataclass(frozen=True, kw_only=True)
class Step:
    """The dialog as it stands now and what to say.

    `taken`: keys that got a value by this message. `problem`: the name of the sentence that refused a value.
    `offers_person`: the same question was misunderstood three times, and `say` offers a person.
    With NOT_UNDERSTOOD, IS_QUESTION and RESUME the message is not swallowed: a handler that finds something else in it
    goes on with that and keeps the dialog it had before.
    """

    kind: Kind
    dialog: Dialog
    say: str = ""
    taken: tuple[str, ...] = ()
    problem: str | None = None
    offers_person: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the dialog goes on."""
        return self.kind not in (Kind.COMPLETED, Kind.CANCELLED, Kind.EXPIRED)

    @property
    def is_swallowed(self) -> bool:
        """Whether the message had its effect here, so that nobody else needs to look at it."""
        return self.kind not in (Kind.NOT_UNDERSTOOD, Kind.IS_QUESTION, Kind.RESUME)
