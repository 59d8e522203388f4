"""The table and the figures of the benchmarks."""

import json

from tests.bench.figures import Figure, middle, percentile, table, write


def test_a_target_is_met_or_fallen_short_of():
    assert Figure(bench="b", name="n", value=5, unit="x", at_least=5).verdict == "PASS"
    assert Figure(bench="b", name="n", value=4.9, unit="x", at_least=5).verdict == "FALL SHORT"
    assert Figure(bench="b", name="n", value=5, unit="ms", below=5).verdict == "FALL SHORT"
    assert Figure(bench="b", name="n", value=4.9, unit="ms", below=5).verdict == "PASS"


def test_what_could_not_be_measured_meets_no_target():
    assert Figure(bench="b", name="n", value=None, unit="ms", below=5).verdict == "NOT MEASURED"


def test_a_figure_without_a_target_is_only_reported():
    assert Figure(bench="b", name="n", value=1, unit="MB").verdict == ""


def test_the_median_of_the_rounds_counts():
    figure = middle("b", "n", [9.0, 1.0, 2.0], "x", at_least=3)
    assert (figure.value, figure.verdict) == (2.0, "FALL SHORT")


def test_a_percentile_is_one_of_the_values():
    assert percentile(range(1, 101), 0.99) == 100
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_the_columns_of_the_table_are_aligned():
    figures = [
        Figure(bench="routing", name="p99", value=1.5, unit="ms", below=5),
        Figure(bench="typos", name="fall of top-1", value=12.0, unit="points", below=8),
    ]
    _, first, second = table(figures).splitlines()
    assert first.index("PASS") == second.index("FALL SHORT")


def test_the_json_has_every_figure_with_its_verdict(tmp_path):
    path = tmp_path / "var" / "bench.json"
    write([Figure(bench="b", name="n", value=1.0, unit="x", at_least=2)], path, quick=True)
    run = json.loads(path.read_text(encoding="utf-8"))
    assert run["quick"] is True
    assert [(it["name"], it["verdict"], it["target"]) for it in run["figures"]] == [("n", "FALL SHORT", ">= 2")]
