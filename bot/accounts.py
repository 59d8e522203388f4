"""The accounts of a deployment: what each kind of channel needs to know, as the TOML file gives it."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

_AES_KEY = r"^([A-Za-z0-9+/]{43})?$"
_FULL_AES_KEY = r"^[A-Za-z0-9+/]{43}$"
_ADDRESS = r"^https?://[^/\s]+"
_ORIGIN = r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?$"
_WECOM = "https://qyapi.weixin.qq.com"

Secret = Annotated[str, Field(min_length=1, repr=False)]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class MessageTemplate(BaseModel):
    """A template message of the account. `fields`: the template's own field → what the kind of reminder tells there.

    `subscribed`: a subscription message, which goes only to who agreed to it, once for each time they did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name
    fields: Annotated[dict[str, Name], Field(min_length=1)]
    subscribed: bool = False


class _Named(BaseModel):
    """What the account of every channel has. Its webhook is /webhooks/<id>.

    `has_window`: whether people are reached for 48 hours and by five messages after their last one only, or always.
    Each kind declares it; there is no default that could be true of a channel by accident.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    has_window: ClassVar[bool]

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    name: Name
    products: Annotated[tuple[str, ...], Field(min_length=1)]


class _Account(_Named):
    """What the accounts on Tencent's platforms have."""

    token: Secret


class WechatAccount(_Account):
    """A WeChat Official Account. An empty `encoding_aes_key` means plaintext mode."""

    has_window: ClassVar[bool] = True

    channel: Literal["wechat"]
    app_id: Annotated[str, Field(min_length=1)]
    app_secret: Secret
    encoding_aes_key: Annotated[str, Field(pattern=_AES_KEY, repr=False)] = ""
    previous_encoding_aes_key: Annotated[str, Field(pattern=_AES_KEY, repr=False)] = ""
    api_base_url: Annotated[str, Field(pattern=_ADDRESS)] = "https://api.weixin.qq.com"
    templates: dict[str, MessageTemplate] = Field(default_factory=dict)  # kind of reminder → its template
    join_by_unionid: bool = False


class _OfCorporation(_Account):
    """What both WeCom channels have. WeCom knows no plaintext mode, so there must be a key."""

    corp_id: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    secret: Secret
    encoding_aes_key: Annotated[str, Field(pattern=_FULL_AES_KEY, repr=False)]
    previous_encoding_aes_key: Annotated[str, Field(pattern=_AES_KEY, repr=False)] = ""
    api_base_url: Annotated[str, Field(pattern=_ADDRESS)] = _WECOM


class WecomAccount(_OfCorporation):
    """An application in WeCom, for the members of the corporation.

    `staff`: name of a user of the console → their UserID in WeCom; they get cards about their work.
    """

    has_window: ClassVar[bool] = False

    channel: Literal["wecom"]
    agent_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    staff: dict[Name, Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]] = Field(
        default_factory=dict
    )


class WecomKfAccount(_OfCorporation):
    """WeChat customer service. `hand_over`: people take over in our console, or natively in WeCom."""

    has_window: ClassVar[bool] = True

    channel: Literal["wecom_kf"]
    open_kfids: Annotated[tuple[Annotated[str, Field(pattern=r"^[!-~]{1,64}$")], ...], Field(min_length=1)]
    hand_over: Literal["console", "native"] = "console"
    join_by_unionid: bool = False


class WebChatAccount(_Named):
    """A chat in the insurer's own app or page, whose server signs tokens with `secret`. `origins`: which sites may
    show our page in a frame."""

    has_window: ClassVar[bool] = False

    channel: Literal["web_chat"]
    secret: Annotated[str, Field(min_length=32, repr=False)]
    previous_secret: Annotated[str, Field(pattern=r"^(.{32,})?$", repr=False)] = ""
    origins: tuple[Annotated[str, Field(pattern=_ORIGIN)], ...] = ()


Account = WechatAccount | WecomAccount | WecomKfAccount | WebChatAccount
KINDS: dict[str, type[_Named]] = {
    get_args(kind.model_fields["channel"].annotation)[0]: kind for kind in get_args(Account)
}
CHANNELS = tuple(KINDS)


def has_window(channel: str) -> bool:
    """Whether a kind of channel (wechat, wecom, …) takes messages for a while after the person's last one only."""
    return KINDS[channel].has_window


def fault_of(fault: Any) -> str:
    """Return "entry: rule; remedy" for one of pydantic's errors about a file. Never quotes a value."""
    location = fault["loc"]
    # The union's tag stands in the location of what is inside an account: accounts, 0, wechat, id.
    if len(location) > 2 and location[0] == "accounts" and location[2] in CHANNELS:
        location = (*location[:2], *location[3:])
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        location = (*location, "channel")
    return f"{_entry(location)}: {_remedy(fault, location[-1] if location else '')}"


def _entry(location: tuple[str | int, ...]) -> str:
    entry = ""
    for part in location:
        entry += f"[{part}]" if isinstance(part, int) else f".{part}"
    return entry.lstrip(".")


def _remedy(fault: Any, entry: str | int) -> str:
    if fault["type"] == "missing":
        return "is missing; add it"
    if fault["type"] == "union_tag_not_found":
        return f"is missing; add channel = one of {', '.join(CHANNELS)}"
    if fault["type"] == "union_tag_invalid":
        return f"is no channel; use one of {', '.join(CHANNELS)}"
    if fault["type"] == "extra_forbidden":
        return "is not known; check the spelling"
    if entry in ("encoding_aes_key", "previous_encoding_aes_key"):
        may_be_empty = "" if _FULL_AES_KEY in str(fault.get("ctx")) else ", or be empty"
        return f"must have 43 characters (letters, digits, + and /){may_be_empty}; copy it from the platform's page"
    if entry == "agent_id":
        return "must be the application's AgentId, a whole number; copy it from WeCom's page"
    message: str = fault["msg"]
    return f"{message[:1].lower()}{message[1:]}; mend it"
