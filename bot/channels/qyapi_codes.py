"""What WeCom's error codes mean for the caller: try later, give up, or fix the configuration. Pure.

Source: WeCom's table of global error codes; 95xxx belong to WeChat customer service.
"""

from bot.errors import AssistantError, ConfigurationFault, GiveUp, RetryLater

TOKEN_REFUSED = frozenset((40001, 40014, 42001))  # tried once more with a new token before they are seen here

_BUSY = -1
_USED_UP, _MINUTE_USED_UP, _TOO_MANY_AT_ONCE = 45009, 45011, 45033

_CONFIGURATION = {
    40013: "corp_id is not known to WeCom",
    40056: "agent_id is not known to WeCom",
    41011: "agent_id is missing",
    41021: "agent_id is no application of this corporation",
    48002: "the application may not call this interface: grant it on WeCom's page",
    60011: "the application lacks the right to this member, department or tag",
    60020: "this server's address is not among the application's trusted IP addresses",
    301002: "agent_id and secret do not belong to the same application",
    95000: "open_kfids: WeCom does not know this customer service account",
    95004: "open_kfids: this customer service account was deleted",
    95011: "the customer service is still answered inside WeCom: let this application manage it",
    95012: "the customer service is not open to the API: let this application manage it",
    95014: "the servicer is not on duty at this customer service account",
    95015: "a dedicated servicer is set on WeCom's page, so conversations cannot be moved from here",
    95017: "the customer service's API switch is off",
}

# For this person, message or conversation nothing will help.
_PERMANENT = {
    40003: "WeCom does not know this member",
    40007: "the file is not there any more",
    60111: "WeCom does not know this member",
    81013: "no receiver is left: the member may not see the application",
    82001: "no receiver is left: the member may not see the application",
    95001: "the five messages after the customer's last one are used",
    95002: "the customer's last message is more than 48 hours old",
    95007: "the token of the callback has expired",
    95013: "the conversation has ended",
    95016: "the conversation cannot go from its state to that one",
    95018: "the conversation's state does not allow sending",
}


def fault_of(code: int) -> AssistantError:
    """Return the error to raise for one non-zero `errcode`; it carries the code."""
    if code in _CONFIGURATION:
        return ConfigurationFault(f"{_CONFIGURATION[code]} ({code}): correct it there or in the TOML file", code=code)
    if code in _PERMANENT:
        return GiveUp(_PERMANENT[code], code=code)
    if code == _USED_UP:
        # WeCom counts by minute and by hour and does not say which; who asks again waits longer each time.
        return RetryLater("the interface's calls are used up", wait_seconds=60, code=code)
    if code == _MINUTE_USED_UP:
        return RetryLater("the interface's calls of this minute are used up", wait_seconds=60, code=code)
    if code == _TOO_MANY_AT_ONCE:
        return RetryLater("too many calls at once", wait_seconds=5, code=code)
    if code == _BUSY or code in TOKEN_REFUSED or not _is_about_the_call(code):
        return RetryLater("WeCom is busy or refuses the token", code=code)
    # What is left says that the call itself is wrong: repeating it would hold up all that follows.
    return GiveUp("WeCom refuses this call", code=code)


def _is_about_the_call(code: int) -> bool:
    return 40000 <= code < 50000 or 60000 <= code < 90000 or 95000 <= code < 96000
