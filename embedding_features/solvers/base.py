"""The interfaces of solvers: settings with a ``solve``, or with a ``fit`` where nodes can be folded in."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from embedding_features.arrays import F32, F64, I64, Bool
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.config import Part
from embedding_features.graph.views import BipartiteView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress


@dataclass(frozen=True)
class Start:
    """Holds what a solver found on an earlier graph, in rows of this graph's vocabularies.

    Attributes:
        vectors: [destinations, dim] in the solver's own coordinates; NaN for nodes that were not there.
        source_precision: [dim, dim] of the sources' prior; likewise ``destination_precision``.
        noise: variance of the values.
    """

    vectors: F64
    source_precision: F64
    destination_precision: F64
    noise: float


@dataclass(frozen=True)
class Solution:
    """Holds the vectors of both sides, row r for vocabulary row r, and how nodes are folded in.

    Attributes:
        src: [sources, dim] float32.
        dst: [destinations, dim] float32.
        src_known: [sources] which have a vector; None: those with edges.
        dst_known: [destinations] likewise.
        fold_in_src: of sources, with a design row for each destination; None where the solver has no way.
        fold_in_dst: of destinations, likewise.
    """

    src: F32
    dst: F32
    src_known: Bool | None = None
    dst_known: Bool | None = None
    fold_in_src: FoldInParameters | None = None
    fold_in_dst: FoldInParameters | None = None


class Solver(Part):
    """Computes the vectors of both sides of a bipartite view, without gradient steps.

    A subclass declares its ``kind`` (``kind: Literal["spectral"] = "spectral"``), its settings, how it uses
    ``weights``, and ``solve``; or it is a :class:`FoldingSolver` and declares ``fit``.

    Attributes:
        weights: how it uses the view's weights; by default it is given weights above 0 only.
    """

    weights: ClassVar[WeightUse] = "ignored"

    @abstractmethod
    def solve(self, view: BipartiteView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors of all sources and all destinations of ``view``.

        Args:
            view: the relation as a matrix.
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Returns:
            [sources, dim] and [destinations, dim] float32, row r for vocabulary row r. Rows of nodes without
            edges may hold anything: they are left out of the tables.
        """

    def fit(
        self,
        view: BipartiteView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors, and how nodes are folded in; by default those of :meth:`solve` alone.

        ``start`` is what was found on an earlier graph; a solver without a start ignores it. The other
        arguments are those of :meth:`solve`.
        """
        return Solution(*self.solve(view, seed=seed, progress=progress))


class FoldingSolver(Solver):
    """A solver that knows how nodes are folded in: it declares ``fit``, and ``solve`` gives its vectors."""

    def solve(self, view: BipartiteView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors of :meth:`fit`, whose errors are raised."""
        found = self.fit(view, seed=seed, progress=progress)
        return found.src, found.dst

    @abstractmethod
    def fit(
        self,
        view: BipartiteView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
    ) -> Solution:
        """Compute the vectors, and how nodes are folded in; see :meth:`.Solver.fit`."""


def restricted(parameters: FoldInParameters, own: I64, others: I64) -> FoldInParameters:
    """Return fold-in parameters of the nodes that tables have.

    Args:
        parameters: with a row for each vocabulary row.
        own: [n] vocabulary rows of this side's table.
        others: [m] vocabulary rows of the other side's.
    """
    rows, covariance = parameters.prior_rows, parameters.covariance
    return replace(
        parameters,
        design=np.ascontiguousarray(parameters.design[others]),
        covariance=None if covariance is None else np.ascontiguousarray(covariance[others]),
        prior_rows=None if rows is None else rows[own],
    )
