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

#: what rows on Gowalla have in common; the split is that of LightGCN's authors
_GOWALLA: dict[str, Any] = {
    "family": "collaborative",
    "data": "gowalla",
    "judge": RetrievalJudge(),
    "metrics": ("recall@20", "ndcg@20"),
    "origin": "validation pairs; the fit learns from all pairs",
    "seeds": 1,
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
    Row(
        method="ultragcn",
        settings={"early_stop": None},
        published={"recall@20": 0.1862, "ndcg@20": 0.158},
        floors={"recall@20": 0.184, "ndcg@20": 0.156},
        **_GOWALLA,
    ),
    Row(
        method="mf_softmax",
        settings={"early_stop": None},
        published={"recall@20": 0.1882, "ndcg@20": 0.1584},
        **_GOWALLA,
    ),
    Row(
        method="mf_bpr",
        settings={"early_stop": None},
        published={"recall@20": 0.1627, "ndcg@20": 0.1378},
        floors={"recall@20": 0.1627, "ndcg@20": 0.1378},
        **_GOWALLA,
    ),
    Row(
        method="ngcf",
        settings={"early_stop": None},
        published={"recall@20": 0.157, "ndcg@20": 0.1327},
        floors={"recall@20": 0.157, "ndcg@20": 0.1327},
        **_GOWALLA,
    ),
    Row(
        method="nia_gcn",
        settings={"early_stop": None},
        published={"recall@20": 0.1726, "ndcg@20": 0.1358},
        floors={"recall@20": 0.172, "ndcg@20": 0.1355},
        **_GOWALLA,
    ),
)
