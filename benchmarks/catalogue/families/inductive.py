"""Inductive networks: labels and pairs of nodes whose vectors are made from features and neighbours."""

from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

INDUCTIVE: tuple[Row, ...] = (
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
