"""Measures what a ranker's features cost in service: bytes online, milliseconds of reading a request."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pyarrow as pa

from embedding_features.arrow import flat_array
from embedding_features.errors import StoreError
from ranking.ablation.result import Cost
from ranking.bundle.pins import Pin, make_pins
from ranking.dataset.dataset import Dataset
from ranking.experiment.arms import select
from ranking.experiment.factors.base import GridContext
from ranking.experiment.scores import Scores
from ranking.experiment.trained_cell import CANDIDATES
from ranking.experiment.variants import Variant
from ranking.task.task import SIDES, Side, Task

if TYPE_CHECKING:
    # feast takes seconds to import, and who reads an ablation needs none of it
    from embedding_features.store import EmbeddingFeatures, Published

_TURNS = 9

#: rows at the end of a log among which the items of a request that is timed are looked for
_NEWEST_ROWS = 50 * CANDIDATES


def grid_costs(
    variants: Sequence[Variant],
    scores: Scores,
    dataset: Dataset,
    published: Sequence["Published"],
    read: Callable[[Sequence[Pin]], float | None],
    *,
    grid: GridContext,
) -> tuple[Cost, ...]:
    """Return what each ranker × variant of a grid costs; a sub-model reads no vectors from the store.

    Args:
        variants: of the grid.
        scores: of the grid, with its clocks.
        dataset: what the grid learned from.
        published: the snapshots that the features were read from.
        read: times the reading of a request's features, as :func:`newest_read_ms` does.
        grid: what the variants refer to.
    """
    found = {}
    for variant in variants:
        pins: tuple[Pin, ...] = ()
        if variant["mode"] == "feature":
            pins = make_pins(select(dataset, variant, grid)[1].spec.columns(), published)
        found[variant.name] = (bytes_online(pins, published), read(pins))
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
        for ranker, by_variant in scores.seconds.items()
        for variant, seconds in by_variant.items()
    )


def bytes_online(pins: Sequence[Pin], published: Sequence["Published"]) -> int:
    """Return the bytes of the pinned features of all entities as arrays: the least that a store keeps."""
    runs = {run.manifest.run_id: run.snapshot for run in published}
    tables = (runs[pin.run_id].table(pin.node_type, pin.kind).select(list(pin.features)) for pin in pins)
    return sum(table.nbytes for table in tables)


def read_ms(
    client: "EmbeddingFeatures",
    pins: Sequence[Pin],
    ids: Mapping[Side, pa.Array],
    node_types: Mapping[Side, str],
) -> float | None:
    """Return the median milliseconds of reading one request's features, a call a side.

    None comes back where a feature is not online.

    Args:
        client: reads the store.
        pins: what is read.
        ids: of the user, and of the candidates.
        node_types: of the sides.
    """
    refs = {
        side: [ref for pin in pins if pin.node_type == node_types[side] for ref in pin.refs] for side in SIDES
    }
    turns = []
    try:
        for _ in range(_TURNS):
            started = time.perf_counter()
            for side in SIDES:
                if refs[side]:
                    client.online(ids[side], refs[side])
            turns.append(1e3 * (time.perf_counter() - started))
    except StoreError:
        return None
    return median(turns)


def newest_read_ms(repo: Path, task: Task, labels: pa.Table, pins: Sequence[Pin]) -> float | None:
    """Return :func:`read_ms` of the log's last user and the items met last.

    Args:
        repo: the Feast repository, whose online store is read.
        task: says which node types the sides are.
        labels: the log, as :func:`.load_labels` returns it.
        pins: what to read; 0 ms where there is nothing. None comes back where any of it is not online.
    """
    if not pins:
        return 0.0
    from embedding_features.store import EmbeddingFeatures

    newest = labels.slice(max(0, len(labels) - _NEWEST_ROWS))
    items = flat_array(newest["item_id"]).unique()
    ids: dict[Side, pa.Array] = {"user": flat_array(newest["user_id"])[-1:], "item": items[:CANDIDATES]}
    try:
        with EmbeddingFeatures(repo) as client:
            return read_ms(client, pins, ids, task.node_types)
    except StoreError:
        return None
