"""Labels of a fixed split, predicted from vectors."""

from typing import Literal

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.catalogue.data.base import Data
from benchmarks.catalogue.data.cora_public import SplitLabels
from benchmarks.catalogue.judges.base import Judge
from embedding_features.arrays import F64, I64
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.ids import RowsById


class AccuracyJudge(Judge):
    """Trains one logistic regression over all labels on vectors of the training nodes, and predicts others.

    It reads what is published, of every method alike: the vectors of nodes, and never those of labels that a
    method learned. A node without a vector has one of zeros.

    Attributes:
        strength: C, by which the log loss outweighs half the squared norm of the coefficients.
        split: whose labels are predicted.
    """

    strength: float = 1.0
    split: Literal["valid", "test"] = "test"

    def figures(self, data: Data[SplitLabels], embeddings: Embeddings, seed: int) -> dict[str, float]:  # noqa: ARG002
        """Return the share of nodes whose label is predicted."""
        learned, asked = data.asked.splits["train"], data.asked.splits[self.split]
        seen, wanted = (vectors_of(embeddings, data.asked.node_type, one.ids) for one in (learned, asked))
        predicted = probe(seen, learned.label, wanted, strength=self.strength)
        return {"accuracy": float((predicted == asked.label).mean())}


def probe(seen: F64, label: I64, wanted: F64, *, strength: float) -> I64:
    """Return the [m] labels that a logistic regression predicts of [m, dim] vectors.

    Args:
        seen: [n, dim] vectors that it is trained on.
        label: [n] of these.
        wanted: [m, dim] whose labels are predicted.
        strength: C.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        predicted: I64 = LogisticRegression(C=strength, max_iter=2000).fit(seen, label).predict(wanted)
    return predicted


def vectors_of(embeddings: Embeddings, node_type: str, ids: I64) -> F64:
    """Return the [n, dim] published vectors of nodes; zeros of a node that has none."""
    table = embeddings.tables[node_type]
    rows = RowsById(table.ids).find(pa.array(ids))
    return np.where(rows[:, None] >= 0, table.vectors[rows], np.float32(0)).astype(np.float64)
