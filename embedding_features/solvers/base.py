"""The interface of solvers: settings with a ``fit`` that computes vectors outside of the training loop."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from embedding_features.arrays import F32, I64, Bool
from embedding_features.artifact.fold_in import FoldInParameters
from embedding_features.artifact.metric import Metric
from embedding_features.config import METHOD_PLUG_INS, Part
from embedding_features.encoders.base import Network
from embedding_features.errors import CompatibilityError
from embedding_features.graph.view import GraphView
from embedding_features.graph.weights import WeightUse
from embedding_features.progress import SILENT, Progress


@dataclass(frozen=True)
class Before:
    """Holds what an earlier fit found of one node type.

    Attributes:
        rows: [nodes] int64 row of the earlier tables of each of the view's nodes, -1 of a new one.
        table: [n, dim] float32 the earlier vectors.
        context: [n, dim] float32 the earlier vectors as contexts; None of a method without any.
        fold_in: how nodes were folded in by the earlier fit; None where it did not say.
    """

    rows: I64
    table: F32
    context: F32 | None = None
    fold_in: FoldInParameters | None = None

    def vectors(self, dim: int) -> F32:
        """Return [nodes, dim] float32 earlier vectors in rows of the view, NaN for new nodes.

        Raises:
            CompatibilityError: when the earlier vectors have another dim.
        """
        if self.table.shape[1] != dim:
            raise CompatibilityError(
                f"init has dim {self.table.shape[1]}, the method {dim}",
                fix=f"set dim: {self.table.shape[1]}, or start without init",
            )
        return self._in_view(self.table)

    def contexts(self) -> F32:
        """Return [nodes, dim] float32 earlier contexts likewise; all NaN where there were none."""
        return self._in_view(np.full_like(self.table, np.nan) if self.context is None else self.context)

    def _in_view(self, table: F32) -> F32:
        found = np.full((len(self.rows), table.shape[1]), np.nan, np.float32)
        found[self.rows >= 0] = table[self.rows[self.rows >= 0]]
        return found


@dataclass(frozen=True)
class Start:
    """Holds what an earlier fit found, and how fast it is held to.

    Attributes:
        of: node type → what was found of it.
        l2: λ of a pull λ/2 |x − x_before|²; 0 for none.
        freeze: node types whose earlier vectors stay.
    """

    of: Mapping[str, Before]
    l2: float = 0.0
    freeze: Collection[str] = ()


@dataclass(frozen=True)
class Solution:
    """Holds the vectors of node types, and how nodes are folded in.

    Attributes:
        vectors: node type → [nodes, dim] float32, row r for row r of the type's span in the view.
        known: node type → [nodes] which have a vector; a type that is not there: those with edges.
        fold_ins: node type → how its nodes are folded in, with rows of the view.
        figures: what the solver measured.
        encoder: a network whose output the vectors are, for a later start and for sub-model mode; None of a
            solver that has none.
    """

    vectors: Mapping[str, F32]
    known: Mapping[str, Bool] = field(default_factory=dict)
    fold_ins: Mapping[str, FoldInParameters] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    encoder: Network | None = None


class Solver(Part):
    """Computes the vectors of a view's nodes, outside of the training loop.

    A subclass declares its ``kind`` (``kind: Literal["spectral"] = "spectral"``), its settings, how it uses
    ``weights``, and ``fit``; or it is a :class:`BipartiteSolver` and declares ``solve``.

    Attributes:
        weights: how it uses the weights of the view's first relation; by default it is given weights above 0
            only.
        other_weights: how it uses those of the others; None: likewise.
        metric: how two of its vectors are compared.
        has_start: whether it begins with what an earlier fit found.
        holds: whether it can be held to that, by a pull or by frozen vectors.
    """

    plug_ins: ClassVar[str] = METHOD_PLUG_INS
    weights: ClassVar[WeightUse] = "ignored"
    other_weights: ClassVar[WeightUse | None] = None
    metric: ClassVar[Metric] = "dot"
    has_start: ClassVar[bool] = False
    holds: ClassVar[bool] = False

    @abstractmethod
    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,
        checkpoint: Path | None = None,
    ) -> Solution:
        """Compute the vectors.

        Args:
            view: the relations and the nodes.
            seed: of every random choice.
            progress: where the solver reports how far it is.
            start: what an earlier fit found; a solver without a start ignores it.
            checkpoint: folder from which a killed run resumes; a solver of seconds ignores it.
        """


class BipartiteSolver(Solver):
    """A solver of one relation between two node types that gives vectors alone: it declares ``solve``."""

    @abstractmethod
    def solve(self, view: GraphView, *, seed: int = 0, progress: Progress = SILENT) -> tuple[F32, F32]:
        """Compute the vectors of all sources and all destinations of the view's first relation.

        Args:
            view: whose first relation is the matrix (:meth:`.GraphView.matrix`).
            seed: of every random choice.
            progress: where the solver reports how far it is.

        Returns:
            [sources, dim] and [destinations, dim] float32, row r for row r of their spans. Rows of nodes
            without edges may hold anything: they are left out of the tables.
        """

    def fit(
        self,
        view: GraphView,
        *,
        seed: int = 0,
        progress: Progress = SILENT,
        start: Start | None = None,  # noqa: ARG002
        checkpoint: Path | None = None,  # noqa: ARG002
    ) -> Solution:
        """Compute the vectors of :meth:`solve`; it has no start and no checkpoints."""
        matrix = view.matrix()
        src, dst = self.solve(view, seed=seed, progress=progress)
        known = {matrix.src: matrix.forward.degrees > 0, matrix.dst: matrix.reverse.degrees > 0}
        return Solution({matrix.src: src, matrix.dst: dst}, known)


def restricted(parameters: FoldInParameters, own: I64, others: I64) -> FoldInParameters:
    """Return fold-in parameters of the nodes that tables have.

    Args:
        parameters: with a row for each row of the view's spans.
        own: [n] rows of this side's table.
        others: [m] rows of the other side's.
    """
    rows, covariance = parameters.prior_rows, parameters.covariance
    return replace(
        parameters,
        design=np.ascontiguousarray(parameters.design[others]),
        covariance=None if covariance is None else np.ascontiguousarray(covariance[others]),
        prior_rows=None if rows is None else rows[own],
    )
