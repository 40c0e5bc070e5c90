"""Complex vectors as real ones: the real parts of all components, then the imaginary parts."""

import torch
from torch import Tensor

from embedding_features.errors import ConfigError


def halves(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the real parts [..., dim / 2] and the imaginary parts [..., dim / 2] of [..., dim] vectors."""
    real, imaginary = vectors.chunk(2, dim=-1)
    return real, imaginary


def complex_product(a: Tensor, b: Tensor) -> Tensor:
    """Return a ∘ b [..., dim], component by component, broadcast."""
    (a_real, a_imaginary), (b_real, b_imaginary) = halves(a), halves(b)
    real = a_real * b_real - a_imaginary * b_imaginary
    return torch.cat([real, a_real * b_imaginary + a_imaginary * b_real], dim=-1)


def conjugate(vectors: Tensor) -> Tensor:
    """Return [..., dim] vectors with the signs of their imaginary parts changed."""
    real, imaginary = halves(vectors)
    return torch.cat([real, -imaginary], dim=-1)


def squared_moduli(vectors: Tensor) -> Tensor:
    """Return |v_k|² [..., dim / 2] of the complex components of [..., dim] vectors."""
    real, imaginary = halves(vectors)
    return real.square() + imaginary.square()


def check_even(dim: int, kind: str) -> None:
    """Check that vectors of ``dim`` numbers can be complex ones.

    Raises:
        ConfigError: when ``dim`` is odd.
    """
    if dim % 2:
        raise ConfigError(
            f"dim = {dim} is odd, and {kind} needs a real and an imaginary part of each component",
            fix=f"use dim = {dim + 1}",
        )
