"""The rule files are whole, agree with the fact file's figures, and a fault names file, entry and remedy."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from bot.errors import ConfigurationFault
from care.vaccination import rule_files
from care.vaccination.rule_files import load
from care.vaccination.spans import Span, parse_span
from care.vaccination.words import texts
from tests.care.vaccination.children import RULES

PACKAGE = Path(rule_files.__file__).parent


def broken(folder: Path, file: str, old: str, new: str) -> str:
    for path in PACKAGE.glob("*.yaml"):
        shutil.copy(path, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationFault) as caught:
        load(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("programme.yaml", "min_age: P8M", "min_age: 8M", "programme.yaml: MMR: plans.0.doses.0.min_age"),
        ("programme.yaml", "certainty: high", "certainty: sure", "edition: certainty"),
        ("programme.yaml", "before: P3M", "bevore: P3M", "programme.yaml: BCG: plans.0.doses.0.bevore"),
        ("programme.yaml", "source: [S1, S2]}", "source: [S99]}", "source S99 is unknown; add it to sources"),
        ("programme.yaml", "dose: 2, min_age: P1M", "dose: 3, min_age: P1M", "number them 1, 2, 3"),
        (
            "programme.yaml",
            "since: 2025-01-01, certainty",
            "since: 2025-01-02, certainty",
            "must be the day after until",
        ),
        ("programme.yaml", "product: IPV, min_age", "product: XPV, min_age", "product XPV is unknown"),
        ("programme.yaml", "group: MEN", "group: NEM", "no product counts for it"),
        ("programme.yaml", "- code: BCG", "- code: HepB", "HepB stands twice"),
        ("programme.yaml", "general:", "generals:", "general is missing"),
        ("programme.yaml", "families:", "families: [", "not readable as YAML"),
        ("products.yaml", "called: [乐儿德]", "called: [瑞特威]", "also names"),
        ("circumstances.yaml", "family: VAR", "family: VARX", "family VARX is unknown"),
        ("circumstances.yaml", "effect: product, product: IPV,", "effect: product,", "belongs to the effect product"),
        ("circumstances.yaml", "ask: [BCG, JE_L", "ask: [BCGX, JE_L", "family BCGX is unknown"),
    ],
)
def test_a_fault_names_file_entry_and_remedy(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    assert said in broken(tmp_path, file, old, new)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationFault, match=r"programme\.yaml: the file is missing"):
        load(tmp_path)


def test_every_rule_tells_its_certainty_and_source() -> None:
    doses = [rule for family in RULES.families.values() for plan in family.plans for rule in plan.doses]
    assert len(doses) >= 70
    assert all(rule.source and rule.certainty for rule in doses)


def test_the_edition_in_force_is_that_of_2026() -> None:
    assert "2026" in RULES.edition.title
    assert RULES.edition.since == date(2026, 6, 17)


def test_every_family_has_products_and_every_text_is_one_line() -> None:
    groups = {group for product in RULES.products.values() for group in product.counts}
    assert {family.group for family in RULES.families.values()} <= groups
    assert all("\n" not in text for text in texts().values())


@pytest.mark.parametrize(
    ("span", "day", "after"),
    [
        ("P1M", "2026-01-31", "2026-02-28"),
        ("P1M", "2024-01-31", "2024-02-29"),
        ("P12M", "2024-02-29", "2025-02-28"),
        ("P4Y", "2024-02-29", "2028-02-29"),
        ("P28D", "2026-02-10", "2026-03-10"),
        ("P6W", "2026-12-01", "2027-01-12"),
        ("P0D", "2026-12-01", "2026-12-01"),
        ("P11M", "2026-01-31", "2026-12-31"),
        ("P18M", "2025-08-31", "2027-02-28"),
    ],
)
def test_months_are_calendar_months_clamped_to_the_months_end(span: str, day: str, after: str) -> None:
    assert parse_span(span).after(date.fromisoformat(day)) == date.fromisoformat(after)


@pytest.mark.parametrize("text", ["", "P", "8M", "PT24H", "P1.5M", "P-1M", "P8M "])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_span(text)


def test_ages_and_intervals_are_said_as_people_say_them() -> None:
    ages = [parse_span(text).as_age() for text in ("P0D", "P8M", "P18M", "P24M", "P4Y", "P6W")]
    assert ages == ["出生", "8月龄", "18月龄", "24月龄", "4岁", "6周龄"]
    assert [Span(days=28).as_interval(), Span(months=6).as_interval(), Span(months=36).as_interval()] == [
        *("28天", "6个月", "3年")
    ]
