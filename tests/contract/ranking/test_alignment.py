"""Every alignment goes into every torch ranker, and what comes out is a ranker like any other."""

from dataclasses import replace

import numpy as np
import pytest

from embedding_features.config import parse_config
from embedding_features.errors import DataError
from ranking.inputs.inputs import Inputs
from ranking.models import DLRM, DCNv2, DeepFM, FittedRanker, Ranker, WideDeep
from ranking.models.alignment import MMD, Adversarial, Coral, TowerSettings
from ranking.models.training import RankerTraining
from ranking.testing.planted import planted_inputs

SHORT = RankerTraining(epochs=2, batch_rows=256)
ALIGNMENTS = {
    "mmd": MMD(),
    "linear mmd": MMD(estimate="linear", factors=(1.0,)),
    "coral": Coral(weight=0.1),
    "adversarial": Adversarial(),
    "learned weights": MMD(estimate="biased", weight="uncertainty"),
    "towers": MMD(towers=TowerSettings(hidden=8)),
}
RANKERS = [ranker(training=SHORT) for ranker in (DLRM, WideDeep, DCNv2, DeepFM)]
every_alignment = pytest.mark.parametrize("alignment", ALIGNMENTS.values(), ids=ALIGNMENTS)


def two_domains(rows: int, seed: int) -> Inputs:
    """The second half is the target's, without labels."""
    inputs = planted_inputs(rows, seed)
    target = np.arange(rows) >= rows // 2
    return replace(inputs, label=np.where(target, np.nan, inputs.label), domain=target.astype(np.int64))


@every_alignment
@pytest.mark.parametrize("ranker", RANKERS, ids=lambda r: r.kind)
def test_same_seed_same_scores_and_saved_ones_too(ranker, alignment, tmp_path):
    """The term changes what is learned; settings and weights survive the disk; serving needs no domain."""
    train, validation, test = two_domains(1200, 0), planted_inputs(400, 1), planted_inputs(300, 2)
    aligned = ranker.model_copy(update={"alignment": alignment})
    fitted = aligned.fit(train, validation, 0)
    scores = fitted.predict(test)
    assert np.array_equal(scores, aligned.fit(train, validation, 0).predict(test))
    assert not np.array_equal(scores, ranker.fit(train, validation, 0).predict(test))
    fitted.save(tmp_path)
    again = FittedRanker.load(tmp_path)
    assert np.array_equal(again.predict(test), scores)
    assert again.ranker == aligned


def test_alignment_from_a_rankers_yaml():
    """``alignment: {kind: mmd, weight: 1.0}``"""
    ranker = parse_config({"kind": "dlrm", "alignment": {"kind": "mmd", "weight": 0.5}}, Ranker, "the ranker")
    assert ranker == DLRM(alignment=MMD(weight=0.5))


@pytest.mark.parametrize(
    ("domain", "message"),
    [(None, "no domain to align"), (np.zeros(400, np.int64), r"by domain are \{0: 400\}")],
    ids=["none", "one"],
)
def test_rows_of_one_domain(domain, message):
    """A term that would be 0 all along is no silence but an error."""
    train = replace(planted_inputs(400, 0), domain=domain)
    with pytest.raises(DataError, match=message):
        DLRM(training=SHORT, alignment=MMD()).fit(train, planted_inputs(400, 1), 0)
