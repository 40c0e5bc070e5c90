"""Ids, rows and keys of the view that the tests of an online store read and write."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from feast.online_response import OnlineResponse
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import FloatList, StringList, Value

from embedding_features.store.moments import STAMP

T0 = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DIM = 4


def make_ids(count: int, id_type: str = "int64") -> list[Any]:
    """Return ids that are easily confused: integers that no float holds, or texts that no C string holds."""
    if id_type == "int64":
        return [2**60 + 3 * i for i in range(count)]
    return [f"é{i}\x00" for i in range(count)]


def snapshot_table(
    ids: Sequence[Any], day: float = 0, seed: int = 0, created: float = 0, **replaced: Any
) -> pa.Table:
    """Return random rows of the repository's view.

    Args:
        ids: one row each.
        day: the moment of all rows, in days after :data:`T0`.
        seed: of the values; the names say it.
        created: when the rows were created, in days after their moment.
        replaced: column → array, in place of the random one.
    """
    rng = np.random.default_rng([seed, int(abs(day) * 10), len(ids)])
    n = len(ids)
    columns = {
        "item_id": pa.array(ids),
        "vector": pa.array(list(rng.standard_normal((n, DIM)).astype(np.float32)), pa.list_(pa.float32())),
        "near": pa.array(
            [[f"n{i}", "x"][: int(rng.integers(0, 3))] for i in range(n)], pa.list_(pa.string())
        ),
        "name": pa.array([f"name {seed} {i}" for i in range(n)]),
        "size": pa.array([2**60 + 1 + i for i in range(n)], pa.int64()),
        "event_timestamp": pa.array([T0 + day * DAY] * n, STAMP),
        "created": pa.array([T0 + (day + created) * DAY] * n, STAMP),
    }
    return pa.table({**columns, **replaced})


def numbered_table(rows: Mapping[Any, int], event: datetime, created: datetime) -> pa.Table:
    """Return rows of the repository's view whose values say their number: id → number."""
    numbers, count = list(rows.values()), len(rows)
    return pa.table(
        {
            "item_id": pa.array(list(rows)),
            "vector": pa.array([[float(n)] * DIM for n in numbers], pa.list_(pa.float32())),
            "near": pa.array([[str(n)] for n in numbers], pa.list_(pa.string())),
            "name": pa.array([str(n) for n in numbers]),
            "size": pa.array(numbers, pa.int64()),
            "event_timestamp": pa.array([event] * count, STAMP),
            "created": pa.array([created] * count, STAMP),
        }
    )


def numbered_values(number: int) -> dict[str, Value]:
    """Return one row's values as Feast has them; they say its number."""
    return {
        "vector": Value(float_list_val=FloatList(val=[float(number)] * DIM)),
        "near": Value(string_list_val=StringList(val=[str(number)])),
        "name": Value(string_val=str(number)),
        "size": Value(int64_val=number),
    }


def entity_key(*ids: Any, names: Sequence[str] = ("item_id",)) -> EntityKey:
    """Return Feast's key of an entity of integers and texts."""
    values = [Value(int64_val=i) if isinstance(i, int) else Value(string_val=i) for i in ids]
    return EntityKey(join_keys=names, entity_values=values)


def statuses(response: OnlineResponse, feature: str = "name") -> list[int]:
    """Return the statuses that Feast gives a feature of each entity."""
    names = list(response.proto.metadata.feature_names.val)
    return list(response.proto.results[names.index(feature)].statuses)
