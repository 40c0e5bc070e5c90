"""What each cell of the grid costs, for the report."""

import pyarrow as pa

from embedding_features.errors import StoreError
from embedding_features.store import EmbeddingFeatures
from jobs.pipeline import Pipeline
from jobs.steps.rank import RankResult
from ranking.ablation.result import Cost
from ranking.bundle import Pin, make_pins
from ranking.bundle.costs import bytes_online, read_ms
from ranking.experiment.arms import select
from ranking.experiment.trained_cell import CANDIDATES
from ranking.inputs.arrow import flat_array
from ranking.task.task import SIDES, Side


def costs(pipeline: Pipeline, ranked: RankResult) -> tuple[Cost, ...]:
    """Of each ranker × variant that a store can serve: a sub-model reads no vectors, and is timed without."""
    scores = ranked.scores
    found = {}
    for variant in pipeline.rank.variants:
        pins: tuple[Pin, ...] = ()
        if variant["mode"] == "feature":
            _, encoders = select(ranked.dataset, variant, pipeline.grid)
            pins = make_pins(encoders.spec.columns(), ranked.snapshots)
        found[variant.name] = (bytes_online(pins, ranked.snapshots), _read(pipeline, ranked, pins))
    return tuple(
        Cost(
            ranker=ranker,
            variant=variant,
            candidates=CANDIDATES,
            bytes_online=found[variant][0],
            read_ms=found[variant][1],
            score_ms=scores.score_ms[ranker][variant],
            train_seconds=seconds,
        )
        for ranker, variants in scores.seconds.items()
        for variant, seconds in variants.items()
    )


def _read(pipeline: Pipeline, ranked: RankResult, pins: tuple[Pin, ...]) -> float | None:
    """Of the last user of the log and the items met last; None where nothing is online."""
    if not pins:
        return 0.0
    newest = ranked.labels.slice(max(0, len(ranked.labels) - 50 * CANDIDATES))
    items = flat_array(newest["item_id"]).unique()
    ids: dict[Side, pa.Array] = {"user": flat_array(newest["user_id"])[-1:], "item": items[:CANDIDATES]}
    node_types = {side: pipeline.rank.task.side(side).node_type for side in SIDES}
    try:
        with EmbeddingFeatures(pipeline.publish.repo) as client:
            return read_ms(client, pins, ids, node_types)
    except StoreError:
        return None
