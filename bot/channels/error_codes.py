"""What each of the platform's error codes means for the caller: try later, give up, or fix the configuration."""

from datetime import datetime, timedelta

from bot.clock import in_china
from bot.errors import AssistantError, ConfigurationFault, GiveUp, RetryLater

# The token was refused. The transport has already tried once with a new one when these are seen.
TOKEN_REFUSED = frozenset((40001, 40014, 42001))

# For this person on this channel nothing will help: window closed, quota used, consent missing, not a follower.
_PERMANENT = frozenset((40003, 43004, 43019, 43101, 45002, 45015, 45047, 50002))

_CONFIGURATION = {
    40013: "app_id is not known to the platform",
    40125: "app_secret is wrong",
    40037: "a template's id is not known to the platform",
    40164: "this server's address is not on the platform's list of allowed IP addresses",
    47003: "a template's fields are not those of the platform's page",
    48001: "the account lacks the permission for this interface",
    48004: "the platform has closed this interface for the account",
    60020: "this server's address is not on the platform's list of allowed IP addresses",
}
_BUSY = -1
_DAY_USED_UP, _MINUTE_USED_UP, _TOO_MANY_AT_ONCE = 45009, 45011, 45033


def fault_of(code: int, *, now: datetime) -> AssistantError:
    """Return the error to raise for one non-zero `errcode`. Source: the platform's table of global return codes."""
    if code in _PERMANENT:
        return GiveUp("the platform will not take this for this person", code=code)
    if code in _CONFIGURATION:
        return ConfigurationFault(f"{_CONFIGURATION[code]} ({code}): correct it on the platform's page", code=code)
    if code == _DAY_USED_UP:
        return RetryLater("the interface's calls of today are used up", wait_seconds=_until_reset(now), code=code)
    if code == _MINUTE_USED_UP:
        return RetryLater("the interface's calls of this minute are used up", wait_seconds=60, code=code)
    if code == _TOO_MANY_AT_ONCE:
        return RetryLater("too many calls at once", wait_seconds=5, code=code)
    if code == _BUSY or code in TOKEN_REFUSED or not 40000 <= code < 50000:
        return RetryLater("the platform is busy or refuses the token", code=code)
    # What is left of 4xxxx says that the call itself is wrong: repeating it would hold up all that follows.
    return GiveUp("the platform refuses this call", code=code)


def _until_reset(now: datetime) -> float:
    """Return the seconds to the next midnight in China, when the platform counts anew."""
    here = in_china(now)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - here).total_seconds()
