"""Labels read from vectors."""

import numpy as np
import pyarrow as pa

from benchmarks.catalogue.data.base import Data, Labels
from benchmarks.catalogue.judges.base import Judge
from embedding_features.artifact.embeddings import Embeddings
from embedding_features.evaluate.label_probe import label_probe
from embedding_features.ids import RowsById


class LabelJudge(Judge):
    """Trains one logistic regression a label on some nodes and predicts the labels of the others.

    As the random-walk papers do: the number of each node's labels is known, and the F1 is the mean of several
    random splits, which are others for each seed of the fit. A node without a vector has one of zeros.

    Attributes:
        train_share: of the labelled nodes.
        splits: how many.
    """

    train_share: float
    splits: int = 10

    def figures(self, data: Data[Labels], embeddings: Embeddings, seed: int) -> dict[str, float]:
        """Return micro- and macro-F1."""
        labels, table = data.asked, embeddings.tables[data.asked.node_type]
        rows = RowsById(table.ids).find(pa.array(labels.ids))
        vectors = np.where(rows[:, None] >= 0, table.vectors[rows], np.float32(0))
        probe = label_probe(vectors, labels.has, train_share=self.train_share, splits=self.splits, seed=seed)
        return {"micro_f1": probe.mean.micro_f1, "macro_f1": probe.mean.macro_f1}
