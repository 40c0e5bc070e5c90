"""Reviews of beauty products in the order in which users wrote them; the last of each is to be found."""

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Pairs
from benchmarks.harness import data_root
from embedding_features.graph import Graph, Relation, Vocabulary


def seq_beauty() -> Data[Pairs]:
    """Return all reviews but each user's last as a graph, places in the history as times, and the last.

    The review before the last is the validation item of the published protocol: it is in the graph, because
    there, too, the history that is judged by holds it. A method that chooses by it holds it out by itself.
    """
    table = pq.read_table(data_root("seq_beauty") / "sequences.parquet")
    user, item, place = (
        table[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id", "position")
    )
    last = place == np.bincount(user)[user] - 1
    (users, src), (items, dst) = (np.unique(ids, return_inverse=True) for ids in (user, item))
    reviewed = Relation.from_edges(
        "reviewed", "user", "item", src[~last], dst[~last], (len(users), len(items)), time=place[~last]
    )
    vocabularies = {"user": Vocabulary.from_ids(users), "item": Vocabulary.from_ids(items)}
    graph = Graph(AS_OF, vocabularies, {"reviewed": reviewed})
    return Data(graph, Pairs("reviewed", src[last], dst[last]))
