"""Films that users rated, with the last one of each held out, as the authors of NCF split them."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data
from benchmarks.catalogue.data.candidates import Candidates
from benchmarks.harness import data_folder
from embedding_features.graph import Graph


def ml1m() -> Data[Candidates]:
    """Return all ratings but the held-out ones as a graph, and these with the 99 films to rank them among."""
    ratings = pq.read_table(data_folder("ml1m") / "ratings.parquet", columns=["user_id", "item_id"])
    held_out = pq.read_table(data_folder("ml1m") / "ncf_loo_test.parquet")
    users, items = (ratings[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    src, dst = (held_out[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    stride = max(items.max(), dst.max()) + 1
    kept = ~np.isin(users * stride + items, src * stride + dst)
    graph = Graph.from_arrays(AS_OF, {("user", "rated", "item"): (users[kept], items[kept])})
    others = np.stack(held_out["negatives"].to_numpy())
    return Data(graph, Candidates(("user", "item"), pa.array(src), pa.array(dst), others))
