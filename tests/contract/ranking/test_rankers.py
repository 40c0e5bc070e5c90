"""Our rankers keep the contract of a ranker."""

import pytest

from ranking.models import DIN, DLRM, DCNv2, DeepFM, LightGBM, Ranker, WideDeep
from ranking.models.network import NetworkRanker
from ranking.models.pretrained import DHE, Added, FineTuned, Frozen, Mixed
from ranking.models.registry import rankers
from ranking.models.training import RankerTraining
from ranking.testing.ranker import RankerTests

QUICK = RankerTraining(learning_rate=0.01, batch_rows=256, epochs=15, decay=0)
RANKERS: list[Ranker] = [
    LightGBM(min_rows_in_leaf=20, column_share=1),
    LightGBM(min_rows_in_leaf=20, column_share=1, objective="lambdarank", patience=60),
    WideDeep(training=QUICK),
    DLRM(training=QUICK, pretrained=Frozen()),
    DCNv2(training=QUICK, pretrained=FineTuned(learning_rate=0.01)),
    DCNv2(training=QUICK, structure="stacked", rank=4),
    DeepFM(training=QUICK, pretrained=Added()),
    DIN(training=QUICK, pretrained=Mixed()),
    WideDeep(training=QUICK, pretrained=DHE()),
]


def named(ranker: Ranker) -> str:
    """``wide_deep-dhe``: the kind and what is not by default."""
    other = [str(getattr(ranker, f, "")) for f in ("objective", "structure") if hasattr(ranker, f)]
    treatment = [ranker.pretrained.kind] if hasattr(ranker, "pretrained") else []
    return "-".join([ranker.kind, *other, *treatment])


class TestRankers(RankerTests):
    @pytest.fixture(params=RANKERS, ids=named)
    def ranker(self, request):
        return request.param

    def brief(self, ranker):
        if not isinstance(ranker, NetworkRanker):
            return ranker
        return ranker.model_copy(update={"training": QUICK.model_copy(update={"epochs": 1})})


def test_none_of_ours_is_left_out():
    assert {ranker.kind for ranker in RANKERS} == set(rankers())
