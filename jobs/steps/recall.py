"""``recall``: candidates from the snapshots, ranked by the best bundle; what each stage loses."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.config import config_hash
from embedding_features.errors import DataError
from embedding_features.progress import Progress
from embedding_features.recall import RecallIndex
from embedding_features.store import Published, historical
from jobs.pipeline import Pipeline
from jobs.steps.rank import Ranked, rank
from ranking.bundle import Bundle
from ranking.modes.recall import Indexes, rank_candidates, recall_candidates
from ranking.modes.requests import Requests, requests_at
from ranking.modes.stages import TwoStages, evaluate_stages


def run(pipeline: Pipeline, progress: Progress, ranked: Ranked | None = None) -> dict[str, Any]:
    """Measure both stages on the test part; write ``recall.json``."""
    ranked = ranked or rank(pipeline, progress)
    name = min(ranked.bundles, key=lambda one: ranked.bundles[one].record.metrics["validation_log_loss"])
    bundle, workspace = ranked.bundles[name], pipeline.workspace
    made_of = {
        "settings": pipeline.recall.model_dump(mode="json"),
        "bundle": bundle.record.digest,
        "family": pipeline.pretrain.family_name,
    }
    key = config_hash(made_of)
    kept = workspace.read_json_or("recall", {})
    if not isinstance(kept, dict) or kept.get("key") != key:
        stages = _measured(pipeline, ranked, bundle, progress)
        kept = {"key": key, "ranker": name, "rows": _rows(stages), "sentence": _sentence(name, stages)}
        workspace.write_json("recall", kept)
    return {"ranker": kept["ranker"], "recall_mode": kept["rows"]}


def _measured(pipeline: Pipeline, ranked: Ranked, bundle: Bundle, progress: Progress) -> TwoStages:
    task, settings = pipeline.rank.task, pipeline.recall
    asked = _requests(ranked.labels, timedelta(days=settings.every_days))
    runs = [run_ for run_ in ranked.snapshots if run_.family == pipeline.pretrain.family_name]
    candidates = []
    with progress.task("recall: candidates", len(asked) + 1) as advance:
        for requests in asked:
            indexes = _indexes(pipeline, runs, requests.moment)
            candidates.append(recall_candidates(requests, indexes, settings.stage))
            advance(1, str(requests.moment.date()))
        scores = rank_candidates(
            task,
            asked,
            candidates,
            lambda frame: historical(pipeline.publish.repo, frame, pipeline.rank.service),
            bundle.score,
        )
        advance()
    return evaluate_stages(asked, candidates, scores, settings.k)


def _requests(labels: pa.Table, step: timedelta) -> list[Requests]:
    """Of each step of the test part in which someone asks."""
    test = labels.filter(pc.equal(labels["split"], "test"))["timestamp"]
    moment, last = pc.min(test).as_py(), pc.max(test).as_py()
    asked = []
    while moment <= last:
        with suppress(DataError):  # nobody takes to anything new
            asked.append(requests_at(labels, moment, moment + step))
        moment += step
    return asked


def _indexes(pipeline: Pipeline, runs: Sequence[Published], moment: datetime) -> Indexes | None:
    """Both sides of the newest snapshot strictly older than a moment."""
    older = [run_ for run_ in runs if run_.as_of < moment]
    if not older:
        return None
    newest, task = max(older, key=lambda run_: run_.as_of).snapshot, pipeline.rank.task
    users, items = (RecallIndex.build(newest, side.node_type) for side in (task.user, task.item))
    return Indexes(users, items)


def _rows(stages: TwoStages) -> list[dict[str, Any]]:
    """A row a metric: what is possible, what each stage loses, what is left."""
    return [
        {
            "metric": f"{name}@{stages.k}",
            "requests": stages.requests,
            "possible": figures.possible,
            "candidates miss": figures.missed,
            "ranker loses": figures.lost,
            "end to end": figures.ranked,
            "unranked": figures.merged,
        }
        for name, figures in (("recall", stages.recall), ("ndcg", stages.ndcg))
    ]


def _sentence(ranker: str, stages: TwoStages) -> str:
    recall = stages.recall
    shares = ", ".join(f"{name} {share:.3f}" for name, share in stages.found.items())
    return (
        f"Recall mode: {stages.requests} requests, {stages.pool:.0f} candidates each, which hold "
        f"{stages.coverage:.3f} of what is wanted ({shares}). Recall@{stages.k} is {recall.ranked:.3f} of a "
        f"possible {recall.possible:.3f}: the candidates miss {recall.missed:.3f}, {ranker} loses "
        f"{recall.lost:.3f}; unranked it is {recall.merged:.3f}."
    )
