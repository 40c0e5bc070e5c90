"""The interface of judges."""

from abc import abstractmethod
from typing import Any

from benchmarks.catalogue.data.base import Data
from embedding_features.config import Config


class Judge(Config):
    """Settings of a judge, which become part of a row's hash."""

    @abstractmethod
    def figures(self, data: Data[Any], embeddings: Any, seed: int) -> dict[str, float]:
        """Return the figures of what was learned from the data's graph, by name.

        Args:
            data: with what is asked of the vectors.
            embeddings: the vectors; to a judge of baselines, the fitted baseline.
            seed: of the fit, for random choices of the judge.
        """
