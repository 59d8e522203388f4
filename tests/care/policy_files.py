"""CSV files of policies, as an insurer would send them: right unless a test changes a cell."""

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from care.policy_rows import REQUIRED
from tests.care.policies_told import identity

PRODUCTS = ("zhenai-wuxian-2023", "junlong-zhenai-21", "chengzhang-youxiang-2025")


def row(number: int = 1, **cells: str) -> dict[str, str]:
    """Return the cells of a right row: policy `number` of a parent with one child."""
    birth = date(2020, 1, 1 + number % 28)
    return {
        "policy_no": f"TEST-{number:06d}",
        "product": PRODUCTS[number % 3],
        "plan": "plus" if number % 3 == 2 else "",
        "status": "active",
        "effective_on": "2026-03-01",
        "expires_on": "2027-02-28",
        "holder_name": "甲测试",
        "holder_id_no": identity(date(1990, 2, 3), serial=number % 499),
        "holder_phone": f"199{number:08d}",
        "insured_name": "测试宝宝",
        "insured_id_no": identity(birth, sex="F", serial=number % 499),
        "insured_birth": birth.isoformat(),
        "insured_sex": "F",
        "relation": "child",
        **cells,
    }


def sibling(of: Mapping[str, str], **cells: str) -> dict[str, str]:
    """Return a second child's row of the same policy."""
    born = {"insured_birth": "2023-07-08", "insured_id_no": identity(date(2023, 7, 8)), "insured_sex": "M"}
    return {**of, **born, "insured_name": "测试二宝", **cells}


def write(
    path: Path, rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8", extra: tuple[str, ...] = ()
) -> Path:
    """Write rows with all required columns, and the optional ones named `extra`."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, [*REQUIRED, *extra])
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of refused rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
