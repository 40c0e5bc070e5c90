"""``recall``: candidates from the snapshots, ranked by the best bundle; what each stage loses."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from embedding_features.config import config_hash
from embedding_features.errors import DataError
from embedding_features.progress import Progress
from embedding_features.recall import RecallIndex
from embedding_features.store import Published, historical
from jobs.pipeline import Pipeline
from jobs.steps.rank import RankResult, rank
from ranking.bundle import Bundle
from ranking.experiment.run import OneTorchThread
from ranking.modes.merge import Candidates
from ranking.modes.recall import (
    Indexes,
    RecallStage,
    candidate_columns,
    candidate_inputs,
    recall_candidates,
)
from ranking.modes.requests import Requests, requests_at
from ranking.modes.stages import TwoStages, evaluate_stages
from ranking.task.task import PARTS


class CandidateRows(NamedTuple):
    """Requests of some moments, their candidates, and the candidates' raw columns."""

    requests: list[Requests]
    candidates: list[Candidates]
    tables: list[pa.Table]


def run(pipeline: Pipeline, progress: Progress, ranked: RankResult | None = None) -> dict[str, Any]:
    """Measure both stages on the test part; write ``recall.json``.

    Candidates are ranked by the best bundle and, where the settings name one, by a ranker that learned from
    candidates of earlier moments: which of what is seen is liked, and what is taken to next, are two
    questions.
    """
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
        stages = _measured(pipeline, ranked, {f"{name} of labels": bundle}, progress)
        rows = [row for ranker, found in stages.items() for row in _rows(ranker, found)]
        kept = {"key": key, "rows": rows, "sentence": _sentence(stages)}
        workspace.write_json("recall", kept)
    return {"recall_mode": kept["rows"]}


def _measured(
    pipeline: Pipeline, ranked: RankResult, bundles: Mapping[str, Bundle], progress: Progress
) -> dict[str, TwoStages]:
    settings, borders = pipeline.recall, borders_of(ranked.labels)
    with progress.task("recall", 4) as advance:
        parts = []
        for begin, end in list(pairwise(borders))[-1 if settings.ranker is None else 0 :]:
            parts.append(asked(pipeline, ranked, (begin, end), pipeline.recall.stage))
            advance(1, f"candidates from {begin:%Y-%m-%d}")
        test = parts[-1]
        scores = {name: [bundle.score(table) for table in test.tables] for name, bundle in bundles.items()}
        if settings.ranker is not None:
            encoders = ranked.dataset.encoders
            learned, watched = (candidate_inputs(*part, encoders) for part in parts[:2])
            with OneTorchThread():
                fitted = settings.ranker.fit(learned, watched, pipeline.rank.seeds[0], progress)
            scores[f"{settings.ranker.kind} of candidates"] = [
                fitted.predict(encoders.encode(table)) for table in test.tables
            ]
        advance()
    return {
        name: evaluate_stages(test.requests, test.candidates, found, settings.k)
        for name, found in scores.items()
    }


def borders_of(labels: pa.Table) -> list[datetime]:
    """The first moment of each part, and the end of the last."""
    first = [pc.min(labels.filter(pc.equal(labels["split"], part))["timestamp"]).as_py() for part in PARTS]
    return [*first, pc.max(labels["timestamp"]).as_py() + timedelta(microseconds=1)]


def asked(
    pipeline: Pipeline, ranked: RankResult, part: tuple[datetime, datetime], stage: RecallStage
) -> CandidateRows:
    """The requests of a part, their candidates and their columns."""
    found = [
        (requests, recall_candidates(requests, indexes, stage))
        for requests, indexes in asked_at(pipeline, ranked, part)
    ]
    requests, candidates = [one for one, _ in found], [one for _, one in found]
    return CandidateRows(requests, candidates, columns_of(pipeline, ranked, requests, candidates))


def asked_at(
    pipeline: Pipeline, ranked: RankResult, part: tuple[datetime, datetime]
) -> Iterator[tuple[Requests, Indexes]]:
    """Requests from the begin of a part, whose answers are known before its end, each with the indexes that
    they see; only of moments with a snapshot."""
    step, (moment, end) = timedelta(days=pipeline.recall.every_days), part
    runs = [run_ for run_ in ranked.snapshots if run_.family == pipeline.pretrain.family_name]
    while moment < end:
        indexes = _indexes(pipeline, runs, moment)
        if indexes is not None:
            with suppress(DataError):  # nobody takes to anything new
                yield requests_at(ranked.labels, moment, min(moment + step, end)), indexes
        moment += step


def columns_of(
    pipeline: Pipeline, ranked: RankResult, requests: Sequence[Requests], candidates: Sequence[Candidates]
) -> list[pa.Table]:
    """The raw columns of each moment's candidates."""
    return candidate_columns(
        pipeline.rank.task,
        requests,
        candidates,
        lambda frame: historical(pipeline.publish.repo, frame, pipeline.rank.service),
        [run_.as_of for run_ in ranked.snapshots],
    )


def _indexes(pipeline: Pipeline, runs: Sequence[Published], moment: datetime) -> Indexes | None:
    """Both sides of the newest snapshot strictly older than a moment."""
    older = [run_ for run_ in runs if run_.as_of < moment]
    if not older:
        return None
    newest, task = max(older, key=lambda run_: run_.as_of).snapshot, pipeline.rank.task
    users, items = (RecallIndex.build(newest, side.node_type) for side in (task.user, task.item))
    return Indexes(users, items)


def _rows(ranker: str, stages: TwoStages) -> list[dict[str, Any]]:
    """A row a metric: what is possible, what each stage loses, what is left."""
    return [
        {
            "ranker": ranker,
            "metric": f"{name}@{stages.k}",
            "possible": figures.possible,
            "candidates miss": figures.missed,
            "ranker loses": figures.lost,
            "end to end": figures.ranked,
            "unranked": figures.merged,
        }
        for name, figures in (("recall", stages.recall), ("ndcg", stages.ndcg))
    ]


def _sentence(stages: Mapping[str, TwoStages]) -> str:
    one = next(iter(stages.values()))
    shares = ", ".join(f"{name} {share:.3f}" for name, share in one.found.items())
    ends = "; ".join(
        f"{name} loses {found.recall.lost:.3f} and reaches {found.recall.ranked:.3f}"
        for name, found in stages.items()
    )
    return (
        f"Recall mode: {one.requests} requests, {one.pool:.0f} candidates each, which hold "
        f"{one.coverage:.3f} of what is wanted ({shares}). Of a possible recall@{one.k} of "
        f"{one.recall.possible:.3f} the candidates miss {one.recall.missed:.3f}; {ends}; unranked it is "
        f"{one.recall.merged:.3f}."
    )
