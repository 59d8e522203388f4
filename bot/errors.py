"""One tree of errors, divided by what the caller must do about them."""


class AssistantError(Exception):
    """The root of everything this project raises on purpose."""


class RetryLater(AssistantError):
    """A passing fault (time-out, busy platform, database away): try the same thing again later."""


class GiveUp(AssistantError):
    """Trying again cannot help: this person, message or channel will not take it."""


class RefusedInput(AssistantError):
    """What came from outside is not acceptable. The text is a short reason for logs and never quotes the input."""


class ConfigurationFault(AssistantError):
    """Somebody must change the configuration or a data file. The text names file, entry and remedy."""


class UserFault(AssistantError):
    """A command was called wrongly. The text is shown to its caller, who gets exit code 2."""
