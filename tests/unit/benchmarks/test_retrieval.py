"""The retrieval benchmark: its last line, and that it reads the test split only once the vectors stand."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import retrieval
from embedding_features.methods import ClosedForm, get_method

NUMBERS = ("recall@20", "ndcg@20", "fit_seconds", "peak_rss_mb", "tune_seconds")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A small data set of blocks in place of gowalla; returns what is read and fitted, in order."""
    rng = np.random.default_rng(0)
    user, item = np.nonzero(
        rng.random((120, 90)) < np.where(np.eye(3).repeat(40, 0).repeat(30, 1), 0.4, 0.02)
    )
    split = np.where(rng.random(len(user)) < 0.8, "train", "test")
    (tmp_path / "gowalla").mkdir()
    table = {"user_id": user.astype(np.int32), "item_id": item.astype(np.int32), "split": split}
    pq.write_table(pa.table(table), tmp_path / "gowalla" / "interactions.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))
    calls: list[str] = []
    read, fit = retrieval._read, ClosedForm.fit

    def noted_read(dataset: str, split: str) -> pa.Table:
        calls.append(split)
        return read(dataset, split)

    def noted_fit(self: ClosedForm, *args: object, **kwargs: object) -> object:
        calls.append("fit")
        return fit(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(retrieval, "_read", noted_read)
    monkeypatch.setattr(ClosedForm, "fit", noted_fit)
    return calls


@pytest.mark.parametrize("method", ["spectral", "als"])
def test_the_last_line_is_json_and_the_test_split_is_read_last(
    method: str, calls: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["retrieval", "--method", method, "--dim", "8", "--trials", "6", "--json"]
    )
    retrieval.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert all(result[name] > 0 for name in NUMBERS)
    assert result["recall@20"] > result["popularity"][0] + 0.1
    assert set(result["settings"]) == set(get_method(method).parameters)
    assert calls[0] == "train"
    assert calls[-1] == "test"
    assert calls.count("fit") == len(calls) - 2 == result["tune_trials"] + 1 == 7
