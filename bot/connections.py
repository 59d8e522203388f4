"""From accounts to channels. A channel is the module of its name in bot/channels, which has a function `connect`."""

from importlib import import_module
from typing import cast

from bot.accounts import Account
from bot.channel import Channel
from bot.clock import Clock, system_clock
from bot.store.store import Store


def channel_of(account: Account, *, store: Store, clock: Clock = system_clock) -> Channel:
    """Return the channel of one account. Raises ConfigurationFault."""
    module = import_module(f"bot.channels.{account.channel}")
    return cast(Channel, module.connect(account, store=store, clock=clock))
