"""Fetches what people sent from the platform, checks it and keeps it sealed. Run it in the worker, again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.errors import ConfigurationFault, GiveUp, RetryLater
from bot.sealed_files import SealedFiles
from bot.store.conversations import stir
from bot.store.store import Store
from care import media
from care.accepted_files import AcceptedFile, RefusedFile, accepted, accepted_voice

log = structlog.get_logger()

Fetch = Callable[[str, str], bytes]  # (account, media id) → content; raises RetryLater, GiveUp, ConfigurationFault

KEPT_BY_PLATFORM = timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """How one paper ended: kept (reason None) or refused (RefusedFile's reasons, gone or expired)."""

    id: int
    reason: str | None


def fetch_wanted(store: Store, files: SealedFiles, fetch: Fetch, *, now: datetime, limit: int = 100) -> list[Fetched]:
    """Fetch what is wanted, the oldest first, and return what ended.

    What cannot be fetched now stays wanted; an account whose platform does not answer is left alone for this round.
    """
    with store.reading() as connection:
        waiting = media.wanted(connection, store.keys, limit=limit)
    ended: list[Fetched] = []
    resting: set[str] = set()
    for one in waiting:
        if one.account in resting:
            continue
        try:
            ended += _fetched(store, files, fetch, one, now)
        except (RetryLater, ConfigurationFault) as fault:
            resting.add(one.account)
            log.warning("material not fetched yet", material=one.id, account=one.account, code=fault.code)
    return ended


def _fetched(store: Store, files: SealedFiles, fetch: Fetch, one: media.Wanted, now: datetime) -> list[Fetched]:
    try:
        content = fetch(one.account, one.media_id)
        file = accepted_voice(content) if one.material == media.VOICE else accepted(content)
    except RefusedFile as fault:
        return _refused(store, one, fault.reason)
    except GiveUp:
        return _refused(store, one, "gone")
    except (RetryLater, ConfigurationFault):
        if now - one.received_at > KEPT_BY_PLATFORM:
            return _refused(store, one, "expired")
        raise
    return _kept(store, files, one, file, now)


def _refused(store: Store, one: media.Wanted, reason: str) -> list[Fetched]:
    log.info("material refused", material=one.id, reason=reason)
    was_wanted = store.write(lambda connection: media.refuse(connection, one.id, reason=reason))
    return [Fetched(id=one.id, reason=reason)] if was_wanted else []


def _kept(store: Store, files: SealedFiles, one: media.Wanted, file: AcceptedFile, now: datetime) -> list[Fetched]:
    name = files.write(file.content)
    size = len(file.content)

    def keep(connection: Connection) -> bool:
        was_wanted = media.keep(connection, one.id, file=name, media_type=file.media_type, size=size)
        if was_wanted:
            stir(connection, one.contact_id, now=now)
        return was_wanted

    was_wanted = store.write(keep)
    if not was_wanted:
        files.delete(name)  # another process was faster, or the person deleted it meanwhile
        return []
    log.info("material kept", material=one.id, media_type=file.media_type, bytes=size)
    return [Fetched(id=one.id, reason=None)]
