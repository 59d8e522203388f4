"""What the exchange says besides people's own words: what happened, how deliveries went, what is no text."""

from bot.messages import Inbound, Kind
from console.inbox_view import short_words

DELETED = "（已应本人要求删除）"
# Events that a manager need not see: the platform's own bookkeeping.
TOLD_EVENTS = {
    "subscribe": "关注了公众号",
    "unsubscribe": "取消了关注",
    "click": "点了菜单",
    "enter_session": "进入了会话",
    "user_recall_msg": "撤回了一条消息",
    "servicer_recall_msg": "企业微信客服撤回了一条消息",
}
_REJECTS = "reject_customer_msg_switch_change"  # somebody in WeCom shuts a customer off, or lets them write again
STEP_WORDS = {
    "asked": "开始等待人工",
    "taken": "接管了会话",
    "handed": "转交会话",
    "given_back": "把会话交还给机器人",
    "closed": "结束了会话",
    "escalated": "久未处理，已上报主管",
    "paged": "紧急：已通知人工",
}
STATES = {
    "pending": ("待发送", "wait"),
    "claimed": ("发送中", "wait"),
    "sent": ("已发出", "sent"),
    "dead": ("发送失败", "dead"),
    "dropped": ("未发出：会话已换人处理", "dropped"),
}


BOT_KINDS = {"reply": "机器人", "reminder": "提醒", "resume": "机器人", "human": "管家", "media": "管家"}


def doer(actor: str) -> str:
    """Return who did something, for a sentence; "" for the assistant. A servicer goes by their UserID in WeCom."""
    kind, _, name = actor.partition(":")
    if kind == "wecom":
        return f"企业微信客服（{name}）" if name else "企业微信客服"
    return name if kind == "user" else ""


def shown_words(message: Inbound) -> str:
    """Return what stands in a message's bubble; "" for what need not be seen."""
    if message.kind is Kind.EVENT:
        if message.event == _REJECTS:
            return (
                "企业微信里拒收了对方的消息" if message.fields.get("reject_switch") == "1" else "企业微信里恢复了接收"
            )
        words = TOLD_EVENTS.get(message.event, "")
        return f"{words}：{message.event_key}" if words and message.event == "click" and message.event_key else words
    if message.kind is Kind.TEXT:
        return message.text
    if message.kind is Kind.LOCATION:
        return f"{short_words(message)} {message.fields.get('Label', '')}".strip()
    return short_words(message) if message.kind is not Kind.VOICE else f"［语音］{message.text}"
