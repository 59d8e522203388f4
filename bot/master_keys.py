"""The file of master keys while they are changed: a new one is put first, and the old ones go at the very end.

Between the two, every process is started again (so that it knows both), and everything is sealed anew with the newest
key. The index key is pinned in a file of its own first: it was made from the oldest master key, and must outlive it.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ConfigurationFault
from bot.keys import INDEX_KEY_FILE, MASTER_KEY_FILE, decoded, fresh_key, index_key_of, load_keys
from bot.secret_files import made_once


def add_master_key(environment: Mapping[str, str], data_dir: Path) -> None:
    """Put a new master key before the others. Raises ConfigurationFault where the environment holds the keys."""
    _refuse_keys_of_the_environment(environment)
    load_keys(environment, data_dir)  # makes the first key if there is none, and refuses a broken file
    texts = _texts(data_dir)
    if not environment.get("ASSISTANT_INDEX_KEY"):
        oldest = decoded(texts[-1], str(data_dir / MASTER_KEY_FILE))
        made_once(data_dir / INDEX_KEY_FILE, lambda: b64encode(index_key_of([oldest])) + b"\n")
    _write(data_dir / MASTER_KEY_FILE, fresh_key() + "\n".join([*texts, ""]).encode())


def drop_old_master_keys(environment: Mapping[str, str], data_dir: Path) -> int:
    """Keep the newest master key only; returns how many went. What they sealed and was not sealed anew is lost.

    Raises ConfigurationFault where the environment holds the keys, or the index key still hangs on the oldest one.
    """
    _refuse_keys_of_the_environment(environment)
    newest, *older = _texts(data_dir)
    if older and not environment.get("ASSISTANT_INDEX_KEY") and not (data_dir / INDEX_KEY_FILE).exists():
        raise ConfigurationFault(
            f"{data_dir / MASTER_KEY_FILE}: the index key is still made from the oldest key; "
            "add the new key by the command, which keeps the index key apart"
        )
    _write(data_dir / MASTER_KEY_FILE, f"{newest}\n".encode())
    return len(older)


def index_key_text(environment: Mapping[str, str]) -> str:
    """Return, as base64, what ASSISTANT_INDEX_KEY must be set to before the oldest key of ASSISTANT_MASTER_KEY goes.

    A secret: for the operator's eyes and the environment only. Raises ConfigurationFault.
    """
    oldest = environment.get("ASSISTANT_MASTER_KEY", "").strip().rstrip(",").rpartition(",")[2].strip()
    return b64encode(index_key_of([decoded(oldest, "ASSISTANT_MASTER_KEY")])).decode()


def _refuse_keys_of_the_environment(environment: Mapping[str, str]) -> None:
    if environment.get("ASSISTANT_MASTER_KEY"):
        raise ConfigurationFault(
            "ASSISTANT_MASTER_KEY: the keys are in the environment, so change them there: put the new one first, "
            "separated by a comma; before the oldest one is taken out, set ASSISTANT_INDEX_KEY"
        )


def _texts(data_dir: Path) -> list[str]:
    return (data_dir / MASTER_KEY_FILE).read_text("ascii").split()


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
