"""What a ranker's features cost in service: bytes in the online store, milliseconds of reading a request."""

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

import pyarrow as pa

from embedding_features.errors import StoreError
from ranking.bundle.pins import Pin
from ranking.task.task import SIDES, Side

if TYPE_CHECKING:
    # feast takes seconds to import, and who reads an ablation needs none of it
    from embedding_features.store import EmbeddingFeatures, Published

_TURNS = 9


def bytes_online(pins: Sequence[Pin], published: Sequence["Published"]) -> int:
    """Bytes of the pinned features of all entities, as arrays: what any online store keeps at the least."""
    runs = {run.manifest.run_id: run.snapshot for run in published}
    tables = (runs[pin.run_id].table(pin.node_type, pin.kind).select(list(pin.features)) for pin in pins)
    return sum(table.nbytes for table in tables)


def read_ms(
    client: "EmbeddingFeatures",
    pins: Sequence[Pin],
    ids: Mapping[Side, pa.Array],
    node_types: Mapping[Side, str],
) -> float | None:
    """Median milliseconds of reading one request's features, a call a side; None where one is not online.

    Args:
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
