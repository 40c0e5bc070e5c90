"""Random walks: labels of nodes by skip-grams, and items of histories."""

from typing import Any

from benchmarks.catalogue.judges.labels import LabelJudge
from benchmarks.catalogue.judges.retrieval import RetrievalJudge
from benchmarks.catalogue.rows import Row

#: along author, paper, venue, paper, author, 20 times, from each author 10 times: OpenHGNN's settings
_DBLP: dict[str, Any] = {
    "metapath": ("wrote", "published_at", "~published_at", "~wrote"),
    "length": 81,
    "walks_per_node": 10,
    "window": 5,
    "negatives": 5,
    "lr": 0.01,
}

#: OpenHGNN learns the fields of 400 of 4,057 authors
AUTHORS = LabelJudge(train_share=400 / 4057)

#: what rows on blogcatalog have in common, of any family
BLOGS: dict[str, Any] = {
    "data": "blogcatalog",
    "judge": LabelJudge(train_share=0.9),
    "metrics": ("micro_f1", "macro_f1"),
}

WALK = (
    Row(
        family="walk",
        method="deepwalk",
        settings={"walks_per_node": 40, "length": 80, "window": 5},
        origin="CogDL's 40 walks and window, one pass",
        published={"micro_f1": 0.427},
        floors={"micro_f1": 0.42},
        **BLOGS,
    ),
    Row(
        family="walk",
        method="deepwalk",
        data="cora",
        judge=LabelJudge(train_share=0.1),
        metrics=("micro_f1", "macro_f1"),
        settings={"walks_per_node": 10, "length": 80, "window": 10, "relations": ("cites",)},
        origin="OpenNE",
        published={"micro_f1": 0.713},
    ),
    Row(
        family="walk",
        method="node2vec",
        settings={"p": 0.25, "q": 0.25, "walks_per_node": 100, "length": 80, "window": 10},
        origin="the paper's 10 walks and window, CogDL's 10 passes, each of new walks",
        published={"micro_f1": 0.423},
        floors={"micro_f1": 0.42},
        **BLOGS,
    ),
    Row(
        family="walk",
        method="metapath2vec",
        data="hin_dblp",
        judge=AUTHORS,
        metrics=("macro_f1", "micro_f1"),
        settings=_DBLP,
        origin="OpenHGNN",
        published={"macro_f1": 0.924, "micro_f1": 0.929},
        floors={"macro_f1": 0.92},
    ),
    Row(
        family="walk",
        method="metapath2vec_plus_plus",
        data="hin_dblp",
        judge=AUTHORS,
        metrics=("macro_f1", "micro_f1"),
        settings=_DBLP,
        origin="as metapath2vec",
    ),
    Row(
        family="walk",
        method="item2vec",
        data="gowalla",
        judge=RetrievalJudge(),
        metrics=("recall@20", "ndcg@20"),
        published={"recall@20": 0.1326, "ndcg@20": 0.1057},
    ),
)
