"""A CSV file that operators import: rows in, with the faults of the file as a whole told at once; refused rows out."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from bot.errors import UserFault

# What a file of refused rows has in front; mended, it is imported as it is.
_REFUSAL = ["line", "reason"]
_SAMPLE_BYTES = 65536

Cells = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What may stand in a file's first line. `more` tells further columns by their names; `more_help` names them."""

    required: Sequence[str]
    optional: Sequence[str]
    more: Callable[[str], bool] = lambda _: False
    more_help: str = ""


def rows(path: Path, columns: Columns) -> Iterator[tuple[int, Cells, str | None]]:
    """Yield (line, column → cell, fault of its shape) of each row that is not blank; a column left out is empty.

    UTF-8, with or without a byte order mark. Raises UserFault naming file, fault and remedy.
    """
    try:
        _refuse_wide_encodings(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, path, columns)
    except UnicodeDecodeError as error:
        raise UserFault(f"{path}: not UTF-8{_likely(path)}; save it as “CSV UTF-8” and import it again") from error
    except OSError as error:
        raise UserFault(f"{path}: cannot be read ({error.strerror}); give the path of a CSV file") from error


def replace_refused(path: Path, refused: Iterable[tuple[int, Cells, str]] | None) -> None:
    """Write (line, cells, reason) of refused rows to a file that only its owner may read; None: only delete the file
    that an earlier import of the same name left. Raises UserFault."""
    try:
        path.unlink(missing_ok=True)
        if refused is not None:
            _write(path, refused)
    except OSError as error:
        raise UserFault(f"{path}: the refused rows cannot be written here ({error.strerror})") from error


def _write(path: Path, refused: Iterable[tuple[int, Cells, str]]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # The byte order mark tells Excel that it is UTF-8.
    with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        found = iter(refused)
        first = next(found, None)
        if first is None:
            return
        writer = csv.DictWriter(file, [*_REFUSAL, *first[1]])
        writer.writeheader()
        told = chain((first,), found)
        writer.writerows({**cells, "line": line, "reason": reason} for line, cells, reason in told)


def _rows(file: TextIO, path: Path, known: Columns) -> Iterator[tuple[int, Cells, str | None]]:
    reader = csv.reader(file)
    try:
        columns = _columns(next(reader, []), path, known)
        more = [column for column in columns if column not in (*known.required, *known.optional, *_REFUSAL)]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            fault = None if len(cells) == len(columns) else f"{len(cells)} cells where the header has {len(columns)}"
            row = dict(zip(columns, cells, strict=False))
            yield (
                reader.line_num,
                {column: row.get(column, "") for column in [*known.required, *known.optional, *more]},
                fault,
            )
    except csv.Error as error:
        raise UserFault(
            f"{path}: line {reader.line_num} is no CSV ({error}); look for a quotation mark without its pair"
        ) from error


def _columns(header: list[str], path: Path, known: Columns) -> list[str]:
    columns = [cell.strip() for cell in header]
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t"):
        raise UserFault(f"{path}: its columns are not divided by commas; save it as CSV with commas")
    named = (*known.required, *known.optional, *_REFUSAL)
    missing = [column for column in known.required if column not in columns]
    unknown = [column or "(no name)" for column in columns if column not in named and not known.more(column)]
    doubled = sorted({column for column in columns if columns.count(column) > 1})
    for fault, faulty in (("lacks", missing), ("has unknown", unknown), ("doubles", doubled)):
        if faulty:
            raise UserFault(
                f"{path}: its first line {fault} columns: {', '.join(faulty)}; "
                f"needed are {','.join(known.required)}, optional are {','.join(known.optional)}{known.more_help}"
            )
    return columns


def _refuse_wide_encodings(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise UserFault(f"{path}: it looks like UTF-16; save it as “CSV UTF-8” and import it again")


def _likely(path: Path) -> str:
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    readable = sample.decode("gb18030", "replace")
    # A sample may end within a character.
    return " (it looks like GBK)" if readable.count("�") <= 1 else ""
