"""What is reported of rows, by hand."""

import json
from dataclasses import replace

from benchmarks.catalogue.rows import Above
from benchmarks.catalogue.run import Shown
from benchmarks.catalogue.table import HEAD, cells, floors_of, markdown, report
from tests.unit.benchmarks.catalogue.worlds import ROW, kept_row

OTHER = replace(ROW, method="netmf", floors={})


def test_floors_are_the_larger_of_a_figure_and_another_rows() -> None:
    means = {"netmf@blogcatalog": 0.9}
    above = replace(ROW, above=Above("netmf@blogcatalog", margin=-0.05))
    assert floors_of(ROW, means) == {"micro_f1": 0.8}
    assert floors_of(above, means) == {"micro_f1": 0.9 - 0.05}
    assert floors_of(above, {}) == {"micro_f1": 0.8}
    least = {"micro_f1": 0.95, "macro_f1": 0.5}
    assert floors_of(replace(above, floors=least), means) == least
    assert floors_of(OTHER, means) == {}


def test_rows_below_their_floor_are_counted() -> None:
    just, below = kept_row(), kept_row(mean={"micro_f1": 0.7999, "macro_f1": 0.5})
    shown = [
        Shown(ROW, just, "kept"),
        Shown(ROW, below, "run"),
        Shown(OTHER, below, "kept"),
        Shown(replace(OTHER, above=Above(ROW.key)), below, "kept"),
        Shown(replace(ROW, floors={"macro_f1": 0.51}), just, "kept"),
        Shown(ROW, None, "skipped: no data"),
    ]
    found = report(shown, {ROW.key: 0.8})
    assert [row["below_floor"] for row in found["rows"]] == [False, True, False, True, True, False]
    assert (found["methods"], found["below_floor"], found["not_measured"]) == (2, 3, 1)
    assert found["rows"][0]["ours"]["micro_f1"] == {"mean": 0.8, "spread": 0.1}
    assert found["rows"][0]["status"] == "kept"
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_cells_by_hand() -> None:
    expected = [
        "`prone`",
        "blogcatalog",
        "micro_f1 / macro_f1",
        ".8000 ± .1000 / .5000 ± .0000",
        ".9000",
        ".8000",
        "12",
        "457",
        "defaults",
    ]
    assert cells(ROW, kept_row(), {"micro_f1": 0.8}) == expected
    assert cells(replace(OTHER, published={}, variant="exact"), None, {}) == [
        "`netmf.exact`",
        "blogcatalog",
        "micro_f1 / macro_f1",
        *"–––––",
        "defaults",
    ]
    quick = kept_row(cpu_seconds=1.26, spread={"micro_f1": None, "macro_f1": None})
    assert cells(ROW, quick, {})[3:7] == [".8000 / .5000", ".9000", "–", "1.3"]
    assert markdown([expected]).splitlines()[1:] == [
        "|" + " --- |" * len(HEAD),
        f"| {' | '.join(expected)} |",
    ]
