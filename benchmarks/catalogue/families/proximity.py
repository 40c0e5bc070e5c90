"""Proximity: factors of matrices, and sampled edges."""

from typing import Any

from benchmarks.catalogue.families.walk import AUTHORS, BLOGS
from benchmarks.catalogue.judges.labels import LabelJudge
from benchmarks.catalogue.rows import Above, Row

#: what rows on blogcatalog have in common
_BLOGS: dict[str, Any] = {"family": "proximity", **BLOGS}

PROXIMITY = (
    Row(
        method="line",
        settings={"order": "both", "samples_per_node": 3200},
        origin="the paper; as many edges as 40 walks of 80 have",
        published={"micro_f1": 0.392},
        floors={"micro_f1": 0.39},
        **_BLOGS,
    ),
    Row(
        method="netmf",
        settings={"window": 10, "negatives": 1.0},
        origin="the paper",
        published={"micro_f1": 0.435},
        floors={"micro_f1": 0.43},
        **_BLOGS,
    ),
    Row(
        method="prone",
        settings={"order": 20, "mu": 0.0, "theta": 4.0},
        origin="labels held out",
        published={"micro_f1": 0.4363},
        floors={"micro_f1": 0.43},
        **_BLOGS,
    ),
    Row(
        method="grarep",
        settings={"steps": 5},
        origin="CogDL",
        published={"micro_f1": 0.34},
        floors={"micro_f1": 0.34},
        **_BLOGS,
    ),
    Row(
        method="sdne",
        settings={"hidden": 1000, "alpha": 0.1, "beta": 5.0, "epochs": 60},
        origin="the paper's network and weights; the penalty from labels held out",
        published={"micro_f1": 0.403},
        floors={"micro_f1": 0.39},
        **_BLOGS,
    ),
    Row(
        method="dngr",
        settings={"hidden": 1000, "steps": 10, "alpha": 0.98, "epochs": 10},
        origin="the paper's surfing",
        published={"micro_f1": 0.285},
        **_BLOGS,
    ),
    Row(
        family="proximity",
        method="tadw",
        data="cora",
        judge=LabelJudge(train_share=0.1),
        metrics=("micro_f1", "macro_f1"),
        settings={"relation": "cites", "attributes": ("has_word",)},
        origin="the paper",
        published={"micro_f1": 0.78},
        floors={"micro_f1": 0.775},
        above=Above("deepwalk@cora"),
    ),
    Row(
        family="proximity",
        method="pte",
        data="hin_dblp",
        judge=AUTHORS,
        metrics=("macro_f1", "micro_f1"),
        settings={"samples_per_node": 100},
        origin="a validation split of the authors",
        above=Above("metapath2vec@hin_dblp", margin=-0.01),
    ),
)
