"""The nuclear 3-norm penalty on the factors of a triple."""

from collections.abc import Iterable

import torch
from torch import Tensor


def n3(squared_moduli: Iterable[Tensor]) -> Tensor:
    """Return the mean over triples of Σ_k |s_k|³ + |r_k|³ + |t_k|³.

    Lacroix, Usunier & Obozinski, Canonical Tensor Decomposition for Knowledge Base Completion, ICML 2018,
    eq. 4, without its factor of a third, so that weights mean what they do in the authors' code. Complex
    components count by their moduli, and are given squared because |x|³ = (x²)^{3/2} has the gradient 0 at 0.

    Args:
        squared_moduli: [batch, components] of the sources, the relations and the targets, as
            :meth:`.Compare.squared_moduli` gives them.
    """
    return torch.stack([squares.pow(1.5).sum() / len(squares) for squares in squared_moduli]).sum()
