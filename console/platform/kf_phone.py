"""The platform's callbacks of customer service: they say where something is to be fetched, and by which token."""

from bot.channels.envelope import write_xml
from bot.clock import Clock, system_clock
from console.platform.phone import Delivery
from console.platform.wecom_phone import WeComPhone, WeComPhoneAccount


class KfPhone(WeComPhone):
    """Speaks to one customer service account's webhook as WeCom does."""

    def __init__(self, account: WeComPhoneAccount, *, clock: Clock = system_clock) -> None:
        super().__init__(account, clock=clock)
        self._now = clock

    def announce(self, open_kfid: str, token: str) -> Delivery:
        """Build the callback that says that something is to be fetched."""
        message = write_xml(
            ToUserName=self.account.corp_id,
            CreateTime=int(self._now().timestamp()),
            MsgType="event",
            Event="kf_msg_or_event",
            Token=token,
            OpenKfId=open_kfid,
        )
        return self.deliver(message)
