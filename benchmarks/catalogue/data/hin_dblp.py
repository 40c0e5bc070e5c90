"""Publications: authors, papers, venues and terms."""

import numpy as np
import pyarrow.parquet as pq

from benchmarks.catalogue.data.base import AS_OF, Data, Labels
from benchmarks.catalogue.data.labelled import labels_of
from benchmarks.harness import data_root
from embedding_features.arrays import I64
from embedding_features.graph import Graph


def hin_dblp() -> Data[Labels]:
    """Return who wrote which papers, where they appeared, and their terms; labels are authors' fields."""
    author, paper = _columns("paper_author", "author_id", "paper_id")
    edges = {
        ("author", "wrote", "paper"): (author, paper),
        ("paper", "published_at", "venue"): _columns("paper_conf", "paper_id", "conf_id"),
        ("paper", "has_term", "term"): _columns("paper_term", "paper_id", "term_id"),
    }
    node, label = _columns("author_label", "author_id", "label")
    return Data(Graph.from_arrays(AS_OF, edges), labels_of("author", node, label))


def _columns(table: str, first: str, second: str) -> tuple[I64, I64]:
    found = pq.read_table(data_root("hin_dblp") / f"{table}.parquet")
    return found[first].to_numpy().astype(np.int64), found[second].to_numpy().astype(np.int64)
