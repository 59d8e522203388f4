"""The corporation of the WeCom tests: its application, a member's phone, and the twin over real HTTP."""

from bot.channels.qyapi import QyApi
from bot.channels.tokens import MemoryTokenStore
from bot.channels.wecom import WeComChannel
from bot.channels.wecom_callbacks import SealedCallbacks
from bot.channels.wecom_messages import WeComMessages
from console.platform.corporation import App, Corporation
from console.platform.ledger import Ledger
from console.platform.wecom_phone import WeComPhone, WeComPhoneAccount
from tests.bot.channels.conftest import KEY, TOKEN, OpenBox, Silent

CORP, AGENT, SECRET = "ww0000000000000001", 1000002, "secret-of-an-application"
APP = App(corp_id=CORP, agent_id=AGENT, secret=SECRET)
OTHER_APP = App(corp_id=CORP, agent_id=1000003, secret="secret-of-another-one")
MEMBER = "LiHua"


class NoLimit:
    """A pace that lets everything pass."""

    def wait_seconds(self, account, contact):
        return 0.0


def make_corporation(folder, clock):
    return Corporation(ledger=Ledger(folder / "corporation.sqlite3", OpenBox()), apps=[APP, OTHER_APP], clock=clock)


def make_qyapi(address, clock, *, account="staff", secret=SECRET, corp_id=CORP, store=None):
    return QyApi(
        account=account,
        corp_id=corp_id,
        secret=secret,
        base_url=address,
        token_store=store or MemoryTokenStore(),
        clock=clock,
    )


def make_messages(address, clock, *, pace=None, agent_id=AGENT, **how):
    api = make_qyapi(address, clock, **how)
    return WeComMessages(account="staff", agent_id=agent_id, api=api, pace=pace or NoLimit())


def make_wecom_channel(clock, *, key=KEY, previous="", messages=None, corp_id=CORP, agent_id=AGENT):
    callbacks = SealedCallbacks(token=TOKEN, corp_id=corp_id, keys=(key, previous), clock=clock)
    return WeComChannel(
        account="staff", agent_id=agent_id, callbacks=callbacks, messages=messages or Silent(), clock=clock
    )


def make_wecom_phone(clock, *, key=KEY, corp_id=CORP, agent_id=AGENT, token=TOKEN):
    account = WeComPhoneAccount(id="staff", corp_id=corp_id, agent_id=agent_id, token=token, encoding_aes_key=key)
    return WeComPhone(account, clock=clock)
