"""Retrieval by histories and towers: what comes next, found among all items."""

from typing import Any

from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

#: one review is to be found of each user: recall@10 is the hit rate HR@10; published are S3-Rec's of SASRec
_REVIEWS: dict[str, Any] = {
    "family": "retrieval",
    "data": "seq_beauty",
    "judge": RetrievalJudge(k=10),
    "metrics": ("recall@10", "ndcg@10"),
    "floors": {"recall@10": 0.08, "ndcg@10": 0.045},
    "seeds": 1,
}

#: published of YoutubeDNN
_CHECK_INS: dict[str, Any] = {
    "family": "retrieval",
    "data": "gowalla",
    "judge": RetrievalJudge(),
    "metrics": ("recall@20", "ndcg@20"),
    "published": {"recall@20": 0.1754, "ndcg@20": 0.1473},
    "seeds": 1,
}

RETRIEVAL: tuple[Row, ...] = (
    Row(
        method="sasrec",
        settings={"lr": 2e-3, "negatives": 1024, "heads": 2, "epochs": 60},
        origin="what each user did last but one, held out",
        published={"recall@10": 0.0605, "ndcg@10": 0.0318},
        **_REVIEWS,
    ),
    Row(
        method="pinnerformer",
        settings={"length": 50, "events": 3},
        origin="defaults; futures of three events, as only an order is known",
        **_REVIEWS,
    ),
    Row(
        method="two_tower",
        settings={"early_stop": None},
        origin="a fifth of each user's pairs; the fit learns from all pairs",
        floors={"recall@20": 0.1754, "ndcg@20": 0.1473},
        **_CHECK_INS,
    ),
    Row(
        method="youtube_dnn",
        settings={"epochs": 20, "early_stop": None},
        origin="defaults, 20 epochs; the fit learns from all pairs",
        **_CHECK_INS,
    ),
)
