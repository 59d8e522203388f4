"""What the staff send besides words: pictures and PDFs, checked by content, sent by the channel or as a link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.errors import UserFault
from bot.files import PDF, PICTURE_BYTES, PICTURES, Attachment, can_carry, file_name
from bot.keys import KeyRing
from bot.messages import Conversation
from bot.sealed_files import SealedFiles
from bot.store import outbox
from care import sent_files
from care.accepted_files import AcceptedFile, RefusedFile, accepted, as_jpeg
from handlers.wording import say

_REFUSED = {
    "empty": "请先选一个文件",
    "too_large": "文件超过 20 MB，请压缩或拆开再发",
    "type": "只能发图片（JPG、PNG、WEBP、HEIC）和 PDF",
    "too_many_pixels": "图片太大，请缩小再发",
    "encrypted": "这份 PDF 有密码，对方打不开；请去掉密码再发",
    "active": "这份 PDF 里有脚本，不能发；请另存为普通 PDF",
}
_DAMAGED = "文件打不开，可能损坏了"
_EVERY = (*PICTURES, PDF)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A file as it will be sent."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class StaffFiles:
    """What sending files needs. `channel_of`: account → its channel; `public_url` is what links begin with."""

    folder: SealedFiles
    channel_of: Callable[[str], object]
    public_url: str

    def carried(self, account: str) -> frozenset[str]:
        """Return the types that an account sends itself; for the others there is a link."""
        channel = self.channel_of(account)
        return frozenset(one for one in _EVERY if can_carry(channel, media_type=one, size=1))

    def queue(
        self, connection: Connection, keys: KeyRing, conversation: Conversation, draft: Draft, file: str, *, key: str,
        now: datetime,
    ) -> bool:  # fmt: skip
        """Put a file that was written as `file` into the outbox; False when `key` was used before."""
        size = len(draft.content)
        is_carried = can_carry(self.channel_of(conversation.account), media_type=draft.media_type, size=size)
        link = sent_files.link(keys, self.public_url, file=file, now=now)
        days = str(sent_files.LINK_DAYS)
        added = outbox.add(
            connection, keys, conversation_id=conversation.id, kind=outbox.MEDIA,
            text=draft.name if is_carried else say("file_link", name=draft.name, link=link, days=days),
            attachment=Attachment(
                file=file, name=draft.name, media_type=draft.media_type, bytes=size, as_link=not is_carried
            ),
            key=key, now=now,
        )  # fmt: skip
        if added:
            sent_files.keep(
                connection, contact_id=conversation.contact_id, file=file, media_type=draft.media_type, size=size,
                now=now,
            )  # fmt: skip
        return added


def draft_of(content: bytes, name: str) -> Draft:
    """Check a file by its content and return it as phones show it. Raises UserFault, in Chinese."""
    try:
        made = accepted(content)
    except RefusedFile as fault:
        raise UserFault(_REFUSED.get(fault.reason, _DAMAGED)) from None
    if made.media_type != PDF and (made.media_type not in _EVERY or len(made.content) > PICTURE_BYTES):
        made = as_jpeg(made)
    return _draft(made, name)


def _draft(made: AcceptedFile, name: str) -> Draft:
    return Draft(name=file_name(name, made.media_type), media_type=made.media_type, content=made.content)
