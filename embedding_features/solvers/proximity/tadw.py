"""TADW: a walk's chances as the product of vectors of nodes and of their features."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import scipy.linalg
import scipy.sparse
from pydantic import Field

from embedding_features.arrays import F32, F64
from embedding_features.artifact.metric import Metric, as_compared
from embedding_features.errors import DataError
from embedding_features.graph.csr import CSR
from embedding_features.graph.indicators import attribute_indicators
from embedding_features.graph.propagation import spmm
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress
from embedding_features.solvers.base import Solution, Solver, Start
from embedding_features.solvers.orthonormal import descending_roots, gram, product
from embedding_features.solvers.proximity.adjacency import merged_adjacency, transition
from embedding_features.solvers.proximity.factors import unit_rows
from embedding_features.solvers.subspace import RESOLUTION


class TADW(Solver):
    """Factors the chances of one and two steps with the nodes' features as a third factor.

    min over W, H of ‖M − Wᵀ H T‖² + λ/2 (‖W‖² + ‖H‖²), M = (P + P²) / 2, P = D⁻¹A, T the features' leading
    components (Yang et al., IJCAI 2015, eq. 4). W and H are found by turns, each exactly: W by k × k normal
    equations, H by the eigenvectors of W Wᵀ and the components of T, in which its equations fall apart. The
    vectors are W and H T side by side, each half at length 1.

    Attributes:
        dim: width of the vectors, half of it k; an odd one leaves out the last component of the features.
        feature_dim: components of the features that are kept.
        regularization: λ.
        iterations: times that W and H are found.
        min_attribute_nodes: a feature of fewer nodes is left out.
    """

    weights: ClassVar[WeightUse] = "confidence"
    metric: ClassVar[Metric] = "cosine"
    other_weights: ClassVar[WeightUse | None] = "ignored"
    kind: Literal["tadw"] = "tadw"
    dim: int = Field(default=160, ge=1)
    feature_dim: int = Field(default=200, ge=1)
    regularization: float = Field(default=0.2, gt=0)
    iterations: int = Field(default=20, ge=1)
    min_attribute_nodes: int = Field(default=1, ge=1)

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors of the first relation's nodes; the other relations join them with features.

        Features are weighed by TF-IDF, as in the paper's section 4.1. Without any other relation, every node
        is a feature of its own.

        Raises:
            GraphError: when another relation does not describe the nodes (:func:`.attribute_indicators`).
        """
        first, described = view.relation(), attribute_indicators(view, self.min_attribute_nodes)
        blocks = []
        for node_type, indicators in described.items():
            if indicators is not None:
                block = np.zeros((view.size, indicators.shape[1]), np.float32)
                block[view.span(node_type)] = tf_idf(indicators)
                blocks.append(block)
        features = np.concatenate(blocks, axis=1) if blocks else None
        vectors = self.solve(view.adjacency([first.name]), features, seed=seed, progress=progress)
        return Solution({node_type: vectors[view.span(node_type)] for node_type in described})

    def solve(
        self, adjacency: CSR, features: F32 | None, *, seed: int = 0, progress: Progress = SILENT
    ) -> F32:
        """Compute the vectors, of directed graphs as well; see :meth:`.ProximitySolver.solve`.

        Args:
            adjacency: [nodes, nodes].
            features: [nodes, columns] float32 what is known of each node, such as its words; None: T is the
                identity, which leaves the factors of M alone (section 3.2).
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Raises:
            DataError: when the features are not finite or not of as many nodes.
        """
        w, ht = self.factors(adjacency, features, seed=seed, progress=progress)
        return np.concatenate([unit_rows(w), unit_rows(ht)], axis=1)[:, : self.dim]

    def factors(
        self, adjacency: CSR, features: F32 | None, *, seed: int = 0, progress: Progress = SILENT
    ) -> tuple[F32, F32]:
        """Compute Wᵀ and (H T)ᵀ [nodes, dim / 2], whose product approaches M."""
        step = transition(merged_adjacency(adjacency, undirected=False))
        text, energy = None, np.ones(step.rows)
        if features is not None:
            _check_features(features, step.rows)
            text, energy = principal_components(features, self.feature_dim)
        back, ridge = step.transposed(), self.regularization / 2
        h = np.random.default_rng(seed).standard_normal((len(energy), -(-self.dim // 2)))
        with progress.task("tadw", self.iterations) as advance:
            for _ in range(self.iterations):
                ht = _of_features(text, h)
                w = nearest_nodes(_near(step, ht), ht, ridge)
                image = _near(back, w) if text is None else text.T @ _near(back, w)
                h = nearest_features(image.astype(np.float64), energy, w, ridge)
                advance()
        return w, _of_features(text, h)


def nearest_nodes(image: F32, ht: F32, ridge: float) -> F32:
    """Return the Wᵀ [n, k] that is best for (H T)ᵀ [n, k]; ``image`` is M (H T)ᵀ, ``ridge`` λ/2."""
    square = gram(ht) + ridge * np.eye(ht.shape[1])
    return product(image, scipy.linalg.inv(square))


def nearest_features(image: F64, energy: F64, w: F32, ridge: float) -> F64:
    """Return the Hᵀ [f, k] that is best for Wᵀ [n, k].

    Args:
        image: T Mᵀ Wᵀ [f, k].
        energy: [f] the diagonal of T Tᵀ, which has nothing beside it.
        w: Wᵀ.
        ridge: λ/2.
    """
    roots, vectors = descending_roots(gram(w))
    turned = image @ vectors / (energy[:, None] * roots**2 + ridge)
    return np.asarray(turned @ vectors.T)


def tf_idf(indicators: scipy.sparse.csr_array) -> F32:
    """Return indicators of words [n, words] times log(n / nodes that have the word), rows of length 1."""
    having = np.maximum(indicators.sum(axis=0), 1)
    weighed = (indicators.toarray() * np.log(indicators.shape[0] / having)).astype(np.float32)
    return as_compared(weighed, "cosine")


def principal_components(features: F32, dim: int) -> tuple[F32, F64]:
    """Return U S [n, f <= dim] of the features' truncated decomposition U S Vᵀ, and S²."""
    singular, right = descending_roots(gram(np.ascontiguousarray(features, np.float32)))
    kept = int((singular[:dim] > RESOLUTION * singular[0]).sum())
    return product(features, right[:, :kept]), singular[:kept] ** 2


def _of_features(text: F32 | None, h: F64) -> F32:
    """Return (H T)ᵀ [nodes, k]."""
    return h.astype(np.float32) if text is None else product(text, h)


def _near(step: CSR, x: F32) -> F32:
    """Return ½ (P + P²) x."""
    once = spmm(step, x)
    return np.float32(0.5) * (once + spmm(step, once))


def _check_features(features: F32, nodes: int) -> None:
    if features.ndim != 2 or len(features) != nodes:
        raise DataError(f"features of shape {features.shape} do not describe {nodes} nodes")
    if not np.isfinite(features).all():
        raise DataError("features hold NaN or infinity", fix="fill them, or leave the columns out")
