"""Propagation without weights or nonlinearity (LightGCN)."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from embedding_features.encoders.base import BipartiteEncoder, Encoder, TracedSides, normal
from embedding_features.graph.csr import CSR
from embedding_features.graph.propagation import propagate
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse

_Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class LightPropagation(Encoder):
    """Settings of a :class:`LightPropagationEncoder`.

    Attributes:
        layers: number of propagation steps. More of them blend in farther neighbours and cost as much each.
    """

    weights: ClassVar[WeightUse | None] = "confidence"
    kind: Literal["light_propagation"] = "light_propagation"
    layers: int = Field(default=3, ge=1)

    def build(self, view: BipartiteView, generator: torch.Generator) -> "LightPropagationEncoder":
        """Build the network with fresh parameters for the nodes of ``view``."""
        src, dst = (normal(self, csr.rows, generator) for csr in (view.forward, view.reverse))
        return LightPropagationEncoder(self, (view.src_type, view.dst_type), src, dst, view.forward)


class LightPropagationEncoder(BipartiteEncoder):
    """Propagates e^(k+1) = Â e^(k) and averages e^(0) … e^(layers) (He et al. 2020, eqs. 3 and 4).

    Â is the view's matrix R and its transpose; with the symmetric norm it is the paper's. On the CPU the
    product is our own kernel, elsewhere torch's sparse product, and in an exported program a sum over edges,
    which may be any number there.
    """

    settings: LightPropagation
    indptr: Tensor
    indices: Tensor
    weight: Tensor

    def __init__(
        self, settings: LightPropagation, node_types: tuple[str, str], src: Tensor, dst: Tensor, matrix: CSR
    ) -> None:
        """Take ``src`` and ``dst`` as parameters, and R as ``matrix`` [sources, destinations]."""
        super().__init__(settings, node_types, src, dst)
        self._set_graph(matrix)

    def observe(self, view: BipartiteView) -> None:
        """Propagate over ``view`` from now on."""
        self._set_graph(view.forward)

    def _set_graph(self, matrix: CSR) -> None:
        """Keep R in buffers, so that it is saved with the parameters, and as a view."""
        device = self.src.device
        self.register_buffer("indptr", torch.from_numpy(matrix.indptr).to(device))
        self.register_buffer("indices", torch.from_numpy(matrix.indices).to(device))
        self.register_buffer("weight", torch.from_numpy(matrix.weights()).to(device))
        self._view = BipartiteView("", *self.node_types, matrix, matrix.transposed())
        self._sparse: tuple[Tensor, Tensor] | None = None

    def sides(self) -> tuple[Tensor, Tensor]:
        """Return the propagated vectors of both sides."""
        step = self._step_kernel if self.src.device.type == "cpu" else self._step_sparse
        src, dst = _MeanOfLayers.apply(self.src, self.dst, step, self.settings.layers)  # type: ignore[no-untyped-call]
        return src, dst

    def messages(self) -> tuple[Tensor, Tensor]:
        """Return (e^(0) + … + e^(layers − 1)) / (layers + 1): a new node has no e^(0) of its own."""
        with torch.no_grad():
            src, dst = self.src.clone(), self.dst.clone()
            total_src, total_dst = src.clone(), dst.clone()
            for _ in range(self.settings.layers - 1):
                src, dst = self._step_kernel(src, dst)
                total_src += src
                total_dst += dst
        return total_src / (self.settings.layers + 1), total_dst / (self.settings.layers + 1)

    def traced(self) -> TracedSides:
        """Return the propagation as a function of edges."""

        def sides(edges: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
            at_src, at_dst, weight = edges

            def step(src: Tensor, dst: Tensor) -> tuple[Tensor, Tensor]:
                return (
                    torch.zeros_like(src).index_add(0, at_src, dst[at_dst] * weight[:, None]),
                    torch.zeros_like(dst).index_add(0, at_dst, src[at_src] * weight[:, None]),
                )

            return _mean_of_layers(self.src, self.dst, step, self.settings.layers)

        return sides

    def _step_kernel(self, src: Tensor, dst: Tensor) -> tuple[Tensor, Tensor]:
        """Propagate once by our kernel, on the CPU."""
        return propagate(self._view, src, dst)

    def _step_sparse(self, src: Tensor, dst: Tensor) -> tuple[Tensor, Tensor]:
        """Propagate once by torch's sparse product."""
        if self._sparse is None or self._sparse[0].device != src.device:
            forward, reverse = (
                torch.sparse_csr_tensor(
                    torch.from_numpy(csr.indptr),
                    torch.from_numpy(csr.indices.astype(np.int64)),
                    torch.from_numpy(csr.weights()),
                    (csr.rows, csr.columns),
                    device=src.device,
                    check_invariants=False,
                )
                for csr in (self._view.forward, self._view.reverse)
            )
            self._sparse = forward, reverse
        return self._sparse[0] @ dst, self._sparse[1] @ src


def _mean_of_layers(src: Tensor, dst: Tensor, step: _Step, layers: int) -> tuple[Tensor, Tensor]:
    """Return (e + Âe + … + Â^layers e) / (layers + 1) of both sides, Âe being a ``step``."""
    total_src, total_dst = src.clone(), dst.clone()
    for _ in range(layers):
        src, dst = step(src, dst)
        total_src += src
        total_dst += dst
    return total_src.div_(layers + 1), total_dst.div_(layers + 1)


class _MeanOfLayers(torch.autograd.Function):
    """Differentiates the mean of the layers: Â is its own transpose, so the backward pass is the same."""

    @staticmethod
    def forward(ctx: Any, src: Tensor, dst: Tensor, step: _Step, layers: int) -> tuple[Tensor, Tensor]:
        ctx.step, ctx.layers = step, layers
        return _mean_of_layers(src, dst, step, layers)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        src, dst = (g.contiguous() for g in grads)
        src, dst = _MeanOfLayers.apply(src, dst, ctx.step, ctx.layers)  # type: ignore[no-untyped-call]
        return src, dst, None, None
