"""The ablation on scores whose truth is known: planted gains, losses and nulls; slices; JSON; refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from embedding_features.config import parse_config
from embedding_features.errors import ConfigError, DataError
from ranking.ablation.ablate import Ablation, AblationConfig, ablate
from ranking.ablation.slices import slices
from ranking.metrics.metrics import auc, gauc, log_loss, ndcg, rce
from tests.unit.ranking.ablation.simulated_scores import simulated_scores

PLANTED = {
    "lightgbm": {"none": 1.2, "+dense": 0.8, "+clusters": 1.2, "+tokens": 1.8},
    "dlrm": {"none": 1.0, "+dense": 1.0, "+clusters": 1.0, "+tokens": 1.0},
}
CONFIG = AblationConfig(replicates=1500, slice_replicates=300)


@pytest.fixture(scope="module")
def planted() -> Ablation:
    return ablate(simulated_scores(PLANTED), CONFIG)


def test_verdicts_on_planted_structure(planted: Ablation) -> None:
    """One gain, one loss, one null beside a ranker of nulls only, in both directions of metrics."""
    for metric in ("auc", "gauc", "log_loss", "rce"):
        verdicts = {v: planted.cell("lightgbm", v, metric).verdict for v in planted.variants("lightgbm")}
        assert verdicts == {
            "none": None,
            "+dense": "better",
            "+clusters": "no difference",
            "+tokens": "worse",
        }, metric
    dlrm = {cell.verdict for cell in planted.cells if cell.ranker == "dlrm" and cell.variant != "none"}
    assert dlrm == {"no difference"}


def test_log_loss_better_is_lower(planted: Ablation) -> None:
    change = planted.cell("lightgbm", "+dense", "log_loss").difference
    assert change is not None
    assert change.high < 0


def test_figures_are_the_metrics_of_each_seed(planted: Ablation) -> None:
    scores = simulated_scores(PLANTED)
    runs = scores.scores["lightgbm"]["+dense"]
    expected = {
        "auc": [auc(scores.label, run) for run in runs],
        "gauc": [gauc(scores.label, run, scores.user).value for run in runs],
        "log_loss": [log_loss(scores.label, run) for run in runs],
        "rce": [rce(scores.label, run, 0.5) for run in runs],
        "ndcg@10": [ndcg(scores.label, run, scores.user) for run in runs],
    }
    for metric, seeds in expected.items():
        cell = planted.cell("lightgbm", "+dense", metric)
        assert cell.seeds == pytest.approx(seeds)
        assert cell.figure.value == pytest.approx(np.mean(seeds))
        assert cell.seed_std == pytest.approx(np.std(seeds, ddof=1))
        assert cell.figure.low < cell.figure.value < cell.figure.high
    assert planted.gauc_skipped_users == gauc(scores.label, runs[0], scores.user).skipped


def test_slices_are_the_metric_on_their_rows(planted: Ablation) -> None:
    scores = simulated_scores(PLANTED)
    cell = planted.cell("lightgbm", "+dense", "auc")
    checked = 0
    for part, size in zip(slices(scores, CONFIG.slices), planted.slices, strict=True):
        found = cell.slices[part.name]
        assert (size.name, size.rows) == (part.name, int(part.rows.sum()))
        if size.rows < CONFIG.min_slice_rows:
            assert (found.note, found.figure) == ("too few rows", None)
            continue
        runs = scores.scores["lightgbm"]["+dense"][:, part.rows]
        assert found.figure is not None
        assert found.figure.value == pytest.approx(np.mean([auc(scores.label[part.rows], r) for r in runs]))
        assert found.difference is not None
        assert found.difference.low < found.difference.value < found.difference.high
        checked += 1
    assert checked >= 8
    assert planted.cell("lightgbm", "none", "auc").slices["head items"].difference is None


def test_why_a_slice_has_no_figure() -> None:
    """Few rows, few users, and one class are told apart."""
    scores = simulated_scores({"r": {"none": 1.0, "+dense": 0.9}}, users=120)
    n = scores.label.size
    count = np.full(n, 100)
    count[:30] = 0  # cold: too few rows
    count[30:430] = 10  # tail: rows enough, of a few users
    label = scores.label.copy()
    old = np.full(n, 1.0, np.float32)
    old[-900:] = 10.0  # one class only
    label[-900:] = 1.0
    changed = replace(scores, user_count=count, label=label, snapshot_age=old)
    found = (
        ablate(changed, AblationConfig(replicates=500, slice_replicates=100))
        .cell("r", "+dense", "auc")
        .slices
    )
    assert found["cold users"].note == "too few rows"
    assert found["tail users"].note == "too few users"
    assert found["snapshot 7–14 days"].note == "one class only"
    assert found["no snapshot"].note == "too few rows"
    assert found["active users"].note == ""


def test_holm_over_the_primary_family_and_over_the_rest(planted: Ablation) -> None:
    """Six comparisons in the primary family: the smallest p is six-fold; the other family has 24."""
    compared = [cell for cell in planted.cells if cell.difference is not None]
    for primary, size in ((True, 6), (False, 24)):
        family = [cell for cell in compared if (cell.metric == "auc") == primary]
        assert len(family) == size
        smallest = min(family, key=lambda cell: cell.difference.p if cell.difference else 1.0)
        assert smallest.difference is not None
        assert smallest.p_corrected == pytest.approx(min(1.0, size * smallest.difference.p))


def test_findings_name_gains_losses_and_nulls(planted: Ablation) -> None:
    text = planted.findings
    assert text[0] == "Earned its keep in AUC: +dense for lightgbm. Not shown: +clusters, +tokens."
    assert text[1].startswith("lightgbm gains most with +dense: AUC +0.0")
    assert "p = 0.008" in text[1]
    assert ", by DeLong +0.0" in text[1]
    assert "; most for " in text[1]
    assert any(f.startswith("lightgbm: AUC is better than the baseline with +dense +0.0") for f in text)
    assert any(f.startswith("lightgbm: AUC is worse than the baseline with +tokens −0.0") for f in text)
    assert any(f.startswith("dlrm: no difference in AUC shown for") and "+tokens" in f for f in text)
    assert "dlrm, other metrics: no difference shown." in text
    assert any("intervals of AUC leave out 0" in f for f in text)


def test_findings_say_when_nothing_helps() -> None:
    scores = simulated_scores({"dlrm": {"none": 1.0, "+dense": 1.0, "all": 1.4}}, seeds=1)
    text = ablate(scores, AblationConfig(replicates=500, slice_replicates=100)).findings
    assert text[0] == "No variant improves AUC for any ranker."
    assert text[-1].startswith("dlrm: one seed a variant")


def test_a_copy_of_the_baseline_is_no_difference() -> None:
    scores = simulated_scores({"r": {"none": 1.0}})
    same = scores.scores["r"]["none"]
    result = ablate(replace(scores, scores={"r": {"none": same, "all": same}}), CONFIG)
    for metric in CONFIG.metrics:
        cell = result.cell("r", "all", metric)
        assert cell.difference is not None
        assert (cell.difference.value, cell.p_corrected, cell.verdict) == (0.0, 1.0, "no difference")


def test_only_what_the_asked_metrics_need_is_computed() -> None:
    """Each user's rows of one class: no user has a GAUC, and nobody asks for one."""
    scores = simulated_scores({"r": {"none": 1.0, "all": 0.5}})
    good = np.array([scores.label[scores.user == u].mean() > 0.5 for u in range(scores.user.max() + 1)])
    changed = replace(scores, label=good[scores.user].astype(np.float32))
    config = AblationConfig(metrics=("auc", "log_loss"), replicates=500, slice_replicates=100)
    assert ablate(changed, config).gauc_skipped_users == 0
    with pytest.raises(DataError, match="rows of both classes"):
        ablate(changed, AblationConfig(replicates=500, slice_replicates=100))


def test_same_scores_same_result(planted: Ablation) -> None:
    assert ablate(simulated_scores(PLANTED), CONFIG) == planted


def test_json_round_trip(planted: Ablation, tmp_path: Path) -> None:
    path = tmp_path / "results" / "ablation.json"
    planted.write_json(path)
    assert Ablation.read_json(path) == planted


@pytest.mark.parametrize("text", ["{}", "not json", '{"config": {"replicates": 1}}'])
def test_other_json_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "ablation.json"
    with pytest.raises(DataError, match="no ablation result at"):
        Ablation.read_json(path)
    path.write_text(text)
    with pytest.raises(DataError, match="is no ablation result"):
        Ablation.read_json(path)


def test_settings_are_checked() -> None:
    for bad, message in (
        ({"primary": "rmse"}, "primary 'rmse'"),
        ({"metrics": ["auc", "rmse"]}, "metrics must be"),
        ({"metrics": ["auc", "auc"]}, "metrics must be"),
        ({"metrics": ["rce"]}, "primary 'auc' must be"),
        ({"replicate": 10}, "replicate"),
    ):
        with pytest.raises(ConfigError, match=message):
            parse_config(bad, AblationConfig, "ablation.yaml")
    with pytest.raises(ValidationError):
        AblationConfig(alpha=0)


def test_too_few_replicates_for_the_grid_are_refused() -> None:
    """1 comparison, 4 other metrics: alpha = .05 needs 2 · 4 / .05 = 160 replicates."""
    scores = simulated_scores({"r": {"none": 1.0, "all": 1.0}}, users=60)
    with pytest.raises(ConfigError, match="at least 160"):
        ablate(scores, AblationConfig(replicates=159))
    ablate(scores, AblationConfig(replicates=160, slice_replicates=100))


def test_refuses_scores_it_cannot_compare() -> None:
    scores = simulated_scores({"r": {"none": 1.0, "all": 1.0}}, users=60)
    none, n = scores.scores["r"]["none"], scores.label.size
    broken = none.copy()
    broken[1, 3] = np.nan
    for variants, error, message in (
        ({"all": none, "+dense": none}, ConfigError, r"r has the variants \['\+dense', 'all'\]"),
        ({"none": none}, ConfigError, "at least one other"),
        ({"none": none, "all": none[:, :-1]}, DataError, f"r all: scores of shape .3, {n - 1}"),
        ({"none": none, "all": none[0]}, DataError, "a row for each seed"),
        ({"none": none, "all": broken}, DataError, "r all: some scores are no probabilities"),
        ({"none": none, "all": none * 3}, DataError, "r all: some scores are no probabilities"),
    ):
        with pytest.raises(error, match=message):
            ablate(replace(scores, scores={"r": variants}), CONFIG)
    with pytest.raises(ConfigError, match="no ranker"):
        ablate(replace(scores, scores={}), CONFIG)
    with pytest.raises(DataError, match="fewer than min_users"):
        ablate(simulated_scores({"r": {"none": 1.0, "all": 1.0}}, users=19), CONFIG)
