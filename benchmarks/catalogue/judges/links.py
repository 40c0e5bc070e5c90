"""Filtered ranks of both ends of test triples."""

import numpy as np
import pyarrow as pa
import torch

from benchmarks.catalogue.data.base import Data, Triples
from benchmarks.catalogue.judges.base import Judge
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.filtered_rank import rank_triples
from embedding_features.ids import RowsById
from embedding_features.scorers import RelationCompare, RelationScorer


class LinkJudge(Judge):
    """Ranks each test triple's ends among all nodes that make no known triple, ties at their mean rank.

    An entity without training triples has no vector: it gets one of zeros, and is ranked like others.
    """

    def figures(self, data: Data[Triples], embeddings: Embeddings, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return MRR and hits."""
        asked, table = data.asked, embeddings.tables[data.asked.node_type]
        vectors = np.zeros((asked.nodes, table.dim), np.float32)
        vectors[table.ids.to_numpy()] = table.vectors
        compare = operator(embeddings, asked.relations)
        ranks = rank_triples(compare, vectors, asked.test, asked.known, reciprocal=True)
        return {"mrr": ranks.mrr, **{f"hits@{k}": ranks.hits(k) for k in (1, 3, 10)}}


def operator(embeddings: Embeddings, relations: tuple[str, ...]) -> RelationCompare:
    """Return the trained operator of the first task, rebuilt from the published vectors of relations."""
    config, table = embeddings.provenance.config, embeddings.tables["relation"]
    scorer = RelationScorer.model_validate(config["tasks"][0]["scorer"])
    compare = scorer.build(2 * len(relations), table.dim, torch.Generator())
    rows = RowsById(table.ids).find(pa.array([*relations, *(f"~{name}" for name in relations)]))
    compare.relations.data = compare.start_from(torch.from_numpy(table.vectors[rows]))
    return compare
