"""``recall``: ranks candidates of the snapshots by the best bundle, and measures what each stage loses."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from embedding_features.arrays import F32
from embedding_features.config import config_hash
from embedding_features.errors import ConfigError
from embedding_features.progress import Progress
from embedding_features.store import historical
from jobs.pipeline import Pipeline
from jobs.sections import RecallConfig
from jobs.steps.rank import RankResult
from ranking.bundle import Bundle
from ranking.encoders import Encoders
from ranking.experiment.run import OneTorchThread
from ranking.modes.logged_requests import CandidateRows, LoggedRequests, part_borders
from ranking.modes.recall import candidate_inputs
from ranking.modes.stages import TwoStages, evaluate_stages


def run(pipeline: Pipeline, ranked: RankResult, progress: Progress) -> dict[str, Any]:
    """Measure both stages on the test part; write ``recall.json``.

    Candidates are ranked by the best bundle and, where the settings name one, by a ranker that learned from
    candidates of earlier moments: which of what is seen is liked, and what is taken to next, are two
    questions.
    """
    name = min(ranked.bundles, key=lambda one: ranked.bundles[one].record.metrics["validation_log_loss"])
    bundle, workspace = ranked.bundles[name], pipeline.workspace
    made_of = {
        "settings": pipeline.recall.model_dump(mode="json"),
        "bundle": bundle.record.digest,
        "family": searched_family(pipeline, ranked),
    }
    key = config_hash(made_of)
    kept = workspace.read_json_or("recall", {})
    if not isinstance(kept, dict) or kept.get("key") != key:
        stages = _measured(pipeline, ranked, name, bundle, progress)
        rows = [row for ranker, found in stages.items() for row in _rows(ranker, found)]
        kept = {"key": key, "rows": rows, "sentence": _sentence(stages)}
        workspace.write_json("recall", kept)
    return {"recall_mode": kept["rows"]}


def searched_family(pipeline: Pipeline, ranked: RankResult) -> str | None:
    """Return the first family whose snapshots have vectors of users and of items; None where none has."""
    sides = set(pipeline.rank.task.node_types.values())
    for settings in pipeline.methods:
        family = settings.family_name
        if all(sides <= set(run_.manifest.nodes) for run_ in ranked.published if run_.family == family):
            return family
    return None


def logged_requests(pipeline: Pipeline, ranked: RankResult) -> LoggedRequests:
    """Return the requests of the pipeline's log, with the snapshots to search in (:func:`searched_family`).

    Raises:
        ConfigError: when no method gives vectors of users and of items.
    """
    repo, service = pipeline.publish.repo, pipeline.rank.service
    family = searched_family(pipeline, ranked)
    if family is None:
        raise ConfigError(
            "recall searches items for users, and no method of the pipeline has vectors of both",
            fix="add one of both to also:, or leave recall out",
        )
    return LoggedRequests(
        task=pipeline.rank.task,
        labels=ranked.labels,
        snapshots=[run_.snapshot for run_ in ranked.published if run_.family == family],
        moments=[run_.as_of for run_ in ranked.published],
        ask=lambda frame: historical(repo, frame, service),
        every_days=pipeline.recall.every_days,
        fresh=ranked.fresh,
    )


def _measured(
    pipeline: Pipeline, ranked: RankResult, name: str, bundle: Bundle, progress: Progress
) -> dict[str, TwoStages]:
    """Return ranker → what the two stages find of the test part's requests."""
    settings, logged = pipeline.recall, logged_requests(pipeline, ranked)
    spans = list(pairwise(part_borders(ranked.labels)))
    with progress.task("recall", 4) as advance:
        parts = []
        for span in spans[-1 if settings.ranker is None else 0 :]:
            parts.append(logged.candidate_rows(span, settings.stage))
            advance(1, f"candidates from {span[0]:%Y-%m-%d}")
        test = parts[-1]
        scores: dict[str, Sequence[F32]] = {
            f"{name} of labels": [bundle.score(table) for table in test.tables]
        }
        scores |= _learned(settings, parts, ranked.dataset.encoders, pipeline.rank.seeds[0], progress)
        advance()
    return {
        ranker: evaluate_stages(test.requests, test.candidates, found, settings.k)
        for ranker, found in scores.items()
    }


def _learned(
    settings: RecallConfig,
    parts: Sequence[CandidateRows],
    encoders: Encoders,
    seed: int,
    progress: Progress,
) -> dict[str, list[F32]]:
    """Return the test candidates' scores by a ranker of earlier candidates, where the settings name one."""
    if settings.ranker is None:
        return {}
    train, validation, test = parts
    with OneTorchThread():
        fitted = settings.ranker.fit(
            candidate_inputs(*train, encoders), candidate_inputs(*validation, encoders), seed, progress
        )
    scores = [fitted.predict(encoders.encode(table)) for table in test.tables]
    return {f"{settings.ranker.kind} of candidates": scores}


def _rows(ranker: str, stages: TwoStages) -> list[dict[str, Any]]:
    """Return a row a metric: what is possible, what each stage loses, what is left."""
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
