"""The benchmark of growth: its last line, and its graphs."""

import json
import sys

import numpy as np
import pytest

from benchmarks import growth


def test_the_last_line_has_the_ratios_of_the_worst_size_to_the_smallest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {
        100: [(9, 800), (1, 900)],
        200: [(4, 1600), (6, 2000)],
        400: [(4, 3200)] * 2,
        800: [(4, 1)] * 2,
    }

    def run(family: str, edges: int, seed: int) -> dict[str, float]:
        assert (family, seed) == ("walk", 0)
        seconds, size = figures[edges].pop(0)
        return {"seconds": seconds, "bytes": size}

    monkeypatch.setattr(growth, "in_own_process", run)
    monkeypatch.setattr(sys, "argv", ["growth", "--edges", "100", "--json"])
    growth.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["sizes"] == [100, 200, 400, 800]
    assert result["seconds_per_edge"] == pytest.approx([0.01, 0.02, 0.01, 0.005])
    assert result["bytes_per_edge"] == pytest.approx([8, 8, 8, 1 / 800])
    assert (result["worst_time_ratio"], result["worst_memory_ratio"]) == pytest.approx((2, 1))


def test_one_size_is_measured_in_a_process_of_its_own() -> None:
    found = growth.in_own_process("walk", 2000, 0)
    assert found["seconds"] > 0
    assert found["bytes"] >= 0


def test_degrees_follow_a_power_law() -> None:
    """Of the edges' ends the square root of a share of the nodes is in that share."""
    nodes, src, dst = growth.power_law(100_000, 0)
    assert nodes == 10_000
    for ends in (src, dst):
        assert (ends.min(), ends.max()) == (0, nodes - 1)
        for share in (0.01, 0.25):
            assert np.mean(ends < share * nodes) == pytest.approx(share**0.5, abs=0.01)
    assert not np.array_equal(src, dst)


def test_memory_of_a_step_is_reported_as_it_is_and_as_a_ratio(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {100: [90, 80], 400: [100, 110], 1600: [95, 88]}

    def run(family: str, edges: int, seed: int) -> dict[str, float]:
        assert (family, seed) == ("inductive", 0)
        return {"bytes": figures[edges].pop(0)}

    monkeypatch.setattr(growth, "in_own_process", run)
    monkeypatch.setattr(sys, "argv", ["growth", "--family", "inductive", "--edges", "100", "--json"])
    growth.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["sizes"], result["step_bytes"]) == ([100, 400, 1600], [80, 100, 88])
    assert result["worst_memory_ratio"] == pytest.approx(1.25)
