"""Knowledge graphs: ranks of triples by relation operators."""

from typing import Any

from benchmarks.catalogue.judges.gain import GainJudge
from benchmarks.catalogue.judges.links import LinkJudge
from benchmarks.catalogue.rows import Row

#: published figures are LibKGE's, of the best settings that its search found
_FREEBASE: dict[str, Any] = {
    "family": "kg",
    "data": "fb15k237",
    "judge": LinkJudge(),
    "metrics": ("mrr", "hits@10"),
}

KG = (
    Row(
        method="transe",
        settings={"epochs": 24},
        origin="validation triples",
        published={"mrr": 0.313, "hits@10": 0.497},
        floors={"mrr": 0.31},
        **_FREEBASE,
    ),
    Row(
        method="distmult",
        origin="validation triples",
        published={"mrr": 0.343, "hits@10": 0.531},
        floors={"mrr": 0.33},
        **_FREEBASE,
    ),
    Row(
        method="complex",
        settings={"dim": 512, "epochs": 25},
        origin="validation triples",
        published={"mrr": 0.348, "hits@10": 0.536},
        floors={"mrr": 0.345},
        **_FREEBASE,
    ),
    Row(
        method="rotate",
        settings={"dim": 384, "epochs": 40},
        origin="validation triples",
        published={"mrr": 0.333},
        floors={"mrr": 0.325},
        **_FREEBASE,
    ),
    Row(
        family="kg",
        method="twhin",
        data="retailrocket_mb",
        judge=GainJudge(),
        metrics=("gain_low", "gain", "recall@20", "alone"),
        settings={"dim": 64, "epochs": 10, "relations": ("buy", "cart", "view")},
        origin="last training buys; beside itself on buys alone",
        floors={"gain_low": 0.0},
    ),
)
