"""One tree of errors, divided by what the caller must do about them."""

from datetime import datetime


class AssistantError(Exception):
    """The root of everything this project raises on purpose.

    `code` is the platform's own error code where there was one; it may be logged and stored.
    """

    def __init__(self, reason: str = "", *, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class RetryLater(AssistantError):
    """A passing fault (time-out, busy platform, database away): try the same thing again later.

    `wait_seconds` is the least wait the platform asks for; None leaves it to the caller's policy. `since`: what could
    not be done before then is no older than that, however long ago it was asked for.
    """

    def __init__(self, reason: str = "", *, wait_seconds: float | None = None, code: int | None = None) -> None:
        super().__init__(reason, code=code)
        self.wait_seconds = wait_seconds
        self.since: datetime | None = None


class WaitForPerson(RetryLater):
    """The platform takes nothing more until the person writes: no fault, so neither tries nor age count. From `until`
    on it takes nothing at all."""

    def __init__(self, reason: str, *, until: datetime, wait_seconds: float, code: int | None = None) -> None:
        super().__init__(reason, wait_seconds=wait_seconds, code=code)
        self.until = until


class DecideAgain(RetryLater):
    """What a handler decided rests on facts that changed before the commit (the last use was taken): ask it again."""


class GiveUp(AssistantError):
    """Trying again cannot help: this person, message or channel will not take it."""


class RefusedInput(AssistantError):
    """What came from outside is not acceptable. The text is a short reason for logs and never quotes the input."""


class ConfigurationFault(AssistantError):
    """Somebody must change the configuration or a data file. The text names file, entry and remedy."""


class UserFault(AssistantError):
    """A command was called wrongly. The text is shown to its caller, who gets exit code 2."""
