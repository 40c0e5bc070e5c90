"""``quickstart``: every step of a pipeline, one after the other."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from embedding_features.progress import Progress
from embedding_features.store import ensure_repo
from jobs.console import note
from jobs.pipeline import Pipeline
from jobs.steps import ablate, derive, graph, materialize, pretrain, publish, rank, recall, submodel, verify
from jobs.steps.data import get_dataset

#: what the modes beside the feature mode measured, shown with the ablation
_MODES = ("recall_mode", "submodel_mode")


def run(pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Run all steps; what is finished already is found, not made again. A missing repository is made."""
    ranked: list[rank.RankResult] = []

    def train() -> dict[str, Any]:
        ranked.append(rank.rank(pipeline, progress))
        return {}

    ensure_repo(pipeline.publish.repo)
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "graph": lambda: graph.run(pipeline, progress),
        "pretrain": lambda: pretrain.run(pipeline, progress),
        "derive": lambda: derive.run(pipeline, progress),
        "publish": lambda: publish.run(pipeline, progress),
        "materialize": lambda: materialize.run(pipeline.publish.repo, progress),
        "verify": lambda: verify.run(pipeline, progress),
        "rank": train,
        "recall": lambda: recall.run(pipeline, progress, ranked[0]),
        **({"submodel": lambda: submodel.run(pipeline, progress)} if pipeline.submodel else {}),
        "ablate": lambda: ablate.run(pipeline, progress, ranked[0]),
    }
    if pipeline.dataset:
        dataset = pipeline.dataset
        target = pipeline.workspace.root / "data" / dataset
        steps = {"data": lambda: get_dataset(dataset, target, None, progress), **steps}
    result: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for number, (name, step) in enumerate(steps.items(), 1):
        started = perf_counter()
        result = {key: result[key] for key in _MODES if key in result} | step()
        seconds[name] = round(perf_counter() - started, 1)
        note(f"[{number}/{len(steps)}] {name}: {seconds[name]} s")
    return {**result, "seconds": sum(seconds.values()), "report": str(Path(result["report"]).resolve())}
