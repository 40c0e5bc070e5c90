"""Facts of Freebase: 14,541 entities, 237 relations."""

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Triples
from benchmarks.harness import data_root
from embedding_features.graph import Graph
from embedding_features.graph.triples import TripleArrays


def fb15k237() -> Data[Triples]:
    """Return the training triples as a graph of one node type, and the test triples."""
    folder = data_root("fb15k237")
    names = tuple(pq.read_table(folder / "relations.parquet").sort_by("relation_id")["relation"].to_pylist())
    nodes = pq.read_metadata(folder / "entities.parquet").num_rows
    train, valid, test = (_triples(split) for split in ("train", "valid", "test"))
    edges = {}
    for number, name in enumerate(names):
        of = train.relation == number
        edges["entity", name, "entity"] = train.src[of], train.dst[of]
    known = TripleArrays(*map(np.concatenate, zip(train, valid, test, strict=True)))
    return Data(Graph.from_arrays(AS_OF, edges), Triples("entity", nodes, names, test, known))


def _triples(split: str) -> TripleArrays:
    table = pq.read_table(data_root("fb15k237") / "triples.parquet", filters=[("split", "=", split)])
    return TripleArrays(*(table[name].to_numpy().astype(np.int64) for name in ("head", "relation", "tail")))
