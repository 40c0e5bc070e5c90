"""Collaborative filtering: held-out pairs found among all that a user lacks."""

from typing import Any

from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

#: what rows on yelp2018 have in common
_YELP: dict[str, Any] = {
    "family": "collaborative",
    "data": "yelp2018",
    "judge": RetrievalJudge(k=20),
    "metrics": ("recall@20", "ndcg@20"),
}

COLLABORATIVE: tuple[Row, ...] = (
    Row(
        method="xsimgcl",
        settings={"products": "bfloat16", "early_stop": None},
        origin="SELFRec's 20 passes over all pairs",
        published={"recall@20": 0.0723, "ndcg@20": 0.0604},
        floors={"recall@20": 0.0715, "ndcg@20": 0.0595},
        seeds=1,
        **_YELP,
    ),
)
