"""Takes off the disk what was deleted or is over. Run it in the worker, again and again; a crash loses nothing."""

from datetime import datetime

from bot.sealed_files import SealedFiles
from bot.store import reports
from bot.store.store import Store
from care import attempts, child_records, media, personal_export


def delete_files(store: Store, *, papers: SealedFiles, copies: SealedFiles, now: datetime) -> int:
    """Delete the files of deleted papers and of copies that nobody can fetch any more; returns how many."""
    with store.reading() as connection:
        deleted = media.to_delete(connection)
        over = personal_export.has_expired(connection, now=now)
    for file in deleted.values():
        papers.delete(file)
    if deleted:
        store.write(lambda connection: media.is_gone(connection, deleted))
    ended = store.write(lambda connection: personal_export.expire(connection, now=now)) if over else ()
    for file in ended:
        copies.delete(file)
    return len(deleted) + len(ended)


def clear_away(store: Store, *, papers: SealedFiles, copies: SealedFiles, now: datetime) -> None:
    """Forget what has had its time: papers without an application, attempts, old slips in
    children's records, files that a crash left. Hourly."""
    store.write(lambda connection: media.drop_forgotten(connection, now=now))
    store.write(lambda connection: attempts.prune(connection, now=now))
    store.write(lambda connection: reports.drop(connection, (), now=now))
    store.write(lambda connection: child_records.prune_traces(connection, now=now))
    with store.reading() as connection:
        media.sweep(connection, papers, now=now)
        personal_export.sweep(connection, copies, now=now)
