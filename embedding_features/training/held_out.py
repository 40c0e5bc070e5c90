"""The interface of validation splits: the view that is left to learn from, and the figure on the rest."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from embedding_features.encoders.base import Network
from embedding_features.graph.view import GraphView
from embedding_features.scorers.base import Compare

#: below so many held-out edges a figure is noise, and training goes on for all epochs
MIN_EDGES = 100


@dataclass(frozen=True)
class HeldOut(ABC):
    """A validation split.

    Attributes:
        view: what is left to learn from; its nodes are those of the whole view.
        early_stop: name of the figure, as in :class:`.Training`.
    """

    view: GraphView
    early_stop: str

    @abstractmethod
    def measure(self, network: Network, compare: Compare) -> float:
        """Return the figure of the network's vectors, compared by ``compare``; higher is better."""
