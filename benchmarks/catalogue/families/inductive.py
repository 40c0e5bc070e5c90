"""Inductive networks: labels and pairs of nodes whose vectors are made from features and neighbours."""

from typing import Any

from benchmarks.catalogue.judges.accuracy import AccuracyJudge
from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

#: what rows on cora's public split have in common
_CORA: dict[str, Any] = {"family": "inductive", "data": "cora_public", "metrics": ("accuracy",)}

#: what is read of it: citations, and words as features
_PAPERS: dict[str, Any] = {"relations": ("cites",), "attributes": ("has_word",)}

INDUCTIVE: tuple[Row, ...] = (
    Row(
        method="gcn",
        judge=AccuracyJudge(),
        settings={**_PAPERS, "labels": "is_about"},
        origin="the paper; 64 coordinates by validation labels",
        published={"accuracy": 0.823},
        floors={"accuracy": 0.815},
        **_CORA,
    ),
    Row(
        method="gat",
        judge=AccuracyJudge(),
        settings={**_PAPERS, "labels": "is_about"},
        origin="the paper",
        published={"accuracy": 0.829},
        floors={"accuracy": 0.82},
        **_CORA,
    ),
    Row(
        method="sign",
        judge=AccuracyJudge(),
        settings={
            **_PAPERS,
            "labels": "is_about",
            "dim": 128,
            "hops": 10,
            "dropout": 0.8,
            "weight_decay": 2e-2,
        },
        origin="validation labels",
        published={"accuracy": 0.81},
        floors={"accuracy": 0.81},
        **_CORA,
    ),
    Row(
        method="graphsage",
        judge=AccuracyJudge(strength=10.0),
        settings={**_PAPERS, "dropout": 0.7, "temperature": 0.3, "epochs": 60},
        origin="validation labels; learned without labels",
        published={"accuracy": 0.782},
        floors={"accuracy": 0.77},
        **_CORA,
    ),
    Row(
        method="dgi",
        judge=AccuracyJudge(strength=100.0),
        settings={**_PAPERS, "lr": 3e-3},
        origin="validation labels; learned without labels",
        published={"accuracy": 0.82},
        floors={"accuracy": 0.82},
        **_CORA,
    ),
    Row(
        family="inductive",
        method="pinsage",
        data="gowalla",
        judge=RetrievalJudge(),
        metrics=("recall@20", "ndcg@20"),
        published={"recall@20": 0.1380, "ndcg@20": 0.1196},
        floors={"recall@20": 0.1380, "ndcg@20": 0.1196},
        seeds=1,
    ),
)
