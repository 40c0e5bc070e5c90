"""How a pass through the layers of a network is made."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import dropout

from embedding_features.encoders.weight_decay import decayed


@dataclass(frozen=True)
class Pass:
    """Says how a pass is made: by default as it is published, else as in training, or for export.

    Attributes:
        dropout: share of each layer's inputs that are left out.
        weight_decay: λ of the weights that :meth:`decayed` returns.
        edges: entries of an adjacency in place of the network's own, by operations of torch alone.
    """

    dropout: float = 0.0
    weight_decay: float = 0.0
    edges: tuple[Tensor, ...] = ()

    def drop(self, x: Tensor) -> Tensor:
        """Return ``x`` with some of its entries left out, the others scaled up."""
        return dropout(x, self.dropout) if self.dropout else x

    def decayed(self, weight: Tensor) -> Tensor:
        """Return the weights, whose gradient gets λ times themselves."""
        return decayed(weight, self.weight_decay) if self.weight_decay else weight
