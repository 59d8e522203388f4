"""CSV files of children, as an operator would fill them in."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from care.child_rows import REQUIRED


def child_row(policy_no: str = "TEST-0001", **cells: str) -> dict[str, str]:
    """Return the cells of a right row: the child that `tests.care.policies_told` insures."""
    return {"policy_no": policy_no, "insured_name": "测试宝宝", "insured_birth": "2022-05-01", **cells}


def write_children(path: Path, rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8") -> Path:
    """Write rows with the required columns and all that any row has."""
    told = list(rows)
    columns = dict.fromkeys([*REQUIRED, *(column for row in told for column in row)])
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(told)
    return path
