"""Collaborative filtering without gradient steps: factors in closed form, and baselines."""

from typing import Any

from benchmarks.catalogue.judges.baseline import BaselineJudge
from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

_METRICS: dict[str, Any] = {"family": "collaborative", "metrics": ("recall@20", "ndcg@20")}
#: of vectors; published figures are those that others report on LightGCN's splits
GOWALLA: dict[str, Any] = {**_METRICS, "data": "gowalla", "judge": RetrievalJudge()}
YELP: dict[str, Any] = {**GOWALLA, "data": "yelp2018"}
#: of scores, which have no chance in them
_GOWALLA_SCORES: dict[str, Any] = {**GOWALLA, "judge": BaselineJudge(), "seeds": 1}
_YELP_SCORES: dict[str, Any] = {**_GOWALLA_SCORES, "data": "yelp2018"}

CLOSED_FORMS: tuple[Row, ...] = (
    Row(
        method="spectral",
        settings={"dim": 1024, "item_exponent": 0.35, "spectrum_exponent": 1.75},
        origin="a fifth of the training pairs held out",
        floors={"recall@20": 0.189, "ndcg@20": 0.1585},
        **GOWALLA,
    ),
    Row(
        method="spectral",
        settings={"dim": 512, "iterations": 8},
        origin="a fifth of the training pairs held out",
        floors={"recall@20": 0.0715, "ndcg@20": 0.0592},
        **YELP,
    ),
    Row(method="als", **GOWALLA),
    Row(method="svd_gcn", settings={"dim": 90}, origin="the authors' of Gowalla", **GOWALLA),
    Row(method="popular", **_GOWALLA_SCORES),
    Row(
        method="item_knn",
        settings={"neighbours": 400, "shrinkage": 10.0, "alpha": 0.3},
        origin="a fifth of the training pairs held out",
        published={"recall@20": 0.157, "ndcg@20": 0.1214},
        floors={"recall@20": 0.157, "ndcg@20": 0.1214},
        **_GOWALLA_SCORES,
    ),
    Row(method="item_knn", published={"recall@20": 0.0639, "ndcg@20": 0.0531}, **_YELP_SCORES),
    Row(method="user_knn", **_GOWALLA_SCORES),
    Row(
        method="ease",
        settings={"regularization": 100.0},
        origin="held-out pairs of 10,000 users",
        published={"recall@20": 0.1765, "ndcg@20": 0.1467},
        floors={"recall@20": 0.1765, "ndcg@20": 0.1467},
        **_GOWALLA_SCORES,
    ),
    Row(
        method="gf_cf",
        origin="the paper",
        published={"recall@20": 0.1849, "ndcg@20": 0.1518},
        **_GOWALLA_SCORES,
    ),
    Row(
        method="gf_cf",
        origin="the paper",
        published={"recall@20": 0.0697, "ndcg@20": 0.0571},
        **_YELP_SCORES,
    ),
)
