"""Facts of Freebase: 14,541 entities, 237 relations."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Triples
from benchmarks.harness import data_root
from embedding_features.graph import Graph, Relation, Vocabulary
from embedding_features.graph.triples import TripleArrays


def fb15k237() -> Data[Triples]:
    """Return the training triples as a graph, and the triples of all splits."""
    asked = Triples("entity", {split: read(split) for split in ("train", "valid", "test")})
    known = asked.known
    entities, relations = max(known.src.max(), known.dst.max()) + 1, known.relation.max() + 1
    return Data(graph_of(asked.splits["train"], int(entities), int(relations)), asked)


def read(split: str) -> TripleArrays:
    """Return the triples of a split."""
    table = pq.read_table(data_root("fb15k237") / "triples.parquet", filters=[("split", "=", split)])
    return TripleArrays(*(table[name].to_numpy().astype(np.int64) for name in ("head", "relation", "tail")))


def graph_of(triples: TripleArrays, entities: int, relations: int) -> Graph:
    """Return triples as a graph of relations between entities; row r is entity r."""
    made = {}
    for number in range(relations):
        of = triples.relation == number
        name, ends = f"relation_{number:03}", (triples.src[of], triples.dst[of])
        made[name] = Relation.from_edges(name, "entity", "entity", *ends, (entities, entities))
    return Graph(AS_OF, {"entity": Vocabulary.from_ids(pa.array(range(entities)))}, made)
