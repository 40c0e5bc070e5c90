"""Rows of baselines: their names, their code, and how they are fitted and judged."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.catalogue import sources
from benchmarks.catalogue.families import ROWS
from benchmarks.catalogue.fit import fit
from benchmarks.catalogue.judges.baseline import BaselineJudge
from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row
from embedding_features.errors import ConfigError
from embedding_features.evaluate.baselines import EASE, Baseline
from embedding_features.methods import make, methods

SCORES = Row("collaborative", "ease", "gowalla", BaselineJudge(), ("recall@20",), {"regularization": 5})


@pytest.fixture
def gowalla(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users and items of three blocks; a fifth of the pairs are to be found."""
    rng = np.random.default_rng(0)
    near = np.arange(60)[:, None] % 3 == np.arange(120) % 3
    user, item = np.nonzero(rng.random((60, 120)) < np.where(near, 0.6, 0.02))
    test = (rng.random(len(user)) < 0.2) & (user > 0)
    test[np.unique(item, return_index=True)[1]] = False
    split = np.where(test, "test", "train")
    (tmp_path / "gowalla").mkdir()
    table = pa.table({"user_id": user, "item_id": item, "split": split})
    pq.write_table(table, tmp_path / "gowalla" / "interactions.parquet")
    monkeypatch.setenv("EMBEDDING_FEATURES_DATA", str(tmp_path))


def test_no_baseline_has_the_name_of_a_method() -> None:
    assert not set(Baseline.members()) & set(methods())


def test_a_row_makes_what_its_name_says() -> None:
    assert SCORES.make() == EASE(regularization=5)
    assert ROWS["als@gowalla"].make().name == "als"
    wrong = Row("collaborative", "ease", "gowalla", BaselineJudge(), ("recall@20",), {"ridge": 5})
    with pytest.raises(ConfigError, match="ease@gowalla is not a valid EASE"):
        wrong.make()


def test_a_rows_judge_is_of_what_it_learns() -> None:
    for row in ROWS.values():
        assert isinstance(row.judge, BaselineJudge) == row.is_baseline, row.key


def test_its_code_is_followed_to_what_it_computes_by() -> None:
    found = sources.closure(sources.composition_modules(SCORES.make()), sources.OF_VECTORS)
    own = {"ease", "gram_inverse", "sparse"}
    assert found == {f"embedding_features.evaluate.baselines.{name}" for name in own}
    low_rank = sources.composition_modules(make("low_rank_ease"))
    assert found <= sources.closure(low_rank, sources.OF_VECTORS)


@pytest.mark.usefixtures("gowalla")
def test_scores_and_their_factors_of_full_rank_are_judged_alike() -> None:
    settings = {"dim": 120, "regularization": 5}
    vectors = Row("collaborative", "low_rank_ease", "gowalla", RetrievalJudge(), ("recall@20",), settings)
    scores, factors = fit(SCORES, 0)["figures"], fit(vectors, 0)["figures"]
    assert scores["recall@20"] > 0.6  # 20 of some 30 left of a block
    assert factors == pytest.approx(scores, abs=0.01)
