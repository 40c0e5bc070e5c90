"""A shop's visitors who view, put into the cart and buy; the last buy of each is to be found."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Pairs
from benchmarks.harness import data_root
from embedding_features.graph import Graph, Relation, Vocabulary

#: the relation that is asked for comes first
BEHAVIOURS = ("buy", "cart", "view")


def retailrocket_mb() -> Data[Pairs]:
    """Return the training rows as a relation for each behaviour, and the buys of the test rows."""
    table = pq.read_table(data_root("retailrocket_mb") / "interactions.parquet")
    table = table.set_column(2, "behavior", table["behavior"].cast(pa.string()))
    users, items = (int(pc.max(table[name]).as_py()) + 1 for name in ("user_id", "item_id"))
    test = pc.equal(table["split"].cast(pa.string()), "test")
    relations = {}
    for name in BEHAVIOURS:
        of = table.filter(pc.and_(pc.equal(table["behavior"], name), pc.invert(test)))
        ends = (of[column].to_numpy().astype(np.int64) for column in ("user_id", "item_id"))
        relations[name] = Relation.from_edges(name, "user", "item", *ends, (users, items))
    vocabularies = {
        "user": Vocabulary.from_ids(np.arange(users)),
        "item": Vocabulary.from_ids(np.arange(items)),
    }
    asked = table.filter(test)
    found = (asked[column].to_numpy().astype(np.int64) for column in ("user_id", "item_id"))
    return Data(Graph(AS_OF, vocabularies, relations), Pairs("buy", *found))
