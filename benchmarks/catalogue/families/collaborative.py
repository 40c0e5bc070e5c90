"""Collaborative filtering: held-out pairs found among all that a user lacks, or among given ones."""

from typing import Any

from benchmarks.catalogue.families.closed_forms import GOWALLA, YELP
from benchmarks.catalogue.judges.candidates import CandidateJudge
from benchmarks.catalogue.rows import Above, Row

#: what trained rows on Gowalla have in common
_GOWALLA: dict[str, Any] = {
    **GOWALLA,
    "origin": "validation pairs; the fit learns from all pairs",
    "seeds": 1,
}

#: NCF's split: the last film of each user among 99 others
_FILMS: dict[str, Any] = {
    "family": "collaborative",
    "data": "ml1m",
    "judge": CandidateJudge(),
    "metrics": ("hr@10", "ndcg@10"),
}

COLLABORATIVE: tuple[Row, ...] = (
    Row(
        method="lightgcn",
        settings={"epochs": 40, "early_stop": None},
        published={"recall@20": 0.183, "ndcg@20": 0.1554},
        floors={"recall@20": 0.183, "ndcg@20": 0.155},
        **_GOWALLA,
    ),
    Row(
        method="lightgcn",
        settings={
            "layers": 3,
            "temperature": 0.15,
            "power": 1.12,
            "batch_size": 1024,
            "epochs": 6,
            "early_stop": None,
        },
        origin="BSL, Wu et al., ICDE 2024; epochs by validation pairs",
        published={"recall@20": 0.0649, "ndcg@20": 0.053},
        floors={"recall@20": 0.0649, "ndcg@20": 0.053},
        seeds=1,
        **YELP,
    ),
    Row(
        method="xsimgcl",
        settings={"products": "bfloat16", "lr": 1e-3, "epochs": 10},
        origin="SELFRec, the loss chosen on pairs of 4,000 users",
        published={"recall@20": 0.0723, "ndcg@20": 0.0604},
        floors={"recall@20": 0.0715, "ndcg@20": 0.0595},
        seeds=1,
        **YELP,
    ),
    Row(
        method="ultragcn",
        settings={"batch_size": 1024, "epochs": 15, "early_stop": None},
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
    Row(
        method="mult_vae",
        settings={"products": "bfloat16"},
        published={"recall@20": 0.1641, "ndcg@20": 0.1335},
        floors={"recall@20": 0.1635, "ndcg@20": 0.133},
        **{**_GOWALLA, "origin": "defaults"},
    ),
    Row(
        method="neumf",
        published={"hr@10": 0.730, "ndcg@10": 0.447},
        floors={"hr@10": 0.72},
        **_FILMS,
    ),
    Row(
        method="als",
        settings={"dim": 192, "iterations": 12, "unobserved_weight": 0.5, "regularization": 0.005},
        origin="the last training pair of each user",
        published={"hr@10": 0.7294, "ndcg@10": 0.4523},
        above=Above("neumf@ml1m"),
        **_FILMS,
    ),
)
