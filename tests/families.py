"""Policies of made-up families, written with no more than matters; everything else is filled in, the same every time.

A row names its `product`; it may give any column of the policies' file (`care.policy_rows`) and `insured`, a list
of relations or of {relation, name, birth, sex}. Without more: TEST-WX-0001 (-JL-, -CZ- by product, numbered by
place), active from 2025-03-01 to 2035-02-28, all optional liabilities bought, held by 陈大明 (M, 1988-04-12, phone
15400000101); insured is the holder, and in chengzhang-youxiang-2025 the child 陈小宝 (M, 2020-05-01).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from care.policy import Policy
from care.policy_rows import read_policy
from tests.assistants import GROWTH, WUXIAN, ZHENAI21

SHORT = {WUXIAN: "WX", ZHENAI21: "JL", GROWTH: "CZ"}
HOLDER = {"name": "陈大明", "birth": "1988-04-12", "sex": "M"}
# Several of a relation are taken in this order.
PEOPLE = {
    "spouse": [{"name": "林小雨", "birth": "1990-09-03", "sex": "F"}],
    "child": [
        {"name": "陈小宝", "birth": "2020-05-01", "sex": "M"},
        {"name": "陈小贝", "birth": "2022-11-20", "sex": "F"},
        {"name": "陈小满", "birth": "2024-10-06", "sex": "F"},
    ],
    "parent": [
        {"name": "王秀英", "birth": "1958-01-30", "sex": "F"},
        {"name": "陈建国", "birth": "1956-06-18", "sex": "M"},
    ],
    "other": [{"name": "赵一凡", "birth": "1995-02-14", "sex": "M"}],
}
DEFAULTS = {
    "plan": "", "status": "active", "effective_on": "2025-03-01", "expires_on": "2035-02-28",
    "options": "vaccine;dental;vision", "holder_name": HOLDER["name"], "holder_phone": "15400000101",
}  # fmt: skip
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def policy(row: Mapping[str, Any], *, place: int, products: Collection[str], today: date) -> Policy:
    """Return the policy of a row. Raises RowRefused for what no insurer's file may hold either."""
    product = str(row["product"])
    holder = {**HOLDER, "name": row.get("holder_name", HOLDER["name"])}
    cells = {**DEFAULTS, "policy_no": f"TEST-{SHORT[product]}-{place:04}", "holder_id_no": id_number(**holder), **row}
    told = [
        read_policy(_cells(cells, person, holder), products=products, today=today)
        for person in _people(row.get("insured", ["child" if product == GROWTH else "self"]), holder)
    ]
    return replace(told[0], insured=tuple(person for one in told for person in one.insured))


def id_number(*, birth: str, sex: str, name: str = "", place: int = 0, **_: Any) -> str:
    """Return a right identity number of an area that does not exist; `name` and `place` tell twins apart."""
    order = (sum(name.encode()) + place) % 49 * 2 + (sex == "M")
    body = f"990101{str(birth).replace('-', '')}{order:03}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def _people(insured: list[Any], holder: Mapping[str, str]) -> list[dict[str, Any]]:
    left = {relation: iter(people) for relation, people in PEOPLE.items()}
    found = []
    for one in insured:
        person = {"relation": one} if isinstance(one, str) else one
        usual = holder if person["relation"] == "self" else next(left[person["relation"]])
        found.append({**usual, **person})
    return found


def _cells(cells: Mapping[str, Any], person: Mapping[str, Any], holder: Mapping[str, Any]) -> dict[str, str]:
    is_self = person["relation"] == "self"
    id = cells["holder_id_no"] if is_self else id_number(**person)
    row = {
        **{name: value for name, value in cells.items() if name != "insured"},
        "insured_name": person["name"], "insured_birth": person["birth"], "insured_sex": person["sex"],
        "insured_id_no": id, "relation": person["relation"],
    }  # fmt: skip
    return {name: "" if value is None else str(value) for name, value in row.items()}
